"""`jidoka simulate`: shifts of production under faults, each from a seed, and what broke if anything did."""

import os
import time
from typing import Annotated, Any

import typer

from edge.answers import NOT_SO, print_json, print_line, print_table, progress


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
    from edge.trial.shifts import kinds, run_shifts, summed_up

    try:
        wanted = kinds(only)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--only") from error
    started = time.monotonic()
    told = []
    with progress(quiet=as_json) as bar:
        shown = bar.add_task("shifts", total=shifts)
        seeds = range(seed, seed + shifts)
        for each in run_shifts(
            seeds, hours=hours, only=wanted, jobs=jobs or os.cpu_count() or 1, shortest=shortest
        ):
            told.append(each)
            bar.advance(shown)
    answer = summed_up(told, hours, only) | {"seconds": round(time.monotonic() - started, 1)}
    if as_json:
        print_json(answer)
    else:
        _show(answer)
    if answer["violations"]:
        raise typer.Exit(NOT_SO)


def _show(answer: dict[str, Any]) -> None:
    faults, checks = answer["faults"], answer["checks"]
    print_table(("fault", "times"), list(faults.items()))
    print_table(
        ("", "invariant", "checks"), [(number, answer["invariants"][number], n) for number, n in checks.items()]
    )
    for broken in answer["broken"]:
        _tell(broken)
    counted = f"{answer['parts']} parts, {sum(faults.values())} faults, {sum(checks.values())} checks"
    print_line(
        f"{answer['shifts']} shifts of {answer['hours']:g} h, {counted} in {answer['seconds']:.0f} s:"
        f" {answer['violations']} violation(s)."
    )


def _tell(broken: dict[str, Any]) -> None:
    first, shortest = broken["violations"][0], broken["shortest"]
    print_line(
        f"\nSeed {broken['seed']}, second {first['at']}, invariant {first['invariant']} was broken:"
        f" {first['sentence']}"
    )
    if shortest is not None:
        print_line(f"{len(shortest['faults'])} of its faults are enough ({shortest['runs']} runs to find them):")
        for fault in shortest["faults"]:
            print_line(f"  {fault['at']:10.3f} s  {fault['kind']}, {fault['seconds']:g} s, {fault['detail']}")
    for line in broken["trace"]:
        print_line(f"  {line}")
    print_line(f"Again: {broken['again']}\n")
