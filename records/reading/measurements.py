"""What was measured, and the history of one characteristic with its forecasts."""

from sqlalchemy import Connection, select

from quality.judgement import Verdict
from records.encoding import forecasts_from
from records.moments import micros, moment
from records.tables import inspections, measurements
from records.views import Filter, HistoryPoint, MeasurementRow, Page


def measurement_page(
    connection: Connection, wanted: Filter, below: int | None, limit: int
) -> Page[MeasurementRow]:
    """A page of measured values, newest first, by line, time, characteristic and serial."""
    table = measurements.c
    page = select(measurements).order_by(table.id.desc()).limit(limit + 1)
    if wanted.line is not None:
        page = page.where(table.line == wanted.line)
    if wanted.since is not None:
        page = page.where(table.at >= micros(wanted.since))
    if wanted.until is not None:
        page = page.where(table.at < micros(wanted.until))
    if wanted.characteristic is not None:
        page = page.where(table.characteristic == wanted.characteristic)
    if wanted.serial is not None:
        page = page.where(table.serial == wanted.serial)
    if wanted.verdict is not None:
        page = page.join(inspections, inspections.c.id == table.inspection_id)
        page = page.where(inspections.c.verdict == wanted.verdict.value)
    if below is not None:
        page = page.where(table.id < below)
    rows = connection.execute(page).all()
    following = rows[limit - 1].id if len(rows) > limit else None
    views = tuple(
        MeasurementRow(
            id=row.id,
            line=row.line,
            serial=row.serial,
            cycle_sequence=row.cycle_sequence,
            characteristic=row.characteristic,
            value=row.value,
            at=moment(row.at),
            conforming=row.conforming,
        )
        for row in rows[:limit]
    )
    return Page(views, following)


def characteristic_history(
    connection: Connection, line: str, characteristic: str, until_inspection_id: int | None, count: int
) -> tuple[HistoryPoint, ...]:
    """The last parts up to that inspection, or the newest, oldest first; a part measured twice shows the later."""
    table = inspections.c
    wanted = (
        select(table.id, table.cycle_sequence, table.serial, table.triggered_at, table.verdict, table.forecast)
        .where(table.line == line)
        .order_by(table.id.desc())
        .limit(count)
    )
    if until_inspection_id is not None:
        wanted = wanted.where(table.id <= until_inspection_id)
    rows = list(reversed(connection.execute(wanted).all()))
    if not rows:
        return ()
    values = connection.execute(
        select(measurements.c.inspection_id, measurements.c.value)
        .where(
            measurements.c.inspection_id.between(rows[0].id, rows[-1].id),
            measurements.c.characteristic == characteristic,
        )
        .order_by(measurements.c.id)
    )
    measured = {row.inspection_id: row.value for row in values}
    points = []
    for row in rows:
        forecast = next(
            (each for each in forecasts_from(row.forecast) if each.characteristic == characteristic), None
        )
        points.append(
            HistoryPoint(
                cycle_sequence=row.cycle_sequence,
                serial=row.serial,
                at=moment(row.triggered_at),
                measured=measured.get(row.id),
                mean=forecast.mean if forecast else None,
                scale=forecast.scale if forecast else None,
                verdict=Verdict(row.verdict),
            )
        )
    return tuple(points)
