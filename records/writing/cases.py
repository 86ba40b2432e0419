"""Cases: opened with an inspection or by a measurement, escalated, and moved on by decisions."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert, update

from quality.case import ASKING, Case, CaseState
from records.ledger import append
from records.moments import micros
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
    asking = cases.c.state.in_([state.value for state in ASKING])
    unmoved = (cases.c.version == escalated.version) & asking & ~cases.c.escalated
    changed = update(cases).where(cases.c.id == escalated.id, unmoved).values(**moved_values(escalated))
    if connection.execute(changed).rowcount:
        content = {"case": str(escalated.id), "asked": escalated.asked.value}
        append(connection, key, now, ("case_escalated", content))


def take_case(connection: Connection, case_id: UUID, by: str, at: datetime) -> bool:
    """Shows the others that this person is on the case, in place of whoever was; False when there is none open."""
    not_closed = (cases.c.id == case_id) & (cases.c.state != CaseState.CLOSED.value)
    taking = update(cases).where(not_closed).values(taken_by=by, taken_at=micros(at))
    return connection.execute(taking).rowcount > 0


def leave_case(connection: Connection, case_id: UUID, by: str) -> None:
    """The person is not on the case any more; somebody else who has taken it meanwhile still is."""
    theirs = (cases.c.id == case_id) & (cases.c.taken_by == by)
    connection.execute(update(cases).where(theirs).values(taken_by=None, taken_at=None))
