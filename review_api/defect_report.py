"""The defect report as JSON and as CSV: the same columns, on the plant's clock, streamed row by row."""

import csv
import io
import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

import orjson

from records.views import DefectRow
from review_api.language import Language

COLUMNS = (
    "serial",
    "cycle_sequence",
    "station",
    "line",
    "time",
    "characteristic",
    "unit",
    "nominal",
    "lsl",
    "usl",
    "forecast",
    "measured",
    "deviation",
    "verdict",
    "reason",
    "model",
    "decision",
    "decided_by",
    "decided_at",
    "disposition",
)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for a formula's beginning; a Japanese one also the wide signs."""
ROWS_PER_CHUNK = 200

Cell = str | int | float | None


def cells(row: DefectRow, language: Language) -> tuple[Cell, ...]:
    """The row's cells in the order of `COLUMNS`; a limit that is infinite is no limit."""
    return (
        row.serial,
        row.cycle_sequence,
        row.station,
        row.line,
        _time(row.time, language.zone),
        row.characteristic,
        row.unit,
        row.nominal,
        _finite(row.lower),
        _finite(row.upper),
        row.forecast,
        row.measured,
        row.deviation,
        row.verdict.value,
        language.say(row.reason),
        row.model,
        row.decision,
        row.decided_by,
        _time(row.decided_at, language.zone),
        row.disposition,
    )


def as_json(rows: Iterable[DefectRow], language: Language) -> Iterator[bytes]:
    """The report as one JSON array of objects, in chunks."""
    before = b"["
    for batch in _batches(rows):
        objects = (orjson.dumps(dict(zip(COLUMNS, cells(row, language), strict=True))) for row in batch)
        yield before + b",\n".join(objects)
        before = b",\n"
    yield b"]" if before != b"[" else b"[]"


def as_csv(rows: Iterable[DefectRow], language: Language) -> Iterator[bytes]:
    """The report as CSV (RFC 4180, UTF-8) with a header, in chunks."""
    yield _lines([COLUMNS])
    for batch in _batches(rows):
        yield _lines([tuple(_harmless(cell) for cell in cells(row, language)) for row in batch])


def _harmless(cell: Cell) -> Cell:
    """Text that a spreadsheet would run as a formula gets an apostrophe; numbers stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def _lines(rows: Iterable[Iterable[Cell]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _batches(rows: Iterable[DefectRow]) -> Iterator[list[DefectRow]]:
    left = iter(rows)
    while batch := list(islice(left, ROWS_PER_CHUNK)):
        yield batch


def _time(time: datetime | None, zone: ZoneInfo) -> str | None:
    return None if time is None else time.astimezone(zone).isoformat()


def _finite(limit: float | None) -> float | None:
    return None if limit is None or math.isinf(limit) else limit
