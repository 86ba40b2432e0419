"""Keeps the 90 % interval at 90 % while the line drifts: the scale follows how often measured parts miss it.

Adaptive conformal inference (Gibbs and Candès, *Adaptive Conformal Inference Under Distribution Shift*, 2021) as
the quantile tracker of Angelopoulos, Candès and Tibshirani (*Conformal PID Control for Time Series Prediction*,
2023), here on the logarithm of the scale's factor, so that it suits every unit: a miss multiplies the interval by
exp(RATE × 0.9), a hit by exp(-RATE × 0.1). Whatever the line does, over n measured parts the share of misses lies
within |ln(last factor / first factor)| / (RATE × n) of 10 %, as long as the factor stays in its bounds.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

COVERAGE = 0.9
NORMAL_QUANTILE = 1.6448536269514722
"""Half the 90 % interval of a normal distribution, in standard deviations."""
RATE = 0.125
"""Higher follows a change sooner, and makes the width restless. At this rate 200 measured parts, over which the
right width doubles, keep the coverage within 3 % of what it should be."""
BOUNDS = (0.25, 64.0)
"""Of the factor: a gauge that is stuck must not make the forecast certain, nor one gone wild make it useless."""


def scores(measured: Array, mean: Array, scale: Array) -> Array:
    """How far measured values lie from their forecasts, in half widths of the 90 % interval; NaN where unknown."""
    return np.abs(measured - mean) / (NORMAL_QUANTILE * scale)


def adapted(factor: Array, score: Array) -> Array:
    """The factors that the scales are multiplied by, after one more part's scores; NaN changes nothing."""
    missed = np.where(score > factor, COVERAGE, COVERAGE - 1)
    moved = factor * np.exp(RATE * np.where(np.isnan(score), 0.0, missed))
    return np.asarray(np.clip(moved, *BOUNDS))


def adapted_scales(measured: Array, mean: Array, scale: Array) -> Array:
    """The scale [N] each part would have had, every part measured before the next; the first one's is as given."""
    factor, factors = np.ones(()), np.ones(len(measured))
    for index, score in enumerate(scores(measured, mean, scale)):
        factors[index] = factor
        factor = adapted(factor, score)
    return scale * factors
