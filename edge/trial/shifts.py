"""Many shifts, each from the next seed, in processes side by side; and what came of them all, as plain values."""

import gc
import logging
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Final, TypeVar

from edge.logs import set_up_logs
from edge.trial.invariants.watching import RULES
from edge.trial.schedule import Fault, FaultKind, draw
from edge.trial.shift import Outcome, run_shift
from edge.trial.shrink import Shrunk, shrink

K = TypeVar("K", str, int)

SHIFTS_OF_A_PROCESS: Final = 10
"""About; then all of them are replaced by new ones, so that nothing can pile up."""
TOLD_LINES: Final = 60
"""Of the shortest trace."""


@dataclass(frozen=True, slots=True)
class Told:
    """One shift as it is told: what came of it, and the shortest story when a rule was broken."""

    seed: int
    outcome: Outcome
    story: Shrunk | None


def kinds(only: str) -> tuple[FaultKind, ...]:
    """The kinds of fault named in a list with commas. Raises ValueError that names the mend."""
    names = [name.strip() for name in only.split(",") if name.strip()]
    known = {kind.value for kind in FaultKind}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"{', '.join(unknown)}: no such fault. There are: {', '.join(sorted(known))}.")
    return tuple(FaultKind(name) for name in names)


def run_shifts(
    seeds: Sequence[int], *, hours: float, only: Sequence[FaultKind], jobs: int, shortest: bool
) -> Iterator[Told]:
    """Each shift once it is over, in whatever order that is. `shortest`: looks for the shortest story too."""
    one: Callable[[int], Told] = partial(run_one, hours=hours, only=only, shortest=shortest)
    if jobs == 1:
        yield from map(one, seeds)
        return
    context = multiprocessing.get_context("spawn")
    # The pool's own max_tasks_per_child can leave it without a process, waiting for ever (CPython 115634).
    for some in _batched(seeds, jobs * SHIFTS_OF_A_PROCESS):
        with ProcessPoolExecutor(jobs, context) as pool:
            for done in as_completed([pool.submit(one, seed) for seed in some]):
                yield done.result()


def run_one(seed: int, *, hours: float, only: Sequence[FaultKind], shortest: bool) -> Told:
    """One shift, in whichever process."""
    # A shift makes millions of objects and hardly a circle of them.
    gc.set_threshold(100_000, 50, 100)
    # What the edge process logs in a trial is for nobody.
    set_up_logs(logging.CRITICAL)
    logging.disable(logging.CRITICAL)
    faults = draw(seed, hours, only)

    def run(faults: Sequence[Fault], hours: float) -> Outcome:
        return run_shift(seed, faults, hours=hours)

    outcome = run(faults, hours)
    if not outcome.violations:
        return Told(seed, replace(outcome, trace=()), None)
    return Told(seed, outcome, shrink(faults, hours, outcome, run) if shortest else None)


def summed_up(told: Sequence[Told], hours: float, only: str) -> dict[str, object]:
    """What `jidoka simulate --json` answers with, but for the time it took."""
    told = sorted(told, key=lambda each: each.seed)
    return {
        "shifts": len(told),
        "hours": hours,
        "seeds": [told[0].seed, told[-1].seed],
        "parts": sum(each.outcome.parts for each in told),
        "faults": dict(sorted(_added(each.outcome.faults for each in told).items())),
        "checks": {str(n): count for n, count in sorted(_added(each.outcome.checks for each in told).items())},
        "invariants": {str(rule.number): rule.sentence for rule in RULES},
        "violations": sum(len(each.outcome.violations) for each in told),
        "broken": [_story(each, hours, only) for each in told if each.outcome.violations],
    }


def _batched(seeds: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """The seeds in their order, so many at a time."""
    for start in range(0, len(seeds), size):
        yield seeds[start : start + size]


def _added(counts: Iterable[Mapping[K, int]]) -> Counter[K]:
    total: Counter[K] = Counter()
    for each in counts:
        total.update(each)
    return total


def _story(told: Told, hours: float, only: str) -> dict[str, object]:
    outcome = told.story.outcome if told.story else told.outcome
    again = f"jidoka simulate --shifts 1 --seed {told.seed} --hours {hours:g}" + (
        f' --only "{only}"' if only else ""
    )
    return {
        "seed": told.seed,
        "violations": [asdict(violation) for violation in told.outcome.violations],
        "again": again,
        "shortest": None
        if told.story is None
        else {
            "runs": told.story.runs,
            "hours": told.story.hours,
            "faults": [asdict(fault) for fault in told.story.faults],
        },
        "trace": list(outcome.trace[-TOLD_LINES:]),
    }
