"""The newest cycles of a station as a forecaster wants them back: read and measured values, in the order made."""

from collections import defaultdict

from sqlalchemy import ColumnElement, Connection, select

from quality.characteristic import PartSerial
from quality.evidence import Measurement, Reading
from quality.inspection import Cycle
from records.encoding import readings_from
from records.moments import moment
from records.rows import cycle_from
from records.tables import inspections, measurements


def newest_cycles(
    connection: Connection, here: ColumnElement[bool], count: int
) -> list[tuple[Cycle, tuple[Reading, ...], tuple[Measurement, ...]]]:
    """At most `count` cycles that `here` selects, oldest first."""
    table = inspections.c
    columns = (table.id, table.line, table.station, table.boot_count, table.cycle_sequence, table.serial)
    wanted = (
        select(*columns, table.triggered_at, table.readings).where(here).order_by(table.id.desc()).limit(count)
    )
    rows = list(reversed(connection.execute(wanted).all()))
    if not rows:
        return []
    measured: defaultdict[int, list[Measurement]] = defaultdict(list)
    since = (measurements.c.inspection_id >= rows[0].id) & (measurements.c.line == rows[0].line)
    for row in connection.execute(select(measurements).where(since).order_by(measurements.c.id)):
        measured[row.inspection_id].append(
            Measurement(row.characteristic, row.value, PartSerial(row.serial), row.cycle_sequence, moment(row.at))
        )
    return [(cycle_from(row), readings_from(row.readings), tuple(measured[row.id])) for row in rows]
