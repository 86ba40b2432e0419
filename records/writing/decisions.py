"""Decisions: taken once, against the case as it is stored, or refused with nothing changed."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, insert, select, update

from quality.case import Case, Decision, Refusal, RefusalCode, answer
from quality.deciding import check
from quality.plan import ControlPlan
from quality.saying import saying
from records.ledger import DECISION_FACTS, append, digest
from records.rows import case_from, decision_from, decision_values, moved_values
from records.tables import cases, decisions


def add_decision(
    connection: Connection, key: bytes, decision: Decision, plan: ControlPlan, current: float | None
) -> None:
    """Records the decision and moves its case on; the same decision again changes nothing. Raises Refusal.

    It runs in the only write transaction there is, so the case cannot move between being read and being written.
    """
    known = connection.execute(select(decisions).where(decisions.c.id == decision.id)).first()
    if known is not None:
        _must_be_same(decision_from(known), decision)
        return
    check(decision, plan, current)
    serial, moved = None, None
    if decision.case_id is not None:
        case = _case(connection, decision)
        moved = answer(case, decision)
        serial = case.serial
    row = decision_values(decision, serial)
    number = _insert(connection, row)
    entries: list[tuple[str, dict[str, object]]] = []
    if moved is not None:
        connection.execute(update(cases).where(cases.c.id == moved.id).values(**moved_values(moved)))
        entries.append(
            ("case_moved", {"case": str(moved.id), "state": moved.state.value, "version": moved.version})
        )
    witness = digest(row, DECISION_FACTS)
    entries.append(
        ("decision", {"id": number, "decision": str(decision.id), "by": decision.decided_by, "digest": witness})
    )
    append(connection, key, decision.decided_at, *entries)


def _must_be_same(stored: Decision, repeated: Decision) -> None:
    # A repeated request comes at its own time; whatever else differs makes it another decision.
    if replace(repeated, decided_at=stored.decided_at) != stored:
        raise Refusal(
            RefusalCode.REUSED_ID,
            saying(
                "The id {id} belongs to another decision ({kind} by {person}). Decide again under a new id.",
                id=str(stored.id),
                kind=stored.kind,
                person=stored.decided_by,
            ),
        )


def _case(connection: Connection, decision: Decision) -> Case:
    row = connection.execute(select(cases).where(cases.c.id == decision.case_id)).first()
    if row is None or row.line != decision.line:
        raise Refusal(
            RefusalCode.INCOMPLETE,
            saying(
                "Line {line} has no case {id}; open it from the queue.",
                line=decision.line,
                id=str(decision.case_id),
            ),
        )
    return case_from(row)


def _insert(connection: Connection, row: dict[str, Any]) -> int:
    inserted = connection.execute(insert(decisions), row).inserted_primary_key
    return int(inserted[0]) if inserted else 0
