"""Whether a process can keep its limits: Cp and Cpk from its spread of the moment, Pp and Ppk from all of it.

Formulas: ISO 22514-2; NIST/SEMATECH *e-Handbook of Statistical Methods*, 6.1.6. All of them take the values for
normally distributed; `normality` tells when they are not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from quality.characteristic import Limits
from quality.chi_square import chi_square_quantile
from quality.spc import Baseline, factors

_NORMAL = NormalDist()
CONFIDENCE = 0.95
LEAST_PARTS = 8
"""Below it the interval of an index says nothing, and normality cannot be looked at."""
_TAIL = 1e-300
_FURTHEST = 10.0
"""So far the approximation of the chance goes; it is 1 in 10²³ there."""


@dataclass(frozen=True, slots=True)
class Index:
    """A capability index and the interval that holds the true one with the confidence asked for."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Capability:
    """What `count` parts tell of the process. `cp` and `pp` are None where one side is not limited.

    `within` is the standard deviation of neighbouring parts, `overall` that of all. `outside` parts were outside
    the limits. `normality` is the chance of values less normal than these if they are; small means: they are not.
    """

    count: int
    mean: float
    within: float
    overall: float
    cp: Index | None
    cpk: Index
    pp: Index | None
    ppk: Index
    outside: int
    normality: float


def capability(
    values: Sequence[float], of: Baseline, limits: Limits, confidence: float = CONFIDENCE
) -> Capability | None:
    """The capability of the process that made these parts; `of` is the baseline of these same values.

    None when there are fewer than 8 parts, no variation, or no limit at all: then there is no such number.
    """
    parts = np.asarray(values, dtype=float)
    limited = math.isfinite(limits.lower) or math.isfinite(limits.upper)
    overall = float(parts.std(ddof=1)) if len(parts) > 1 else 0.0
    if len(parts) < LEAST_PARTS or not limited or not overall or not of.sigma:
        return None
    mean = float(parts.mean())
    free_within, free_overall = freedom(of), float(len(parts) - 1)
    return Capability(
        count=len(parts),
        mean=mean,
        within=of.sigma,
        overall=overall,
        cp=potential(limits, of.sigma, free_within, confidence),
        cpk=centred(limits, mean, of.sigma, len(parts), free_within, confidence),
        pp=potential(limits, overall, free_overall, confidence),
        ppk=centred(limits, mean, overall, len(parts), free_overall, confidence),
        outside=sum(not limits.contain(value) for value in parts.tolist()),
        normality=normality(values),
    )


def potential(limits: Limits, sigma: float, free: float, confidence: float = CONFIDENCE) -> Index | None:
    """Cp or Pp: the width of the limits in six standard deviations, whatever the centre. None for one limit.

    `free` are the degrees of freedom of `sigma`; the interval is that of a variance, by chi-square.
    """
    if not math.isfinite(limits.width):
        return None
    value = limits.width / (6 * sigma)
    tail = (1 - confidence) / 2
    low, high = (value * math.sqrt(chi_square_quantile(each, free) / free) for each in (tail, 1 - tail))
    return Index(value, low, high)


def centred(
    limits: Limits, mean: float, sigma: float, count: int, free: float, confidence: float = CONFIDENCE
) -> Index:
    """Cpk or Ppk: how many times three standard deviations the centre lies from the nearer limit.

    The interval is the approximation of A. F. Bissell, *How Reliable is Your Capability Index?*, Applied
    Statistics 39, 1990: variance 1/(9n) + Cpk²/(2·degrees of freedom). Below 0 the centre itself is outside.
    """
    value = min(limits.upper - mean, mean - limits.lower) / (3 * sigma)
    half = _NORMAL.inv_cdf((1 + confidence) / 2) * math.sqrt(1 / (9 * count) + value**2 / (2 * free))
    return Index(value, value - half, value + half)


def freedom(of: Baseline) -> float:
    """The degrees of freedom that the standard deviation of a baseline is worth: those with the same precision.

    P. B. Patnaik, *The Use of Mean Range as an Estimator of Variance*, Biometrika 37, 1950, to first order:
    1/(2V) + 1/4 with V the squared coefficient of variation of the mean range. Moving ranges that share a part are
    correlated; their covariance is that of |X1 − X2| and |X2 − X3|, (4/π)(√3/2 + π/12 − 1).
    """
    factor = factors(max(of.size, 2))
    if of.size > 1:
        squared = (factor.d3 / factor.d2) ** 2 / of.points
    else:
        ranges = of.points - 1
        shared = 4 / math.pi * (math.sqrt(3) / 2 + math.pi / 12 - 1)
        squared = (ranges * factor.d3**2 + 2 * (ranges - 1) * shared) / (ranges * factor.d2) ** 2
    return 1 / (2 * squared) + 1 / 4


def normality(values: Sequence[float]) -> float:
    """The chance of values as far from normal as these, if they are normal (Anderson and Darling's test).

    Mean and variance are estimated from the values; the chance is read from the approximation of R. B. D'Agostino
    and M. A. Stephens, *Goodness-of-Fit Techniques*, 1986, table 4.9. Raises ValueError for fewer than 8 values or
    no variation.
    """
    parts = np.sort(np.asarray(values, dtype=float))
    count, sigma = len(parts), float(parts.std(ddof=1)) if len(parts) > 1 else 0.0
    if count < LEAST_PARTS or not sigma:
        raise ValueError(f"normality: {count} values without enough variation cannot be looked at")
    scaled = ((parts - parts.mean()) / sigma).tolist()
    below = np.array([math.log(max(math.erfc(-z / math.sqrt(2)) / 2, _TAIL)) for z in scaled])
    above = np.array([math.log(max(math.erfc(z / math.sqrt(2)) / 2, _TAIL)) for z in scaled])
    ranks = 2 * np.arange(1, count + 1) - 1
    distance = float(-count - np.mean(ranks * (below + above[::-1])))
    return _chance(distance * (1 + 0.75 / count + 2.25 / count**2))


def _chance(distance: float) -> float:
    a = min(distance, _FURTHEST)
    if a < 0.2:  # noqa: PLR2004 - the bounds and coefficients are those of the table
        return 1 - math.exp(-13.436 + 101.14 * a - 223.73 * a**2)
    if a < 0.34:  # noqa: PLR2004
        return 1 - math.exp(-8.318 + 42.796 * a - 59.938 * a**2)
    if a < 0.6:  # noqa: PLR2004
        return math.exp(0.9177 - 4.279 * a - 1.38 * a**2)
    return math.exp(1.2937 - 5.709 * a + 0.0186 * a**2)
