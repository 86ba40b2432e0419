"""Every promise that is switched off is missed: for each mutation the trial finds a rule that was broken.

A mutation is made in a copy of the packages and the trial is run there, in a process of its own.
"""

import multiprocessing
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.pool import Pool
from pathlib import Path

import pytest

from tests.mutations.hunt import Broken, Hunt, hunt
from tests.mutations.mutants import MUTATIONS, Mutation

ROOT = Path(__file__).parents[2]
PACKAGES = ("quality", "records", "inference", "plc", "edge", "review_api")
SHIFTS = 12
"""A mutation is tried on so many shifts, one after the other, until one of them catches it."""
SIDE_BY_SIDE = 2
LONGEST_S = 240
FORKED = multiprocessing.get_context("forkserver")
# What is not ours is imported once for all processes; it takes longer than some of the hunts.
FORKED.set_forkserver_preload(
    [
        "alembic.runtime.environment",
        "cv2",
        "onnx",
        "onnxruntime",
        "pydantic",
        "pymodbus.client",
        "pytest",
        "sqlalchemy.orm",
    ]
)


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


def caught(mutation: Mutation, folder: Path, pool: Pool) -> Broken | None:
    """What caught it, or None. Without the mutation that shift breaks nothing."""
    mutate(mutation, folder)
    found = hunted(mutation, folder, pool, first=1, shifts=SHIFTS)
    if found is None:
        return None
    control = hunted(mutation, ROOT, pool, first=found.seed, shifts=1)
    assert control is None, f"{mutation.name}: broken without the mutation too: {control}"
    return found


def hunted(mutation: Mutation, packages: Path, pool: Pool, *, first: int, shifts: int) -> Broken | None:
    """What was broken in one of so many shifts with those packages, or None."""
    kinds = [kind.name for kind in mutation.faults]
    wanted = Hunt(str(packages), first, shifts, mutation.hours, mutation.thick, kinds)
    return pool.apply_async(hunt, (wanted,)).get(LONGEST_S)


@pytest.mark.whole_machine
def test_every_mutation_is_caught(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [tmp_path / str(number) for number in range(len(MUTATIONS))]
    with FORKED.Pool(SIDE_BY_SIDE, maxtasksperchild=1) as pool, ThreadPoolExecutor(SIDE_BY_SIDE) as asking:
        found = list(asking.map(partial(caught, pool=pool), MUTATIONS, folders))
    with capsys.disabled():
        for mutation, by in zip(MUTATIONS, found, strict=True):
            said = f"{by.invariant}: {by.sentence}" if by else "NOT CAUGHT"
            sys.stdout.write(f"\n  {mutation.name} -> {said[:150]}")
    missed = [mutation.name for mutation, by in zip(MUTATIONS, found, strict=True) if by is None]
    assert not missed
    assert len(MUTATIONS) >= 25
