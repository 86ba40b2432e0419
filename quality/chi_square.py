"""The chi-square distribution: how far a variance estimated from few values may lie from the true one.

The distribution function is the regularised incomplete gamma function, by its series below the mean and by its
continued fraction above (Abramowitz and Stegun, *Handbook of Mathematical Functions*, 6.5.29 and 6.5.31).
A quantile starts from E. B. Wilson and M. M. Hilferty, *The Distribution of Chi-Square*, 1931, and is made
exact by Newton's steps.
"""

import math
from statistics import NormalDist

_NORMAL = NormalDist()
_PRECISION = 1e-15
_MOST_TERMS = 100_000
_MOST_STEPS = 60
_TINY = 1e-300


def chi_square_below(value: float, freedom: float) -> float:
    """The probability of a chi-square value with `freedom` (1 or more, whole or not) being at most `value`."""
    if value <= 0:
        return 0.0
    a, x = freedom / 2, value / 2
    weight = math.exp(a * math.log(x) - x - math.lgamma(a))
    return weight * _series(a, x) if x < a + 1 else 1 - weight * _fraction(a, x)


def chi_square_quantile(probability: float, freedom: float) -> float:
    """The value below which a chi-square value with `freedom` lies with that probability (between 0 and 1).

    Raises ValueError when either is outside its range.
    """
    if not 0 < probability < 1 or not 1 <= freedom < math.inf:
        raise ValueError(f"chi-square: probability {probability} must lie in 0..1, freedom {freedom} from 1 on")
    ninth = 2 / (9 * freedom)
    value = freedom * max(1 - ninth + _NORMAL.inv_cdf(probability) * math.sqrt(ninth), 0.01) ** 3
    low, high = 0.0, math.inf
    for _ in range(_MOST_STEPS):
        miss = chi_square_below(value, freedom) - probability
        low, high = (low, value) if miss > 0 else (value, high)
        density = math.exp((freedom / 2 - 1) * math.log(value / 2) - value / 2 - math.lgamma(freedom / 2)) / 2
        step = value - miss / density if density > 0 else math.nan
        # A step that leaves what is known to enclose the quantile is no step; halve the enclosure instead.
        if not low < step < high:
            step = (low + high) / 2 if high < math.inf else 2 * value
        if abs(step - value) <= _PRECISION * value:
            break
        value = step
    return value


def _series(a: float, x: float) -> float:
    term = total = 1 / a
    for n in range(1, _MOST_TERMS):
        term *= x / (a + n)
        total += term
        if term < total * _PRECISION:
            break
    return total


def _fraction(a: float, x: float) -> float:
    """Evaluated from the front, as W. J. Lentz does it (*Applied Optics* 15, 1976)."""
    b = x + 1 - a
    c, d = 1 / _TINY, 1 / b
    total = d
    for n in range(1, _MOST_TERMS):
        numerator = -n * (n - a)
        b += 2
        d = 1 / _away(numerator * d + b)
        c = _away(b + numerator / c)
        total *= d * c
        if abs(d * c - 1) < _PRECISION:
            break
    return total


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
