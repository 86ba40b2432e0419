"""How a verb answers: one JSON object for programs, or a few lines and tables for people."""

import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

NOT_SO = 1
"""The exit code for: the thing asked about is not so."""
WIDE = 7
"""Columns that a terminal shows with their names whole."""


def print_json(answer: Mapping[str, object]) -> None:
    """The object, alone on standard output."""
    sys.stdout.buffer.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY) + b"\n")
    sys.stdout.flush()


def print_line(text: str) -> None:
    """One line for a person."""
    Console(highlight=False, soft_wrap=True).print(text, markup=False)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str = "") -> None:
    """A table; numbers are rounded to four significant digits and put to the right, and nothing is cut short.

    One of more than WIDE columns, and more columns than rows, is turned, so that a terminal can show it.
    """
    if len(columns) > max(WIDE, len(rows)):
        turned = [(columns[i], *(row[i] for row in rows)) for i in range(1, len(columns))]
        columns, rows = ("", *(str(row[0]) for row in rows)), turned
    table = Table(title=title or None, title_justify="left")
    for index, column in enumerate(columns):
        numbers = bool(rows) and all(isinstance(row[index], int | float) for row in rows)
        table.add_column(column, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(shown(cell) for cell in row))
    Console(highlight=False).print(table)


def shown(cell: object) -> str:
    """A cell as text; what is in a cell of several values is named."""
    if cell is None:
        return "–"
    if isinstance(cell, Mapping):
        return ", ".join(f"{name} {shown(value)}" for name, value in cell.items())
    if isinstance(cell, list | tuple):
        return ", ".join(map(shown, cell)) or "–"
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)


def fail(sentence: str) -> NoReturn:
    """Says on standard error what is not so, and ends the verb."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(sentence, markup=False)
    raise typer.Exit(NOT_SO)


def progress(*, quiet: bool) -> Progress:
    """A progress bar on standard error."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=quiet,
        transient=True,
    )
