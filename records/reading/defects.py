"""The defect report: one row for each characteristic or face that spoke against a part."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import Connection, Row, select

from quality.case import FINAL_DECISIONS
from quality.characteristic import Characteristic
from quality.judgement import Reason, ReasonCode, Verdict
from quality.order import OrderState
from quality.plan import ControlPlan
from quality.saying import joined
from quality.wording import sentence
from records.database import Database
from records.encoding import forecasts_from, judgements_from
from records.moments import moment
from records.reading.inspections import narrowing
from records.tables import cases, decisions, inspections, measurements
from records.views import DefectRow, Filter, ForecastView

_AT_ONCE = 200
UNDECIDED = (OrderState.PROPOSED.value, OrderState.REFUSED.value)


def defect_rows(database: Database, wanted: Filter, plan: ControlPlan) -> Iterator[DefectRow]:
    """The report in the order of time.

    Which parts it is about is settled at the start; their rows are then read some at a time, so that a slow
    reader keeps no transaction open. Times are those of the trigger.
    """
    with database.read() as connection:
        numbers = _suspects(connection, replace(wanted, characteristic=None))
    for start in range(0, len(numbers), _AT_ONCE):
        with database.read() as connection:
            rows = _report(connection, plan, numbers[start : start + _AT_ONCE])
        for row in rows:
            if wanted.characteristic in {None, row.characteristic}:
                yield row


def _suspects(connection: Connection, wanted: Filter) -> list[int]:
    conditions = narrowing(wanted)
    stopped = select(inspections.c.id).where(
        *conditions, inspections.c.verdict.in_((Verdict.REVIEW.value, Verdict.HOLD.value))
    )
    nonconforming = (
        select(inspections.c.id)
        .join(measurements, measurements.c.inspection_id == inspections.c.id)
        .where(*conditions, measurements.c.conforming.is_(False))
    )
    return sorted({*connection.execute(stopped).scalars(), *connection.execute(nonconforming).scalars()})


def _report(connection: Connection, plan: ControlPlan, numbers: Sequence[int]) -> list[DefectRow]:
    measured: dict[int, dict[str, float]] = {number: {} for number in numbers}
    values = select(measurements).where(measurements.c.inspection_id.in_(numbers)).order_by(measurements.c.id)
    for row in connection.execute(values):
        measured[row.inspection_id][row.characteristic] = row.value
    decided = _decisions(connection, numbers)
    found = connection.execute(
        select(inspections).where(inspections.c.id.in_(numbers)).order_by(inspections.c.id)
    ).all()
    return [each for row in found for each in _of_part(row, plan, measured[row.id], decided.get(row.id))]


def _decisions(connection: Connection, numbers: Sequence[int]) -> dict[int, Row[Any]]:
    """The decision that counts for each inspection: the last final one, else the last that was decided."""
    wanted = (
        select(cases.c.inspection_id, decisions)
        .join(cases, cases.c.id == decisions.c.case_id)
        .where(cases.c.inspection_id.in_(numbers), decisions.c.travel.not_in(UNDECIDED))
        .order_by(decisions.c.kind.in_([kind.value for kind in FINAL_DECISIONS]), decisions.c.number)
    )
    return {row.inspection_id: row for row in connection.execute(wanted)}


def _of_part(
    row: Row[Any], plan: ControlPlan, measured: Mapping[str, float], decision: Row[Any] | None
) -> Iterator[DefectRow]:
    controlled = {characteristic.name: characteristic for characteristic in plan.characteristics}
    forecasts = {forecast.characteristic: forecast for forecast in forecasts_from(row.forecast)}
    why = {
        judgement.subject: [sentence(reason) for reason in judgement.reasons]
        for judgement in judgements_from(row.judgements)
        if judgement.verdict is not Verdict.PASS
    }
    for name, value in measured.items():
        if name in controlled and not controlled[name].limits.contain(value):
            why.setdefault(name, []).append(sentence(_measured_out(controlled[name], value)))
    for subject, sentences in why.items():
        yield _row(
            row,
            subject,
            controlled.get(subject),
            forecasts.get(subject),
            measured.get(subject),
            joined(" ", sentences),
            decision,
        )


def _row(
    row: Row[Any],
    subject: str,
    characteristic: Characteristic | None,
    forecast: ForecastView | None,
    measured: float | None,
    reason: str,
    decision: Row[Any] | None,
) -> DefectRow:
    mean = forecast.mean if forecast else None
    known = mean if measured is None else measured
    nominal = characteristic.nominal if characteristic else None
    return DefectRow(
        serial=row.serial,
        cycle_sequence=row.cycle_sequence,
        station=row.station,
        line=row.line,
        time=moment(row.triggered_at),
        characteristic=subject,
        unit=characteristic.unit if characteristic else "",
        nominal=nominal,
        lower=_finite(characteristic.limits.lower) if characteristic else None,
        upper=_finite(characteristic.limits.upper) if characteristic else None,
        forecast=mean,
        measured=measured,
        deviation=None if known is None or nominal is None else known - nominal,
        verdict=Verdict(row.verdict),
        reason=reason,
        model="; ".join(orjson.loads(row.models)),
        decision=decision.kind if decision else None,
        decided_by=decision.decided_by if decision else None,
        decided_at=moment(decision.decided_at) if decision else None,
        disposition=decision.disposition if decision else None,
    )


def _measured_out(characteristic: Characteristic, value: float) -> Reason:
    return Reason(
        ReasonCode.MEASURED_OUT,
        {
            "characteristic": characteristic.label,
            "value": value,
            "unit": characteristic.unit,
            "lower": characteristic.limits.lower,
            "upper": characteristic.limits.upper,
        },
    )


def _finite(bound: float) -> float | None:
    return bound if math.isfinite(bound) else None
