"""Control charts: what a process does of itself, and the limits between which it does it.

The limits are the process's own, from how far neighbouring parts differ; they are not the limits of the drawing.
Formulas: D. C. Montgomery, *Introduction to Statistical Quality Control*, chapter 6; ISO 7870-2.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from quality.run_rules import RULES, Rule, RuleSet, Signal, signals

RANGE_OF_NORMAL: dict[int, tuple[float, float]] = {
    2: (1.1283792, 0.8525025),
    3: (1.6925688, 0.8883680),
    4: (2.0587507, 0.8798082),
    5: (2.3259289, 0.8640819),
    6: (2.5344127, 0.8480397),
    7: (2.7043568, 0.8332053),
    8: (2.8472006, 0.8198315),
    9: (2.9700263, 0.8078343),
    10: (3.0775055, 0.7970507),
}
"""Mean (d2) and standard deviation (d3) of the range of n independent standard normal values, by n.

L. H. C. Tippett, *On the Extreme Individuals and the Range of Samples Taken from a Normal Population*,
Biometrika 17, 1925; the digits are those of his integrals, which the tests work out again.
"""
LARGEST_SUBGROUP = max(RANGE_OF_NORMAL)
_LEAST_POINTS = 2
_SIGMAS = 3.0


class ChartKind(StrEnum):
    """What a point of the chart is."""

    XBAR_R = "xbar_r"
    """The mean of a few parts in a row, over their range."""
    INDIVIDUALS = "individuals"
    """One part, over its distance from the one before."""


@dataclass(frozen=True, slots=True)
class Factors:
    """What Shewhart's charts for subgroups of one size are made with, by their usual names.

    Standard deviation of a part = mean range / `d2`. Limits of the means: centre ± `a2` times the mean range; of
    the ranges: `lower` (D3) to `upper` (D4) times the mean range.
    """

    d2: float
    d3: float
    a2: float
    lower: float
    upper: float


def factors(size: int) -> Factors:
    """The factors for subgroups of 2 to 10. Raises ValueError for another size."""
    if size not in RANGE_OF_NORMAL:
        raise ValueError(f"control chart: subgroups have 2 to {LARGEST_SUBGROUP} parts, not {size}")
    d2, d3 = RANGE_OF_NORMAL[size]
    spread = _SIGMAS * d3 / d2
    return Factors(d2, d3, _SIGMAS / (d2 * math.sqrt(size)), max(0.0, 1 - spread), 1 + spread)


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the limits are made from: centre and standard deviation of a part, found in `points` points.

    `size` is the number of parts in a point, 1 for individual values.
    """

    centre: float
    sigma: float
    size: int
    points: int


@dataclass(frozen=True, slots=True)
class Track:
    """One curve with its centre and limits; None where a point has no value."""

    values: tuple[float | None, ...]
    centre: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class ControlChart:
    """Where the process lies and how far it spreads, point by point, against one baseline."""

    baseline: Baseline
    location: Track
    spread: Track


def subgroups(values: Sequence[float], size: int) -> tuple[tuple[float, ...], ...]:
    """Groups of `size` values in a row, from the first; what does not fill the last one waits."""
    return tuple(tuple(values[i : i + size]) for i in range(0, len(values) - size + 1, size))


def baseline(values: Sequence[float], size: int) -> Baseline:
    """Centre and standard deviation of the parts, from the mean range of subgroups or the mean moving range.

    `size` 1 is for individual values, whose moving range is that of two neighbours.
    Raises ValueError for fewer than two points and for values that are not finite.
    """
    means, ranges = _points(values, size)
    if len(means) < _LEAST_POINTS:
        raise ValueError(f"control chart: {len(values)} values make {len(means)} points; at least two are needed")
    known = [each for each in ranges if each is not None]
    sigma = float(np.mean(known)) / factors(max(size, 2)).d2
    return Baseline(float(np.mean(means)), sigma, size, len(means))


def control_chart(values: Sequence[float], of: Baseline) -> ControlChart:
    """The chart of these values against a baseline, which may be that of the same values or of earlier ones."""
    means, ranges = _points(values, of.size)
    factor = factors(max(of.size, 2))
    room = _SIGMAS * of.sigma / math.sqrt(of.size)
    mean_range = factor.d2 * of.sigma
    return ControlChart(
        of,
        Track(tuple(means), of.centre, of.centre - room, of.centre + room),
        Track(tuple(ranges), mean_range, factor.lower * mean_range, factor.upper * mean_range),
    )


def chart_signals(chart: ControlChart, rules: RuleSet) -> tuple[Signal, ...]:
    """What the rules find on the chart. None on a chart without variation, where everything would be news."""
    sigma = chart.baseline.sigma / math.sqrt(chart.baseline.size)
    if sigma == 0:
        return ()
    places = [value for value in chart.location.values if value is not None]
    spread = chart.spread
    beyond = [
        Signal(Rule.SPREAD, (i,))
        for i, value in enumerate(spread.values)
        if value is not None and not spread.lower <= value <= spread.upper
    ]
    return (*beyond, *signals(places, chart.location.centre, sigma, RULES[rules]))


def _points(values: Sequence[float], size: int) -> tuple[list[float], list[float | None]]:
    """Means and ranges of subgroups; of individual values themselves and the distance from the one before."""
    if not all(math.isfinite(value) for value in values):
        raise ValueError("control chart: every value must be a number")
    if size == 1:
        moving = np.abs(np.diff(np.asarray(values, dtype=float))).tolist()
        return list(values), [None, *moving][: len(values)]
    factors(size)
    groups = subgroups(values, size)
    return [float(np.mean(group)) for group in groups], [max(group) - min(group) for group in groups]
