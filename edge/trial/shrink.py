"""From a shift that broke a rule to the fewest faults and the shortest time that still break it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from edge.trial.schedule import QUIET_S, Fault
from edge.trial.shift import Outcome

MOST_RUNS: Final = 60
"""Shrinking ends then, with the best found so far."""
BEFORE_FIRST_S: Final = 120.0
"""What is left of the time before the first fault: a few parts."""


class Run(Protocol):
    """Runs a shift with these faults."""

    def __call__(self, faults: Sequence[Fault], hours: float) -> Outcome:
        """What came of it, up to the first violation."""
        ...


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The shortest story found."""

    faults: tuple[Fault, ...]
    hours: float
    outcome: Outcome
    runs: int


def shrink(faults: Sequence[Fault], hours: float, outcome: Outcome, run: Run) -> Shrunk:
    """Delta debugging (Zeller and Hildebrandt, 2002) over the faults, then the time before the first is cut.

    `outcome` is that of the faults given, with a violation first; a shorter story has to break the same invariant.
    """
    wanted = outcome.violations[0].invariant
    best = Shrunk(tuple(faults), hours, outcome, 0)
    runs = 0

    def breaks(fewer: Sequence[Fault], within: float) -> bool:
        nonlocal best, runs
        if runs >= MOST_RUNS:
            return False
        runs += 1
        found = run(fewer, within)
        if not found.violations or found.violations[0].invariant != wanted:
            return False
        best = Shrunk(tuple(fewer), within, found, runs)
        return True

    broken_at = outcome.violations[0].at
    kept = [fault for fault in faults if fault.at <= broken_at]
    if breaks([], hours):
        return replace(best, runs=runs)
    if not breaks(kept, hours):
        kept = list(faults)
    kept = _fewest(kept, lambda fewer: breaks(fewer, hours))
    _sooner(kept, best.outcome.violations[0].at, breaks)
    return replace(best, runs=runs)


def _fewest(faults: list[Fault], breaks: Callable[[list[Fault]], bool]) -> list[Fault]:
    """The faults without every part of them that is not needed."""
    parts = 2
    while len(faults) > 1:
        size = -(-len(faults) // parts)
        for start in range(0, len(faults), size):
            rest = faults[:start] + faults[start + size :]
            if rest and breaks(rest):
                faults, parts = rest, max(2, parts - 1)
                break
        else:
            if size == 1:
                return faults
            parts = min(len(faults), 2 * parts)
    return faults


def _sooner(faults: list[Fault], broken_at: float, breaks: Callable[[list[Fault], float], bool]) -> None:
    """Moves the faults to the shift's start, and ends the shift soon behind the violation."""
    early = max(0.0, min((fault.at for fault in faults), default=0.0) - BEFORE_FIRST_S)
    moved = [replace(fault, at=round(fault.at - early, 3)) for fault in faults]
    breaks(moved, round((broken_at - early + QUIET_S) / 3600 + 0.05, 2))
