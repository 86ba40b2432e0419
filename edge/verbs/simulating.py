"""`jidoka simulate`: shifts of production under faults, each from a seed, and what broke if anything did."""

import gc
import logging
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Annotated

import typer

from edge.answers import NOT_SO, print_json, print_line, print_table, progress
from edge.logs import set_up_logs
from edge.trial.invariants.watching import RULES
from edge.trial.schedule import Fault, FaultKind, draw
from edge.trial.shift import Outcome, run_shift
from edge.trial.shrink import Shrunk, shrink

SHIFTS_OF_A_PROCESS = 10
"""Then it is replaced by a new one, so that nothing can pile up."""
TOLD_LINES = 60
"""Of the shortest trace."""


@dataclass(frozen=True, slots=True)
class _Told:
    """One shift as it is told: what came of it, and the shortest story when a rule was broken."""

    seed: int
    outcome: Outcome
    story: Shrunk | None


def simulate(
    shifts: Annotated[int, typer.Option(min=1, help="How many; each has the next seed.")] = 20,
    seed: Annotated[int, typer.Option(help="Seed of the first.")] = 1,
    hours: Annotated[float, typer.Option(min=0.25, help="Length of each, in virtual hours.")] = 8.0,
    only: Annotated[
        str, typer.Option(metavar="KIND,...", help="These kinds of fault alone, as the answer names them.")
    ] = "",
    jobs: Annotated[int, typer.Option(min=0, help="Processes side by side; 0 is one for each core.")] = 0,
    shortest: Annotated[
        bool, typer.Option("--shrink/--no-shrink", help="Look for the shortest story of what broke.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with one JSON object.")] = False,
) -> None:
    """Runs simulated shifts with every fault there is; ends with 1 when a rule of production was broken."""
    started = time.monotonic()
    one = partial(_one, hours=hours, only=_kinds(only), shortest=shortest)
    told: list[_Told] = []
    with progress(quiet=as_json) as bar:
        shown = bar.add_task("shifts", total=shifts)
        for each in _side_by_side(one, range(seed, seed + shifts), jobs or os.cpu_count() or 1):
            told.append(each)
            bar.advance(shown)
    told.sort(key=lambda each: each.seed)
    broken = [each for each in told if each.outcome.violations]
    answer = {
        "shifts": len(told),
        "hours": hours,
        "seeds": [seed, seed + shifts - 1],
        "parts": sum(each.outcome.parts for each in told),
        "faults": _summed(each.outcome.faults for each in told),
        "checks": {str(number): count for number, count in _summed(each.outcome.checks for each in told).items()},
        "violations": sum(len(each.outcome.violations) for each in told),
        "broken": [_story(each, hours, only) for each in broken],
        "seconds": round(time.monotonic() - started, 1),
    }
    if as_json:
        print_json(answer)
    else:
        _show(answer, broken, hours, only)
    if broken:
        raise typer.Exit(NOT_SO)


def _kinds(only: str) -> tuple[FaultKind, ...]:
    names = [name.strip() for name in only.split(",") if name.strip()]
    known = {kind.value for kind in FaultKind}
    if unknown := [name for name in names if name not in known]:
        raise typer.BadParameter(f"{', '.join(unknown)}: no such fault. There are: {', '.join(sorted(known))}.")
    return tuple(FaultKind(name) for name in names)


def _side_by_side(one: Callable[[int], _Told], seeds: Sequence[int], jobs: int) -> Iterator[_Told]:
    if jobs == 1:
        yield from map(one, seeds)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, max_tasks_per_child=SHIFTS_OF_A_PROCESS) as pool:
        for done in as_completed([pool.submit(one, seed) for seed in seeds]):
            yield done.result()


def _one(seed: int, *, hours: float, only: Sequence[FaultKind], shortest: bool) -> _Told:
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
        return _Told(seed, replace(outcome, trace=()), None)
    return _Told(seed, outcome, shrink(faults, hours, outcome, run) if shortest else None)


def _summed(counts: Iterator[Mapping[str, int]] | Iterator[Mapping[int, int]]) -> dict[str | int, int]:
    total: Counter[str | int] = Counter()
    for each in counts:
        total.update(each)
    return dict(sorted(total.items()))


def _story(told: _Told, hours: float, only: str) -> dict[str, object]:
    outcome = told.story.outcome if told.story else told.outcome
    return {
        "seed": told.seed,
        "violations": [asdict(violation) for violation in told.outcome.violations],
        "again": _again(told.seed, hours, only),
        "shortest": None
        if told.story is None
        else {"faults": [asdict(fault) for fault in told.story.faults], "hours": told.story.hours},
        "trace": outcome.trace[-TOLD_LINES:],
    }


def _again(seed: int, hours: float, only: str) -> str:
    return f"jidoka simulate --shifts 1 --seed {seed} --hours {hours:g}" + (f' --only "{only}"' if only else "")


def _show(answer: Mapping[str, object], broken: Sequence[_Told], hours: float, only: str) -> None:
    faults, checks = answer["faults"], answer["checks"]
    assert isinstance(faults, dict)  # noqa: S101 - it was made so above
    assert isinstance(checks, dict)  # noqa: S101 - likewise
    print_table(("fault", "times"), list(faults.items()))
    sentences = {rule.number: rule.sentence for rule in RULES}
    print_table(("", "invariant", "checks"), [(number, sentences[int(number)], n) for number, n in checks.items()])
    print_line(
        f"{answer['shifts']} shifts of {hours:g} h, {answer['parts']} parts, {sum(faults.values())} faults,"
        f" {sum(checks.values())} checks in {answer['seconds']} s: {answer['violations']} violation(s)."
    )
    for told in broken:
        first = told.outcome.violations[0]
        print_line(
            f"\nSeed {told.seed}, second {first.at}: invariant {first.invariant} was broken: {first.sentence}"
        )
        if told.story is not None:
            print_line(f"Of its faults {len(told.story.faults)} are enough ({told.story.runs} runs to find them):")
            for fault in told.story.faults:
                print_line(f"  {fault.at:10.3f} s  {fault.kind}, {fault.seconds:g} s, {fault.detail}")
        outcome = told.story.outcome if told.story else told.outcome
        for line in outcome.trace[-TOLD_LINES:]:
            print_line(f"  {line}")
        print_line(f"Again: {_again(told.seed, hours, only)}")
