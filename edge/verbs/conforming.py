"""`jidoka check --plc`: the conformance sheet, filled in by a person at the line with the edge stopped."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import typer
from rich.console import Console

from edge.answers import NOT_SO, fail, print_json, print_line
from edge.claim import EquipmentTaken, claim
from edge.clock import SystemClock
from edge.conformance.bench import Adjustable, Bench, Patience
from edge.conformance.block_sheet import examine
from edge.conformance.coil_bench import CoilBench
from edge.conformance.coils import examine_coils
from edge.conformance.sheet import Line, Outcome
from edge.equipment import address_of, block_layout, coils_layout, tags
from edge.settings import LineSettings
from plc.link import ModbusLink

QUESTION = (
    "This moves parts: it lets some pass unjudged, holds, releases and diverts others, stops the line and lets it"
    " run again.\nIs the edge stopped, the line free of parts that anybody wants to keep, and nobody at the gate?"
)


def conform(settings: LineSettings, path: Path, *, yes: bool, parts: bool, wait_s: float, as_json: bool) -> None:
    """Fills the sheet in and prints it, line by line as it becomes known; ends with 1 when anything failed."""
    if parts and not yes and not _agreed():
        fail("Nothing was done.")
    shown = (lambda _: None) if as_json else (lambda line: print_line(str(line)))
    try:
        with claim(settings, "jidoka check --plc"):
            sheet, left = asyncio.run(_examine(settings, shown, parts=parts, wait_s=wait_s))
    except EquipmentTaken as taken:
        fail(f"The PLC was not asked: {taken}.")
    counted = Counter(line.outcome for line in sheet)
    failed = counted[Outcome.FAIL]
    if as_json:
        print_json(
            {
                "ok": not failed,
                "file": str(path),
                "profile": settings.plc.profile,
                "counts": {outcome.value: counted[outcome] for outcome in Outcome},
                "checks": [
                    {
                        "number": line.number,
                        "rule": line.rule,
                        "title": line.title,
                        "outcome": line.outcome,
                        "seen": line.seen,
                        "mend": line.mend,
                    }
                    for line in sheet
                ],
                "left": left,
            }
        )
    else:
        for sentence in left:
            print_line(f"LEFT     {sentence}")
        print_line(
            f"{settings.line}, {settings.plc.profile} profile: {counted[Outcome.PASS]} passed, {failed} failed,"
            f" {counted[Outcome.SKIPPED]} skipped."
        )
    if failed:
        raise typer.Exit(NOT_SO)


def _agreed() -> bool:
    """Asks on standard error, since standard output may be read by a program; silence is no."""
    sys.stderr.write(f"{QUESTION} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


async def _examine(
    settings: LineSettings, shown: Callable[[Line], None], *, parts: bool, wait_s: float
) -> tuple[list[Line], list[str]]:
    plc, clock = settings.plc, SystemClock()
    patience = Patience(part_s=wait_s)
    console = Console(stderr=True, highlight=False, soft_wrap=True)

    def say(sentence: str) -> None:
        console.print(f"         ... {sentence}", markup=False)

    async with ModbusLink(address_of(plc, "plc", plc.timeout_ms), clock) as link:
        if plc.coils is not None and plc.profile == "coils":
            return await examine_coils(
                CoilBench(link, coils_layout(plc.coils, plc), patience, clock, say), shown, parts=parts
            )
        bench = Bench(link, block_layout(plc), tags(plc), adjustables(settings), patience, clock, say)
        return await examine(bench, shown, parts=parts)


def adjustables(settings: LineSettings) -> tuple[Adjustable, ...]:
    """The parameters of the plan with the registers they read back from."""
    by_name = {tag.name: tag for tag in tags(settings.plc)}
    return tuple(
        Adjustable(rule.target, by_name[rule.name], rule.lower, rule.upper) for rule in settings.plan.parameters
    )
