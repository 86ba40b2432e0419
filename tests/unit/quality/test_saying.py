"""A sentence knows how it was made, wherever text goes."""

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.saying import Saying, gathered, joined, saying, spread, told

LOST = saying("The {verdict} of {part} is lost.", verdict="HOLD", part=saying("part {serial}", serial="B1"))


def same(one: object, other: Saying) -> bool:
    return isinstance(one, Saying) and (one, one.template, one.values) == (other, other.template, other.values)


def test_it_is_its_english_text() -> None:
    assert LOST == "The HOLD of part B1 is lost."
    assert json.dumps(LOST) == '"The HOLD of part B1 is lost."'
    assert type(str(LOST)) is str


def test_a_blank_without_a_value_is_found_where_it_is_written() -> None:
    with pytest.raises(KeyError):
        saying("The {verdict} is lost.")


@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, lambda said: pickle.loads(pickle.dumps(said))],  # noqa: S301 - it is our own
)
def test_a_copy_knows_it_too(again) -> None:
    assert same(again(LOST), LOST)


def test_an_exception_tells_what_it_was_raised_with() -> None:
    assert same(told(ValueError(LOST)), LOST)
    assert told(OSError(2, "gone")) == "[Errno 2] gone"
    assert told(ValueError()) == ""


def test_several_sentences_are_one_after_the_other() -> None:
    both = joined(" ", (LOST, "Find it."))
    assert both == "The HOLD of part B1 is lost. Find it."
    assert both.values["each_0"] == LOST


VALUES = st.text(max_size=20) | st.integers() | st.floats(allow_nan=False)


@given(st.dictionaries(st.sampled_from(["a", "b", "serial"]), VALUES), st.text(max_size=10))
def test_it_survives_a_flat_record(values, inner) -> None:
    said = Saying(
        " ".join(f"{{{name}}}" for name in (*values, "inner")), {**values, "inner": saying("<{x}>", x=inner)}
    )
    flat = json.loads(json.dumps(spread("why", said)))
    assert same(gathered("why", flat), said)
    assert flat["why"] == said


def test_plain_text_is_plain_in_a_record() -> None:
    assert spread("why", "frozen") == {"why": "frozen"}
    assert type(gathered("why", {"why": "frozen", "whyever": 1})) is str
