"""Reads the parts of a recording: limits, measured values, readings, times and maintenance."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.recording.table import RecordingError, Row, read_table
from quality.characteristic import Characteristic, Limits
from quality.recording import PartHistory

_OF_THE_PART = frozenset({"sequence", "serial", "bar", "provoked_fault"})
_TIME, _MEASURED = "_at", "measured_at"


def read_parts(folder: Path) -> PartHistory:
    """The parts of the recording in `folder`, in the order of their file.

    Columns named in `limits.csv` are measured characteristics; columns ending in `_at` are times, and all others
    readings. Columns stand in the order in which they become known: what stands before `measured_at`, if there is
    such a column, is known before the part is measured, and is a reading whether it has limits or not.
    A lower limit of 0 without a nominal, on what never lies below 0, is no limit: a magnitude like a roughness
    cannot fall below it. `maintenance.csv` may be absent. Raises RecordingError naming file, line, column and
    mend.
    """
    path = folder / "parts.csv"
    header, rows = read_table(path, ("sequence", "serial"))
    if not rows:
        raise RecordingError(f"{path}: has no parts; record some first")
    known_before = set(header[: header.index(_MEASURED)]) if _MEASURED in header else set()
    characteristics = tuple(
        c for c in _characteristics(folder / "limits.csv", header) if c.name not in known_before
    )
    if not characteristics:
        raise RecordingError(
            f"{path}: every column with limits stands before measured_at; put what is measured behind it"
        )
    names = [c.name for c in characteristics]
    measured = np.array([[row.number(name) for name in names] for row in rows]).reshape(len(rows), len(names))
    times = [column for column in header if column.endswith(_TIME)]
    readings = tuple(c for c in header if c not in _OF_THE_PART and c not in names and c not in times)
    return PartHistory(
        characteristics=tuple(
            _without_natural_limit(c, measured[:, column]) for column, c in enumerate(characteristics)
        ),
        sequence=np.array([row.integer("sequence") for row in rows], dtype=np.int64),
        serials=_serials(rows),
        measured=measured,
        reading_names=readings,
        readings=np.array([[row.number(name) for name in readings] for row in rows]).reshape(
            len(rows), len(readings)
        ),
        times={column: tuple(row.time(column) for row in rows) for column in times},
        bars=tuple(row.cells.get("bar") or None for row in rows),
        provoked=np.array(
            [row.integer("provoked_fault") if row.cells.get("provoked_fault") else 0 for row in rows],
            dtype=np.int64,
        ),
        maintenance=_maintenance(folder / "maintenance.csv"),
    )


def _serials(rows: list[Row]) -> tuple[str, ...]:
    first: dict[str, int] = {}
    for row in rows:
        serial = row.text("serial")
        if serial in first:
            row.refuse("serial", f"{serial} stands in line {first[serial]} already; a serial names one part")
        first[serial] = row.line
    return tuple(first)


def _characteristics(path: Path, columns: tuple[str, ...]) -> tuple[Characteristic, ...]:
    _, rows = read_table(path, ("characteristic", "nominal", "lower", "upper"))
    if not rows:
        raise RecordingError(f"{path}: names no characteristic; add a line for each measured column")
    found: dict[str, Characteristic] = {}
    for row in rows:
        name = row.text("characteristic")
        if name not in columns:
            row.refuse("characteristic", f"{name} is no column of parts.csv; correct the name or remove the line")
        if name in found:
            row.refuse("characteristic", f"{name} has limits already; remove one of the lines")
        lower, upper, nominal = (row.number(column) for column in ("lower", "upper", "nominal"))
        lower = -math.inf if math.isnan(lower) else lower
        upper = math.inf if math.isnan(upper) else upper
        if math.isinf(lower) and math.isinf(upper):
            row.refuse("upper", f"{name} has neither a lower nor an upper limit; give at least one")
        if lower >= upper:
            row.refuse("lower", f"{lower:g} must be below upper {upper:g}; exchange them or correct one")
        unit = name.rsplit("_", 1)[-1]
        found[name] = Characteristic(name, unit, Limits(lower, upper), None if math.isnan(nominal) else nominal)
    return tuple(found.values())


def _without_natural_limit(characteristic: Characteristic, values: NDArray[np.float64]) -> Characteristic:
    limits = characteristic.limits
    known = values[np.isfinite(values)]
    if limits.lower != 0 or characteristic.nominal is not None or math.isinf(limits.upper) or (known < 0).any():
        return characteristic
    return replace(characteristic, limits=Limits(-math.inf, limits.upper))


def _maintenance(path: Path) -> tuple[tuple[datetime, str, str], ...]:
    if not path.exists():
        return ()
    _, rows = read_table(path, ("at", "machine", "event"))
    events = []
    for row in rows:
        at = row.time("at")
        if at is None:
            row.refuse("at", "is empty; fill it in or delete the line")
        events.append((at, row.cells["machine"], row.cells["event"]))
    # Times without a zone are compared as if they were UTC: only their order matters here.
    return tuple(sorted(events, key=lambda event: event[0] if event[0].tzinfo else event[0].replace(tzinfo=UTC)))
