"""Runs short shifts until a rule is broken, with packages of their own; imports nothing of ours before it runs."""

import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from edge.trial.schedule import Fault


@dataclass(frozen=True)
class Hunt:
    """What to look for: `shifts` shifts of that many `hours`, the first with seed `first`.

    Each has `thick` times as many faults of these `kinds` (their names) as an ordinary shift.
    """

    packages: str
    first: int
    shifts: int
    hours: float
    thick: int
    kinds: Sequence[str]


@dataclass(frozen=True)
class Broken:
    """The invariant that was broken first, in the shift of that seed, and how."""

    invariant: int
    sentence: str
    seed: int


def hunt(wanted: Hunt) -> Broken | None:
    """Takes the process for itself: the packages to be tried come first in its path."""
    sys.path.insert(0, wanted.packages)
    sys.dont_write_bytecode = True
    os.chdir(wanted.packages)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable()
    from edge.trial import shift

    assert shift.__file__.startswith(wanted.packages), f"{shift.__file__} is not in {wanted.packages}"
    for seed in range(wanted.first, wanted.first + wanted.shifts):
        outcome = shift.run_shift(seed, _faults(seed, wanted), hours=wanted.hours)
        if outcome.violations:
            broken = outcome.violations[0]
            return Broken(int(broken.invariant), str(broken.sentence), seed)
    return None


def _faults(seed: int, wanted: Hunt) -> "list[Fault]":
    from edge.trial.schedule import FaultKind, draw

    only = [FaultKind[name] for name in wanted.kinds]
    layers = range(wanted.thick)
    drawn = [fault for layer in layers for fault in draw(wanted.thick * seed + layer, wanted.hours, only)]
    return sorted(drawn, key=lambda fault: (fault.at, fault.kind))
