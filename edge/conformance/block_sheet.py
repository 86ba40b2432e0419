"""The sheet of the block profile, in the order in which it is filled in."""

from collections.abc import Callable
from typing import Final

from edge.conformance import ending, orders, releases, rest, verdicts, watchdog, wire
from edge.conformance.bench import Bench
from edge.conformance.sheet import Check, Line, fill_in

CHECKS: Final[tuple[Check[Bench], ...]] = (
    *wire.CHECKS,
    *rest.CHECKS,
    *verdicts.CHECKS,
    *watchdog.CHECKS,
    *orders.CHECKS,
    *releases.CHECKS,
    *ending.CHECKS,
)


async def examine(bench: Bench, shown: Callable[[Line], None], *, parts: bool) -> tuple[list[Line], list[str]]:
    """The filled-in sheet, and what a person has to put right afterwards. The PLC is left safe however it ends."""
    left: list[str] = []
    try:
        sheet = await fill_in(CHECKS, bench, shown, parts=parts)
    finally:
        left += await ending.leave_safe(bench)
    return sheet, left
