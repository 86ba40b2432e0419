"""Inspections: the queue, one in full, and search by serial."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from quality.judgement import Verdict
from records.encoding import forecasts_from, influences_from, judgements_from, map_from, readings_from, sights_from
from records.moments import micros, moment
from records.pictures import Pictures
from records.tables import finding_maps, influences, inspections, measurements
from records.views import Filter, FrameView, InspectionDetail, InspectionRow, JsonPage, Page

_LISTED = (
    *(inspections.c[name] for name in ("id", "line", "station", "boot_count", "cycle_sequence", "serial")),
    *(inspections.c[name] for name in ("triggered_at", "judged_at", "verdict", "plan_version", "models")),
    *(inspections.c[name] for name in ("judgements", "answer")),
)
_NEWEST_FIRST = select(*_LISTED).order_by(inspections.c.id.desc())
_JSON = orjson.OPT_UTC_Z


def inspection_row(row: Row[Any]) -> InspectionRow:
    """The view of a listed row."""
    return InspectionRow(
        id=row.id,
        line=row.line,
        station=row.station,
        boot_count=row.boot_count,
        cycle_sequence=row.cycle_sequence,
        serial=row.serial,
        triggered_at=moment(row.triggered_at),
        judged_at=moment(row.judged_at),
        verdict=Verdict(row.verdict),
        plan_version=row.plan_version,
        models=tuple(orjson.loads(row.models)),
        judgements=judgements_from(row.judgements),
        answer=row.answer,
    )


def inspection_page(connection: Connection, wanted: Filter, below: int | None, limit: int) -> Page[InspectionRow]:
    """A page of the queue."""
    rows = connection.execute(_page(wanted, below, limit)).all()
    return Page(tuple(inspection_row(row) for row in rows[:limit]), _next(rows, limit))


def inspection_page_json(connection: Connection, wanted: Filter, below: int | None, limit: int) -> JsonPage:
    """A page of the queue as JSON: what is kept as JSON is passed on as it lies there."""
    rows = connection.execute(_page(wanted, below, limit)).all()
    listed = [
        {
            "id": row[0],
            "line": row[1],
            "station": row[2],
            "boot_count": row[3],
            "cycle_sequence": row[4],
            "serial": row[5],
            "triggered_at": moment(row[6]),
            "judged_at": moment(row[7]),
            "verdict": row[8],
            "plan_version": row[9],
            "models": orjson.Fragment(row[10]),
            "judgements": orjson.Fragment(row[11]),
            "answer": row[12],
        }
        for row in rows[:limit]
    ]
    return JsonPage(orjson.dumps(listed, option=_JSON), _next(rows, limit))


def newest_inspections(connection: Connection, line: str, count: int) -> tuple[InspectionRow, ...]:
    """The newest of the line, newest first."""
    return inspection_page(connection, Filter(line=line), None, count).rows


def inspections_of_serial(connection: Connection, serial_part: str, limit: int) -> tuple[InspectionRow, ...]:
    """Inspections of parts whose serial contains that, whatever its case."""
    matches = func.lower(inspections.c.serial).contains(serial_part.lower(), autoescape=True)
    # Ordered by an expression, so that the narrow index on serials is walked instead of the whole table.
    found = select(inspections.c.id).where(matches).order_by((inspections.c.id + 0).desc()).limit(limit)
    wanted = select(*_LISTED).where(inspections.c.id.in_(found)).order_by(inspections.c.id.desc())
    return tuple(inspection_row(row) for row in connection.execute(wanted))


def verdict_counts(connection: Connection, line: str, since: datetime) -> dict[Verdict, int]:
    """How many parts triggered since then got each verdict."""
    table = inspections.c
    first = select(func.min(table.id + 0)).where(table.triggered_at >= micros(since)).scalar_subquery()
    # One count for each verdict, so that the index on line, verdict and id answers alone.
    return {
        verdict: connection.execute(
            select(func.count()).where(table.line == line, table.verdict == verdict.value, table.id >= first)
        ).scalar_one()
        for verdict in Verdict
    }


def inspection_detail(connection: Connection, pictures: Pictures, inspection_id: int) -> InspectionDetail | None:
    """One inspection with all of its evidence."""
    row = connection.execute(select(inspections).where(inspections.c.id == inspection_id)).first()
    if row is None:
        return None
    kept_maps = connection.execute(select(finding_maps).where(finding_maps.c.inspection_id == inspection_id))
    maps = {kept.camera: map_from(kept.cells, kept.columns) for kept in kept_maps}
    frames, findings = sights_from(row.sights, maps)
    measured = connection.execute(
        select(measurements.c.characteristic, measurements.c.value)
        .where(measurements.c.inspection_id == inspection_id)
        .order_by(measurements.c.id)
    )
    moved = connection.execute(select(influences).where(influences.c.inspection_id == inspection_id)).first()
    return InspectionDetail(
        row=inspection_row(row),
        readings={reading.name: reading.value for reading in readings_from(row.readings)},
        forecasts=forecasts_from(row.forecast),
        findings=findings,
        frames=tuple(
            FrameView(
                frame.camera,
                frame.sha256,
                frame.captured_at,
                frame.width,
                frame.height,
                kept=pictures.path(frame.sha256) is not None,
            )
            for frame in frames
        ),
        measurements={each.characteristic: each.value for each in measured},
        moved=None if moved is None else moved.characteristic,
        influences=() if moved is None else influences_from(moved.moved),
    )


def narrowing(wanted: Filter) -> list[ColumnElement[bool]]:
    """The conditions of a filter on inspections; of a characteristic: it was judged."""
    table = inspections.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.line is not None:
        conditions.append(table.line == wanted.line)
    conditions += _within(wanted)
    if wanted.verdict is not None:
        conditions.append(table.verdict == wanted.verdict.value)
    if wanted.serial is not None:
        conditions.append(table.serial == wanted.serial)
    if wanted.characteristic is not None:
        conditions.append(table.judgements.contains(f'"subject":"{wanted.characteristic}"', autoescape=True))
    return conditions


def _within(wanted: Filter) -> list[ColumnElement[bool]]:
    """The conditions on time, and the bounds they put on ids, without which a walk by id never ends."""
    table = inspections.c
    times: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        times.append(table.triggered_at >= micros(wanted.since))
    if wanted.until is not None:
        times.append(table.triggered_at < micros(wanted.until))
    if not times:
        return []
    # Of an expression, so that the index on times answers and not a walk over the rows by id.
    lowest = select(func.min(table.id + 0)).where(*times).scalar_subquery()
    highest = select(func.max(table.id + 0)).where(*times).scalar_subquery()
    return [*times, table.id >= lowest, table.id <= highest]


def _page(wanted: Filter, below: int | None, limit: int) -> Select[Any]:
    page = _NEWEST_FIRST.where(*narrowing(wanted)).limit(limit + 1)
    return page if below is None else page.where(inspections.c.id < below)


def _next(rows: Sequence[Row[Any]], limit: int) -> int | None:
    return rows[limit - 1].id if len(rows) > limit else None
