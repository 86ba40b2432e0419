"""A CSV table of a recording, read so that every mistake is told with file, line, column and mend."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NoReturn


class RecordingError(ValueError):
    """A recording that cannot be read; names the file, the line, the column and the mend."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table. Cells are stripped; a missing value is the empty string."""

    path: Path
    line: int
    cells: dict[str, str]

    def refuse(self, column: str, problem: str) -> NoReturn:
        """Raises RecordingError about one cell."""
        raise RecordingError(f"{self.path}, line {self.line}, column {column}: {problem}")

    def text(self, column: str) -> str:
        """The cell, which must not be empty."""
        value = self.cells[column]
        if not value:
            self.refuse(column, "is empty; fill it in or delete the line")
        return value

    def number(self, column: str) -> float:
        """The cell as a finite number; NaN when it is empty."""
        value = self.cells[column]
        if not value:
            return math.nan
        try:
            number = float(value)
        except ValueError:
            self.refuse(column, f"{value!r} is not a number; write digits with a decimal point, or leave it empty")
        if not math.isfinite(number):
            self.refuse(column, f"{value!r} is not finite; leave the cell empty when the value is not known")
        return number

    def integer(self, column: str) -> int:
        """The cell as a whole number."""
        value = self.text(column)
        try:
            return int(value)
        except ValueError:
            self.refuse(column, f"{value!r} is not a whole number")

    def time(self, column: str) -> datetime | None:
        """The cell as an ISO 8601 time, or None when it is empty."""
        value = self.cells[column]
        if not value:
            return None
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            self.refuse(column, f"{value!r} is no ISO 8601 time; write it as 2026-11-24T07:30:00")


def read_table(path: Path, required: Sequence[str]) -> tuple[tuple[str, ...], list[Row]]:
    """The header and the rows of a CSV file in UTF-8, with or without a byte-order mark.

    Raises RecordingError when the file is missing, is not UTF-8, lacks a required column, names a column twice, or
    has a line with more or fewer cells than the header.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read ({error.strerror}); a recording needs this file") from error
    except UnicodeDecodeError as error:
        raise RecordingError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    reader = csv.reader(io.StringIO(text, newline=""))
    header = tuple(name.strip() for name in next(reader, []))
    for column in required:
        if column not in header:
            raise RecordingError(f"{path}, line 1: column {column} is missing; the header is {','.join(header)!r}")
    for column in header:
        if header.count(column) > 1:
            raise RecordingError(f"{path}, line 1: column {column!r} stands there twice; rename or remove one")
    rows = []
    for cells in reader:
        if not cells:
            continue
        if len(cells) != len(header):
            raise RecordingError(
                f"{path}, line {reader.line_num}: has {len(cells)} cells, the header has {len(header)};"
                " write one cell for each column"
            )
        stripped = (cell.strip() for cell in cells)
        rows.append(Row(path, reader.line_num, dict(zip(header, stripped, strict=True))))
    return header, rows
