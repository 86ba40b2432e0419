import sqlite3

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from quality.case import DecisionKind
from quality.judgement import Verdict
from records.database import Database
from records.ledger import LedgerHead, append, head, verify
from tests.unit.records.conftest import KEY
from tests.unit.records.making import PLAN, START, case, decision, inspection


@pytest.fixture
def tampered(edge, review, database, tmp_path):
    """Runs SQL, triggers dropped, on a copy of a store of four inspections and a decision, and opens it."""
    for number in range(1, 5):
        edge.record(inspection(number), None, [])
    review.decide(decision(None, DecisionKind.STOP_LINE), PLAN, None)
    opened = []

    def tamper(*statements: str, key: bytes = KEY) -> Database:
        copy = tmp_path / f"copy{len(opened)}.db"
        database.copy_to(copy)
        with sqlite3.connect(copy) as connection:
            for statement in ("DROP TRIGGER ledger_no_update", "DROP TRIGGER ledger_no_delete", *statements):
                connection.execute(statement)
        connection.close()
        opened.append(Database.open(f"sqlite:///{copy}", ledger_key=key, checkpoint=False))
        return opened[-1]

    yield tamper
    for each in opened:
        each.close()


def test_an_untouched_ledger_holds_and_contains_every_head_it_ever_had(edge, database):
    assert head(database) == LedgerHead(0, "00" * 32)
    assert verify(database, head(database)).broken_at is None
    edge.record(inspection(1), None, [])
    exported = head(database)
    edge.record(inspection(2, verdict=Verdict.HOLD), case(2), [])
    check = verify(database, exported)
    assert (check.entries, check.broken_at, check.head) == (3, None, head(database))


@pytest.mark.parametrize(
    ("sql", "broken_at", "why"),
    [
        (
            "UPDATE ledger SET content = replace(content, 'BEAM-00003', 'BEAM-00009') WHERE sequence = 3",
            3,
            "changed",
        ),
        ("UPDATE ledger SET mac = zeroblob(32) WHERE sequence = 2", 2, "changed"),
        ("DELETE FROM ledger WHERE sequence = 2", 2, "missing"),
        ("UPDATE inspections SET verdict = 'HOLD' WHERE id = 4", 4, "inspection 4 was changed"),
        ("DELETE FROM inspections WHERE id = 1", 1, "inspection 1 is gone"),
        ("UPDATE decisions SET decided_by = 'ben'", 5, "decision 1 was changed"),
    ],
)
def test_tampering_is_found_at_the_entry_that_tells_of_it(tampered, sql, broken_at, why):
    check = verify(tampered(sql))
    assert check.broken_at == broken_at
    assert why in check.sentence
    assert check.entries == broken_at - 1


def test_a_cut_tail_is_seen_with_the_exported_head_only(tampered, database):
    exported = head(database)
    cut = tampered("DELETE FROM ledger WHERE sequence > 3")
    assert verify(cut).broken_at is None
    check = verify(cut, exported)
    assert check.broken_at == 4
    assert "tail is cut" in check.sentence


def test_a_head_of_another_ledger_is_seen(database, edge):
    edge.record(inspection(1), None, [])
    check = verify(database, LedgerHead(1, "ab" * 32))
    assert (check.broken_at, "differs" in check.sentence) == (1, True)


def test_without_the_key_nothing_can_be_verified_or_forged(tampered):
    assert verify(tampered(key=b"x" * 32)).broken_at == 1


def test_the_database_itself_refuses_to_change_the_ledger(edge, database):
    edge.record(inspection(1), None, [])
    for statement in ("UPDATE ledger SET content = ''", "DELETE FROM ledger"):
        with pytest.raises(DatabaseError, match="append-only"), database.write() as connection:
            connection.execute(text(statement))
    assert verify(database).broken_at is None


def test_a_long_ledger_is_followed_batch_by_batch(database):
    with database.write() as connection:
        append(connection, KEY, START, *[("note", {"number": number}) for number in range(1200)])
    check = verify(database)
    assert (check.entries, check.broken_at) == (1200, None)
