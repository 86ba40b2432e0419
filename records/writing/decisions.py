"""Decisions and what second persons say of them: checked against the case as it is stored, or refused with nothing
changed.

Both run in the only write transaction there is, so a case cannot move between being read and being written.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, insert, select, update

from quality.case import (
    Case,
    CaseState,
    Decision,
    Refusal,
    RefusalCode,
    Second,
    Taken,
    answer,
    second,
    who_decided_what,
)
from quality.deciding import check, check_second, lets_go, needs_second, suspect_in
from quality.order import OrderState
from quality.plan import ControlPlan
from quality.saying import saying
from records.encoding import judgements_from
from records.ledger import DECISION_FACTS, LATER_DECISION_FACTS, SECOND_FACTS, append, digest
from records.moments import micros
from records.rows import (
    case_from,
    decision_from,
    decision_values,
    moved_values,
    second_from,
    second_values,
    taken_from,
)
from records.tables import cases, decisions, inspections, measurements

Entry = tuple[str, dict[str, object]]


def add_decision(
    connection: Connection, key: bytes, decision: Decision, plan: ControlPlan, current: float | None
) -> None:
    """Records the decision and moves its case on; the same decision again changes nothing. Raises Refusal."""
    known = connection.execute(select(decisions).where(decisions.c.id == decision.id)).first()
    if known is not None:
        _must_be_same(decision_from(known), decision)
        return
    check(decision, plan, current)
    case_row = _case_row(connection, decision) if decision.case_id is not None else None
    by_two = _needs_second(connection, decision, plan, case_row, current)
    entries: list[Entry] = []
    if case_row is not None:
        case = case_from(case_row)
        first = None
        if case.version != decision.case_version:
            first = _newest(connection, decision, decision.case_version or 0)
        elif case.state is not CaseState.OPEN:
            first = _newest(connection, decision, 0)
        entries.append(_move(connection, answer(case, decision, needs_second=by_two, first=first)))
    travel = OrderState.PROPOSED if by_two else OrderState.RECORDED
    row = decision_values(decision, case_row.serial if case_row is not None else None, travel)
    inserted = connection.execute(insert(decisions), row).inserted_primary_key
    content: dict[str, object] = {
        "id": int(inserted[0]) if inserted else 0,
        "decision": str(decision.id),
        "by": decision.decided_by,
        "digest": digest(row, DECISION_FACTS, LATER_DECISION_FACTS),
    }
    if by_two:
        content["needs_second"] = True
    if decision.signed_at is not None:
        content["signed_at"] = micros(decision.signed_at)
    append(connection, key, decision.decided_at, *entries, ("decision", content))


def add_second(
    connection: Connection,
    key: bytes,
    decision_id: UUID,
    opinion: Second,
    plan: ControlPlan,
    current: float | None,
) -> None:
    """Records what the second person says; the decision is then on its way, or refused.

    The same answer of the same person again changes nothing. Raises Refusal, and LookupError when there is no such
    decision.
    """
    known = connection.execute(select(decisions).where(decisions.c.id == decision_id)).first()
    if known is None:
        raise LookupError(f"there is no decision {decision_id}.")
    decision, taken = decision_from(known), taken_from(known)
    said_before = second_from(known)
    if said_before is not None and _is_same(said_before, opinion):
        return
    case_row = _case_row(connection, decision) if decision.case_id is not None else None
    if not taken.waits:
        raise _does_not_wait(taken, opinion)
    check_second(decision, opinion, plan, current)
    entries: list[Entry] = []
    if case_row is not None:
        entries.append(_move(connection, second(case_from(case_row), decision, opinion, first=taken)))
    row = second_values(opinion)
    travel = OrderState.RECORDED if opinion.agrees else OrderState.REFUSED
    detail = "" if opinion.agrees else saying("{person} did not agree.", person=opinion.by)
    connection.execute(
        update(decisions).where(decisions.c.id == decision_id).values(**row, travel=travel.value, detail=detail)
    )
    content: dict[str, object] = {
        "id": known.number,
        "decision": str(decision_id),
        "by": opinion.by,
        "agrees": opinion.agrees,
        "digest": digest(row, SECOND_FACTS),
    }
    if opinion.signed_at is not None:
        content["signed_at"] = micros(opinion.signed_at)
    append(connection, key, opinion.at, *entries, ("second", content))


def _must_be_same(stored: Decision, repeated: Decision) -> None:
    # A repeated request comes at its own time; whatever else differs makes it another decision.
    if replace(repeated, decided_at=stored.decided_at, signed_at=stored.signed_at) != stored:
        raise Refusal(
            RefusalCode.REUSED_ID,
            saying(
                "The id {id} belongs to another decision ({kind} by {person}). Decide again under a new id.",
                id=str(stored.id),
                kind=stored.kind,
                person=stored.decided_by,
            ),
        )


def _is_same(stored: Second, repeated: Second) -> bool:
    return replace(repeated, at=stored.at, role=stored.role, signed_at=stored.signed_at) == stored


def _does_not_wait(taken: Taken, opinion: Second) -> Refusal:
    told = who_decided_what(taken, opinion.at)
    return Refusal(RefusalCode.ALREADY_ANSWERED, saying("{first} Nothing was changed.", first=told), taken)


def _needs_second(
    connection: Connection, decision: Decision, plan: ControlPlan, case: Row[Any] | None, current: float | None
) -> bool:
    suspect: frozenset[str] = frozenset()
    if case is not None and lets_go(decision.kind, decision.disposition):
        suspect = _suspect(connection, case.inspection_id, plan)
    step = None
    if decision.parameter is not None and decision.value is not None and current is not None:
        step = decision.parameter, current, decision.value
    return needs_second(plan, decision.kind, decision.disposition, suspect=suspect, step=step)


def _suspect(connection: Connection, inspection_id: int | None, plan: ControlPlan) -> frozenset[str]:
    """What the case's part is suspect in, by all that is known of it now; the last measurement counts."""
    row = connection.execute(select(inspections.c.judgements).where(inspections.c.id == inspection_id)).first()
    values = (
        select(measurements.c.characteristic, measurements.c.value)
        .where(measurements.c.inspection_id == inspection_id)
        .order_by(measurements.c.id)
    )
    measured = {each.characteristic: each.value for each in connection.execute(values)}
    return suspect_in(judgements_from(row.judgements) if row else (), measured, plan)


def _newest(connection: Connection, decision: Decision, since: int) -> Taken | None:
    """The newest decision on the same case, if it answered that version or a later one."""
    later = (decisions.c.case_id == decision.case_id) & (decisions.c.case_version >= since)
    newest = select(decisions).where(later).order_by(decisions.c.number.desc()).limit(1)
    row = connection.execute(newest).first()
    return taken_from(row) if row else None


def _case_row(connection: Connection, decision: Decision) -> Row[Any]:
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
    return row


def _move(connection: Connection, moved: Case) -> Entry:
    connection.execute(update(cases).where(cases.c.id == moved.id).values(**moved_values(moved)))
    return "case_moved", {"case": str(moved.id), "state": moved.state.value, "version": moved.version}
