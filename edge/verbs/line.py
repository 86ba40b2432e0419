"""The verbs that start a line: init, run, edge, review."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from edge.answers import fail, print_json, print_line
from edge.line_file import LineFileError, read_line_file
from edge.parent import die_with_supervisor
from edge.settings import LineSettings
from edge.supervisor import Program, supervise, verb
from edge.template import line_file

LineFile = Annotated[Path, typer.Argument(metavar="LINE.yaml", help="The line's settings.")]
Json = Annotated[bool, typer.Option("--json", help="Answer with one JSON object on standard output.")]


def settings_of(path: Path) -> LineSettings:
    """The settings in the file; what is wrong with it is said, and the verb ends with 1."""
    try:
        return read_line_file(path)
    except LineFileError as error:
        fail(str(error))


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to put LINE.yaml.")],
    as_json: Json = False,
) -> None:
    """Writes a commented LINE.yaml to start from."""
    path = folder / "LINE.yaml"
    if path.exists():
        fail(f"{path} is there already; name another folder, or move it away.")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(line_file(), encoding="utf-8")
    if as_json:
        print_json({"file": str(path)})
    else:
        print_line(f"{path} is written. Mend the addresses in it, then: jidoka check {path}")


def run(path: LineFile) -> None:
    """Runs a line: edge and review station, each started again when it ends."""
    settings_of(path)
    programs = [Program(name, verb(name, str(path))) for name in ("edge", "review")]

    async def until_stopped() -> None:
        await supervise(programs, until=asyncio.Event())

    asyncio.run(until_stopped())


def edge(path: LineFile) -> None:
    """Runs the edge process alone."""
    from edge.app import run_edge
    from edge.claim import EquipmentTaken, claim
    from edge.store import said

    die_with_supervisor()
    settings = settings_of(path)
    try:
        with claim(settings, "jidoka edge"):
            uvloop.run(run_edge(settings, path.resolve().parent))
    except EquipmentTaken as taken:
        fail(f"The edge process does not start: {taken}.")
    except ExceptionGroup as ended:
        if (trouble := said(ended)) is None:
            raise
        # Only what a fresh start finds can be trusted now; whoever started this process starts it again.
        fail(str(trouble))


def review(path: LineFile) -> None:
    """Runs the review station alone."""
    from edge.review import StationFault, run_review
    from review_api.tls import CertificateFault

    die_with_supervisor()
    settings = settings_of(path)
    try:
        run_review(settings)
    except (StationFault, CertificateFault) as fault:
        fail(str(fault))
