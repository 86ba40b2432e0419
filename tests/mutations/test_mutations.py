"""Every promise that is switched off is missed: for each mutation the trial finds a rule that was broken.

A mutation is made in a copy of the packages and the trial is run there, in a process of its own.
"""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.mutations.mutants import MUTATIONS, Mutation

ROOT = Path(__file__).parents[2]
PACKAGES = ("quality", "records", "inference", "plc", "edge", "review_api")
HUNT = Path(__file__).with_name("hunt.py")
SHIFTS = 12
"""A mutation is tried on so many shifts, one after the other, until one of them catches it."""
SIDE_BY_SIDE = 2
LONGEST_S = 240


def mutate(mutation: Mutation, folder: Path) -> None:
    """Copies the packages and changes them. Each text must be found exactly once, or the list has gone stale."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "static", "frontend")
        )
    for edit in mutation.edits:
        file = folder / edit.file
        text = file.read_text()
        assert text.count(edit.before) == 1, f"{mutation.name}: {edit.file} has {edit.before!r} not exactly once"
        file.write_text(text.replace(edit.before, edit.after))


def caught(mutation: Mutation, folder: Path) -> tuple[int, str] | None:
    """The invariant that caught it and what it said, or None. Without the mutation that shift breaks nothing."""
    mutate(mutation, folder)
    found = hunted(mutation, folder, first=1, shifts=SHIFTS)
    if found is None:
        return None
    control = hunted(mutation, ROOT, first=int(found["seed"]), shifts=1)
    assert control is None, f"{mutation.name}: broken without the mutation too: {control}"
    return int(found["invariant"]), str(found["sentence"])


def hunted(mutation: Mutation, packages: Path, *, first: int, shifts: int) -> dict[str, object] | None:
    """What was broken in one of so many shifts with those packages, or None."""
    kinds = ",".join(kind.name for kind in mutation.faults)
    wanted = (first, shifts, mutation.hours, mutation.thick, kinds)
    environment = {**os.environ, "PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, str(HUNT), *map(str, wanted)],
        cwd=packages,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert done.returncode == 0, f"{mutation.name}: {done.stderr[-2000:]}"
    found: dict[str, object] | None = json.loads(done.stdout)
    return found


@pytest.mark.whole_machine
def test_every_mutation_is_caught(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [tmp_path / str(number) for number in range(len(MUTATIONS))]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        found = list(pool.map(caught, MUTATIONS, folders))
    with capsys.disabled():
        for mutation, by in zip(MUTATIONS, found, strict=True):
            said = f"{by[0]}: {by[1]}" if by else "NOT CAUGHT"
            sys.stdout.write(f"\n  {mutation.name} -> {said[:150]}")
    missed = [mutation.name for mutation, by in zip(MUTATIONS, found, strict=True) if by is None]
    assert not missed
    assert len(MUTATIONS) >= 25
