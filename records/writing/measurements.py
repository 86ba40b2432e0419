"""Measurements: what a gauge said of one part."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, insert, select

from quality.case import CaseState
from quality.evidence import Measurement
from records.ledger import append
from records.moments import micros
from records.rows import case_from
from records.tables import cases, inspections, measurements
from records.writing.cases import move_case

_MEASUREMENT = insert(measurements)


def add_measurements(
    connection: Connection,
    key: bytes,
    now: datetime,
    line: str,
    measured: Sequence[Measurement],
    *,
    conforming: bool,
) -> None:
    """The values of one part; an open case about it is under a new version then, for it looks different now."""
    part = measured[0]
    of_part = (
        (inspections.c.line == line)
        & (inspections.c.serial == part.serial)
        & (inspections.c.cycle_sequence == part.cycle_sequence)
    )
    inspection_id = connection.execute(
        select(inspections.c.id).where(of_part).order_by(inspections.c.id.desc()).limit(1)
    ).scalar_one_or_none()
    connection.execute(
        _MEASUREMENT,
        [
            {
                "line": line,
                "inspection_id": inspection_id,
                "serial": each.serial,
                "cycle_sequence": each.cycle_sequence,
                "characteristic": each.characteristic,
                "value": each.value,
                "at": micros(each.at),
                "conforming": conforming,
            }
            for each in measured
        ],
    )
    values = {each.characteristic: each.value for each in measured}
    content = {"inspection": inspection_id, "serial": part.serial, "values": values, "conforming": conforming}
    append(connection, key, now, ("measurement", content))
    about_it = select(cases).where(
        cases.c.line == line,
        cases.c.cycle_sequence == part.cycle_sequence,
        cases.c.serial == part.serial,
        cases.c.state == CaseState.OPEN.value,
    )
    for row in connection.execute(about_it).all():
        case = case_from(row)
        move_case(connection, key, now, replace(case, version=case.version + 1))
