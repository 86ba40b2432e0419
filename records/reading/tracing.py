"""Parts in the order made: the measured ones of a characteristic, and all of them around one."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, func, select

from quality.judgement import Verdict
from quality.order import Order
from records.encoding import readings_from
from records.moments import moment
from records.reading.inspections import narrowing
from records.rows import order_from
from records.tables import cases, inspections, measurements, orders
from records.trace_views import MeasuredPart, MeasuredSeries, PassageRow, Span, Surroundings
from records.views import Filter

_PASSAGE = (
    *(inspections.c[name] for name in ("id", "line", "station", "boot_count", "cycle_sequence", "serial")),
    *(inspections.c[name] for name in ("triggered_at", "verdict", "readings")),
)


def measured_series(
    connection: Connection, wanted: Filter, span: Span | None, count: int, readings: Collection[str]
) -> MeasuredSeries:
    """The newest `count` measured parts that the filter (which names line and characteristic) and the span let in.

    A part measured twice counts once, with the later value.
    """
    table = measurements.c
    of_it = and_(table.line == wanted.line, table.characteristic == wanted.characteristic)
    page = (
        select(table.id.label("measurement_id"), table.value, *_PASSAGE)
        .join(inspections, inspections.c.id == table.inspection_id)
        .where(of_it)
        .order_by(table.id.desc())
        .limit(2 * count)
    )
    if wanted.since is not None or wanted.until is not None:
        page = page.where(*narrowing(Filter(since=wanted.since, until=wanted.until)))
    if span is not None:
        page = page.where(table.inspection_id.between(span.first, span.last))
    newest: dict[int, Row[Any]] = {}
    for row in connection.execute(page):
        newest.setdefault(row.id, row)
    rows = [newest[number] for number in sorted(newest)[-count:]]
    if not rows:
        return MeasuredSeries((), 0)
    first = min(row.measurement_id for row in rows)
    earlier = connection.execute(select(func.count()).where(of_it, table.id < first)).scalar_one()
    parts = tuple(
        MeasuredPart(
            inspection_id=row.id,
            boot_count=row.boot_count,
            cycle_sequence=row.cycle_sequence,
            serial=row.serial,
            at=moment(row.triggered_at),
            value=row.value,
            readings=_wanted(row, readings),
        )
        for row in rows
    )
    return MeasuredSeries(parts, earlier)


def passages_around(
    connection: Connection, inspection_id: int, count: int, readings: Collection[str]
) -> Surroundings | None:
    """That passage and at most `count` of its station on either side; None when there is no such inspection."""
    table = inspections.c
    here = connection.execute(select(table.line, table.station).where(table.id == inspection_id)).first()
    if here is None:
        return None
    same = and_(table.line == here.line, table.station == here.station)
    before = connection.execute(
        select(*_PASSAGE).where(same, table.id <= inspection_id).order_by(table.id.desc()).limit(count + 2)
    ).all()
    after = connection.execute(
        select(*_PASSAGE).where(same, table.id > inspection_id).order_by(table.id).limit(count + 1)
    ).all()
    rows = [*reversed(before[: count + 1]), *after[:count]]
    judged = connection.execute(
        select(measurements.c.inspection_id, measurements.c.conforming)
        .where(measurements.c.inspection_id.between(rows[0].id, rows[-1].id))
        .order_by(measurements.c.id)
    )
    conforming: dict[int, bool] = {row.inspection_id: row.conforming for row in judged}
    return Surroundings(
        tuple(
            PassageRow(
                inspection_id=row.id,
                boot_count=row.boot_count,
                cycle_sequence=row.cycle_sequence,
                serial=row.serial,
                at=moment(row.triggered_at),
                verdict=Verdict(row.verdict),
                conforming=conforming.get(row.id),
                readings=_wanted(row, readings),
            )
            for row in rows
        ),
        more_before=len(before) > count + 1,
        more_after=len(after) > count,
    )


def cases_about(connection: Connection, inspection_ids: Sequence[int]) -> tuple[UUID, ...]:
    """The cases about those inspections, newest first."""
    wanted = select(cases.c.id).where(cases.c.inspection_id.in_(inspection_ids)).order_by(cases.c.number.desc())
    return tuple(connection.execute(wanted).scalars())


def orders_for(connection: Connection, decision_ids: Sequence[UUID]) -> tuple[Order, ...]:
    """The orders that those decisions became, newest first."""
    wanted = select(orders).where(orders.c.decision_id.in_(decision_ids)).order_by(orders.c.sequence.desc())
    return tuple(order_from(row) for row in connection.execute(wanted))


def _wanted(row: Row[Any], names: Collection[str]) -> dict[str, float]:
    if not names:
        return {}
    return {reading.name: reading.value for reading in readings_from(row.readings) if reading.name in names}
