"""One shift, as the store knows it: what was made, decided, alarmed and changed, and what is left for the next."""

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, or_, select

from quality.case import ASKING, FINAL_DECISIONS, CaseKind, DecisionKind, Disposition
from quality.judgement import Verdict
from quality.order import OrderState
from records.moments import micros, moment
from records.reading.defects import UNDECIDED
from records.shift_notes import note_of
from records.shift_views import (
    Adjustment,
    AlarmCount,
    DecidedCase,
    DecisionCount,
    FalseHold,
    InForce,
    ShiftRecord,
    WaitingCase,
)
from records.tables import alarms, cases, decisions, inspections, measurements

_ASKING = tuple(sorted(state.value for state in ASKING))
_DECIDING = and_(
    decisions.c.kind.in_(sorted(kind.value for kind in FINAL_DECISIONS)), decisions.c.travel.not_in(UNDECIDED)
)
"""A decision that said what becomes of a part, and was taken for good."""


def shift_record(connection: Connection, line: str, start: datetime, end: datetime, now: datetime) -> ShiftRecord:
    """The shift from `start` until before `end`, or until `now` while it lasts."""
    since, until = micros(start), micros(min(end, now))
    over = end <= now
    return ShiftRecord(
        verdicts=_verdicts(connection, line, since, until),
        waiting=_waiting(connection, line, until, over=over),
        decided=_decided(connection, line, since, until),
        decisions=_decisions(connection, line, since, until),
        escapes=_escapes(connection, line, since, until),
        **_false_holds(connection, line, since, until),
        alarms=_alarms(connection, line, since, until),
        unacknowledged=_unacknowledged(connection, line, since, until),
        adjustments=_adjustments(connection, line, since, until),
        in_force=_in_force(connection, line, since, until),
        note=note_of(connection, line, start),
    )


def _made(line: str, since: int, until: int) -> ColumnElement[bool]:
    return and_(
        inspections.c.line == line, inspections.c.triggered_at >= since, inspections.c.triggered_at < until
    )


def _taken(line: str, since: int, until: int) -> ColumnElement[bool]:
    return and_(decisions.c.line == line, decisions.c.decided_at >= since, decisions.c.decided_at < until)


def _verdicts(connection: Connection, line: str, since: int, until: int) -> dict[str, int]:
    wanted = (
        select(inspections.c.verdict, func.count())
        .where(_made(line, since, until))
        .group_by(inspections.c.verdict)
    )
    counted = {verdict.value: 0 for verdict in Verdict}
    return counted | {str(verdict): int(count) for verdict, count in connection.execute(wanted)}


def _waiting(connection: Connection, line: str, until: int, *, over: bool) -> tuple[WaitingCase, ...]:
    """What is asked still, and, of a shift that is over, what was decided only after it."""
    then = and_(cases.c.line == line, cases.c.opened_at < until)
    asked = cases.c.state.in_(_ASKING)
    later = and_(_DECIDING, decisions.c.decided_at >= until)
    before = and_(_DECIDING, decisions.c.decided_at < until)
    decided_later = and_(
        cases.c.id.in_(select(decisions.c.case_id).where(later)),
        cases.c.id.not_in(select(decisions.c.case_id).where(before, decisions.c.case_id.is_not(None))),
    )
    wanted = select(cases).where(then, or_(asked, decided_later) if over else asked).order_by(cases.c.deadline)
    return tuple(_case(row, until) for row in connection.execute(wanted))


def _case(row: Row[Any], until: int) -> WaitingCase:
    return WaitingCase(
        id=row.id,
        kind=CaseKind(row.kind),
        serial=row.serial,
        opened_at=moment(row.opened_at),
        deadline=moment(row.deadline),
        late=row.deadline <= until,
    )


def _decided(connection: Connection, line: str, since: int, until: int) -> tuple[DecidedCase, ...]:
    """One for each case, with the decision that counts: the last."""
    wanted = (
        select(
            cases.c.id,
            cases.c.kind,
            cases.c.serial,
            cases.c.opened_at,
            cases.c.deadline,
            decisions.c.kind.label("decision"),
            decisions.c.disposition,
            decisions.c.decided_by,
            decisions.c.decided_at,
        )
        .join(decisions, decisions.c.case_id == cases.c.id)
        .where(_taken(line, since, until), _DECIDING, cases.c.state.not_in(_ASKING))
        .order_by(decisions.c.number)
    )
    last = {row.id: row for row in connection.execute(wanted)}
    return tuple(
        DecidedCase(
            id=row.id,
            kind=CaseKind(row.kind),
            serial=row.serial,
            decision=DecisionKind(row.decision),
            disposition=Disposition(row.disposition) if row.disposition else None,
            decided_by=row.decided_by,
            waited_s=(row.decided_at - row.opened_at) / 1e6,
            late=row.decided_at > row.deadline,
        )
        for row in last.values()
    )


def _decisions(connection: Connection, line: str, since: int, until: int) -> tuple[DecisionCount, ...]:
    wanted = (
        select(decisions.c.decided_by, decisions.c.kind, func.count())
        .where(_taken(line, since, until))
        .group_by(decisions.c.decided_by, decisions.c.kind)
        .order_by(decisions.c.decided_by, decisions.c.kind)
    )
    return tuple(DecisionCount(by, DecisionKind(kind), count) for by, kind, count in connection.execute(wanted))


def _escapes(connection: Connection, line: str, since: int, until: int) -> tuple[WaitingCase, ...]:
    wanted = (
        select(cases)
        .where(
            cases.c.line == line,
            cases.c.kind == CaseKind.ESCAPE.value,
            cases.c.opened_at >= since,
            cases.c.opened_at < until,
        )
        .order_by(cases.c.number)
    )
    return tuple(_case(row, until) for row in connection.execute(wanted))


def _false_holds(connection: Connection, line: str, since: int, until: int) -> dict[str, Any]:
    conforms = func.min(case((measurements.c.conforming, 1), else_=0))
    wanted = (
        select(inspections.c.id, inspections.c.serial, conforms.label("conforms"))
        .join(measurements, measurements.c.inspection_id == inspections.c.id)
        .where(_made(line, since, until), inspections.c.verdict != Verdict.PASS.value)
        .group_by(inspections.c.id, inspections.c.serial)
        .order_by(inspections.c.id)
    )
    rows = connection.execute(wanted).all()
    false = tuple(FalseHold(row.id, row.serial) for row in rows if row.conforms)
    return {"held_measured": len(rows), "false_holds": false}


def _alarms(connection: Connection, line: str, since: int, until: int) -> tuple[AlarmCount, ...]:
    """The most frequent first."""
    count = func.count()
    wanted = (
        select(alarms.c.source, alarms.c.kind, func.min(alarms.c.priority), count)
        .where(alarms.c.line == line, alarms.c.raised_at >= since, alarms.c.raised_at < until)
        .group_by(alarms.c.source, alarms.c.kind)
        .order_by(count.desc(), func.min(alarms.c.priority), alarms.c.source, alarms.c.kind)
    )
    return tuple(AlarmCount(*row) for row in connection.execute(wanted))


def _unacknowledged(connection: Connection, line: str, since: int, until: int) -> int:
    """What nobody has acknowledged to this day."""
    raised = alarms.c.raised_at >= since, alarms.c.raised_at < until
    wanted = select(func.count()).where(alarms.c.line == line, alarms.c.acknowledged_at.is_(None), *raised)
    return int(connection.execute(wanted).scalar_one())


def _adjustments(connection: Connection, line: str, since: int, until: int) -> tuple[Adjustment, ...]:
    wanted = (
        select(decisions)
        .where(_taken(line, since, until), decisions.c.kind == DecisionKind.ADJUST_PARAMETER.value)
        .order_by(decisions.c.number)
    )
    return tuple(
        Adjustment(
            parameter=row.parameter,
            value=row.value,
            decided_by=row.decided_by,
            decided_at=moment(row.decided_at),
            reason=row.reason,
            reason_code=row.reason_code,
            travel=OrderState(row.travel),
        )
        for row in connection.execute(wanted)
    )


def _in_force(connection: Connection, line: str, since: int, until: int) -> tuple[InForce, ...]:
    """What judged the last part before, and each part that was judged by something else than the one before it."""
    table = inspections.c
    shown = (table.plan_version, table.models, table.triggered_at, table.serial)
    earlier = (
        select(*shown)
        .where(table.line == line, table.triggered_at < since)
        .order_by(table.triggered_at.desc(), table.id.desc())
        .limit(1)
    )
    walk = (
        select(
            *shown,
            table.id,
            func.lag(table.plan_version).over(order_by=table.id).label("plan_before"),
            func.lag(table.models).over(order_by=table.id).label("models_before"),
        )
        .where(_made(line, since, until))
        .subquery()
    )
    changed = or_(
        walk.c.plan_before.is_(None),
        walk.c.plan_before != walk.c.plan_version,
        walk.c.models_before != walk.c.models,
    )
    found: list[InForce] = []
    for row in (
        *connection.execute(earlier),
        *connection.execute(select(walk).where(changed).order_by(walk.c.id)),
    ):
        now = InForce(row.plan_version, tuple(orjson.loads(row.models)), moment(row.triggered_at), row.serial)
        if not found or (found[-1].plan_version, found[-1].models) != (now.plan_version, now.models):
            found.append(now)
    return tuple(found)
