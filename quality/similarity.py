"""How alike the evidence of two parts is, so that a case stands beside the earlier ones that resemble it most."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from quality.characteristic import Characteristic
from quality.plan import ControlPlan

T = TypeVar("T")

FARTHEST = 3.0
"""Deviations are told apart up to three times the half width of the limits; beyond, out is out."""
UNKNOWN = 1.0
"""What it counts when only one of two parts has a trait: as much as lying at the limit instead of on target."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen on one face: the score 0..1, and the worst mark's middle and size in shares of the frame.

    `mark` is (x, y, size), each 0..1, or None when nothing is marked.
    """

    score: float
    mark: tuple[float, float, float] | None = None


def traits(means: Mapping[str, float], sights: Mapping[str, Sight], plan: ControlPlan) -> dict[str, float]:
    """The evidence as numbers of like size: 0 is on target and nothing seen, 1 is at the limit and a sure defect.

    `means` are forecast or measured, by characteristic and in its unit; `sights` are by camera.
    """
    found = {
        c.name: max(-FARTHEST, min(FARTHEST, (means[c.name] - c.target) / _half_width(c)))
        for c in plan.characteristics
        if math.isfinite(means.get(c.name, math.nan))
    }
    for camera, sight in sights.items():
        if math.isfinite(sight.score):
            found[f"{camera} score"] = sight.score
        if sight.mark is not None:
            found |= {f"{camera} {what}": share for what, share in zip("xys", sight.mark, strict=True)}
    return found


def distance(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """The root mean square difference of their traits; 0 is the same, infinite when neither has any."""
    names = one.keys() | other.keys()
    if not names:
        return math.inf
    return math.sqrt(sum(_difference(one, other, name) ** 2 for name in names) / len(names))


def nearest(
    wanted: Mapping[str, float], others: Sequence[tuple[T, Mapping[str, float]]], count: int
) -> tuple[T, ...]:
    """The `count` others whose traits are nearest, the nearest first; of two as near, the earlier in the list."""
    ranked = sorted(others, key=lambda other: distance(wanted, other[1]))
    return tuple(each for each, _ in ranked[:count])


def _difference(one: Mapping[str, float], other: Mapping[str, float], name: str) -> float:
    if name not in one or name not in other:
        return UNKNOWN
    return one[name] - other[name]


def _half_width(characteristic: Characteristic) -> float:
    """Half the tolerance; with one limit alone, the size of the value itself."""
    width = characteristic.limits.width
    if math.isfinite(width):
        return width / 2
    return abs(characteristic.target) or 1.0
