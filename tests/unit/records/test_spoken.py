"""Sentences on record can be read in another language, and those from before can be read at all."""

import pytest
from sqlalchemy import Column, MetaData, Table, create_engine, insert, select, text

from quality.saying import Saying, saying
from records.spoken import Spoken

TOLD = Table("told", MetaData(), Column("sentence", Spoken))
HOSTILE = 'x {0} {"said":"y"} \' ; -- ＜'


@pytest.mark.parametrize(
    "said",
    [
        saying("The PLC did not take the PASS of {part}.", part=saying("part {serial}", serial="B000001")),
        saying("{count} places", count=3),
        saying("{reason}", reason=HOSTILE),
        "an old sentence",
        "",
        HOSTILE,
    ],
)
def test_what_was_said_is_read_back_with_its_template(said: str) -> None:
    with create_engine("sqlite://").begin() as connection:
        TOLD.metadata.create_all(connection)
        connection.execute(insert(TOLD).values(sentence=said))
        found = connection.execute(select(TOLD.c.sentence)).scalar_one()
    assert found == said
    assert type(found) is type(said)
    if isinstance(said, Saying):
        assert (found.template, found.values) == (said.template, said.values)


def test_a_sentence_written_as_plain_text_before_is_read_as_it_is() -> None:
    with create_engine("sqlite://").begin() as connection:
        TOLD.metadata.create_all(connection)
        connection.execute(text("INSERT INTO told VALUES ('The line is stopped.')"))
        assert connection.execute(select(TOLD.c.sentence)).scalar_one() == "The line is stopped."
