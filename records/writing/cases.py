"""Cases: opened with an inspection or by a measurement, escalated, and moved on by decisions."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, insert, update

from quality.case import Case, CaseState
from records.ledger import append
from records.rows import case_values, moved_values
from records.tables import cases

_CASE = insert(cases)


def insert_case(
    connection: Connection, case: Case, inspection_id: int | None, subject: str | None
) -> tuple[str, Mapping[str, object]]:
    """Adds the case and returns its ledger entry, for the caller to append among others."""
    connection.execute(_CASE, {**case_values(case), "inspection_id": inspection_id, "subject": subject})
    return "case_opened", {"case": str(case.id), "case_kind": case.kind.value, "serial": case.serial}


def move_case(connection: Connection, key: bytes, now: datetime, moved: Case) -> None:
    """Stores the case as it has become."""
    connection.execute(update(cases).where(cases.c.id == moved.id).values(**moved_values(moved)))
    content = {"case": str(moved.id), "state": moved.state.value, "version": moved.version}
    append(connection, key, now, ("case_moved", content))


def escalate_case(connection: Connection, key: bytes, now: datetime, escalated: Case) -> None:
    """Stores the escalated case, unless it has moved on since it was read."""
    unmoved = (cases.c.version == escalated.version) & (cases.c.state == CaseState.OPEN.value) & ~cases.c.escalated
    changed = update(cases).where(cases.c.id == escalated.id, unmoved).values(**moved_values(escalated))
    if connection.execute(changed).rowcount:
        content = {"case": str(escalated.id), "asked": escalated.asked.value}
        append(connection, key, now, ("case_escalated", content))
