"""How good forecasts and findings were, against what was true: the figures on a scorecard.

Everything here is arithmetic on arrays, so that a figure can be checked by hand. A figure that has no meaning on
the parts at hand (no nonconforming one, nothing signalled) is None.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quality.characteristic import Limits
from quality.conformal import COVERAGE, NORMAL_QUANTILE
from quality.judge import probability_outside

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

ALPHAS = tuple(round(0.05 * step, 2) for step in range(1, 21))
"""Smoothing constants among which the rule `ewma` chooses."""
FALSE_POSITIVE_RATE = 0.05


@dataclass(frozen=True, slots=True)
class ForecastScore:
    """How well one characteristic was forecast over some parts.

    `mse` in its unit squared, `mean_width_90` in its unit; `auroc` of the probability of nonconformance against
    what was measured, `precision` and `recall` of signalling at a threshold on it.
    """

    mse: float | None
    coverage_90: float | None
    mean_width_90: float | None
    auroc: float | None
    precision: float | None
    recall: float | None


def score_forecast(measured: Array, mean: Array, scale: Array, limits: Limits, threshold: float) -> ForecastScore:
    """Scores normal forecasts [N] against what was measured [N]; parts that were not measured do not count.

    A part is signalled from `threshold` on, a probability of nonconformance.
    """
    known = np.isfinite(measured) & np.isfinite(mean) & np.isfinite(scale)
    if not known.any():
        return ForecastScore(None, None, None, None, None, None)
    truth, mean, scale = measured[known], mean[known], scale[known]
    half = NORMAL_QUANTILE * scale
    probability = probabilities(mean, scale, limits)
    nonconforming = outside(truth, limits)
    precision, recall = precision_and_recall(probability >= threshold, nonconforming)
    return ForecastScore(
        mse=float(np.mean((truth - mean) ** 2)),
        coverage_90=float(np.mean(np.abs(truth - mean) <= half)),
        mean_width_90=float(np.mean(2 * half)),
        auroc=auroc(probability, nonconforming),
        precision=precision,
        recall=recall,
    )


def probabilities(mean: Array, scale: Array, limits: Limits) -> Array:
    """The probability of nonconformance [N] of each normal forecast; 1 where it is NaN."""
    return np.array([probability_outside(m, s, limits) for m, s in zip(mean, scale, strict=True)])


def outside(measured: Array, limits: Limits) -> Flags:
    """True [N] where a measured value does not conform; not for NaN, which was not measured."""
    return np.asarray((measured < limits.lower) | (measured > limits.upper))


def precision_and_recall(signalled: Flags, nonconforming: Flags) -> tuple[float | None, float | None]:
    """The share of signalled parts that are nonconforming, and of nonconforming parts that are signalled."""
    caught = int((signalled & nonconforming).sum())
    precision = caught / int(signalled.sum()) if signalled.any() else None
    return precision, (caught / int(nonconforming.sum()) if nonconforming.any() else None)


def auroc(score: Array, nonconforming: Flags) -> float | None:
    """The probability that a nonconforming part scores above a conforming one, ties counting half.

    Area under the receiver operating characteristic by the Mann-Whitney statistic; None without both kinds.
    """
    positives, negatives = int(nonconforming.sum()), int((~nonconforming).sum())
    if not positives or not negatives:
        return None
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    rank = (last - (count - 1) / 2)[place]
    return float((rank[nonconforming].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def recall_at_false_positive_rate(
    score: Array, nonconforming: Flags, rate: float = FALSE_POSITIVE_RATE
) -> float | None:
    """The largest share of nonconforming found by a threshold that at most `rate` of the conforming reach."""
    if not nonconforming.any() or nonconforming.all():
        return None
    return float(np.mean(score[nonconforming] > _limit(score[~nonconforming], rate)))


def recall_by_label(
    score: Array, nonconforming: Flags, labels: Sequence[str], rate: float = FALSE_POSITIVE_RATE
) -> dict[str, dict[str, float]]:
    """For each label of a nonconforming frame, how many `frames` have it and what share (`recall`) is found by
    the one threshold that at most `rate` of all the conforming reach.
    """
    if nonconforming.all():
        return {}
    found, named = score > _limit(score[~nonconforming], rate), np.array(labels)
    return {
        label: {"frames": int(mine.sum()), "recall": float(found[mine].mean())}
        for label in sorted(set(named[nonconforming].tolist()))
        if (mine := nonconforming & (named == label)).any()
    }


def _limit(conforming: Array, rate: float) -> float:
    """The first conforming score that may not be reached any more."""
    falling = np.sort(conforming)[::-1]
    allowed = int(np.floor(rate * len(falling) + 1e-9))
    return float(falling[allowed]) if allowed < len(falling) else -np.inf


class PixelScore:
    """Area under the receiver operating characteristic over the pixels of many frames, in constant memory.

    Scores in 0..1 are counted in `BINS` bins of equal log-odds up to `SUREST`, since most pixels of a good map lie
    near 0; the area is exact to about 1/BINS.
    """

    BINS = 8192
    SUREST = 16.0

    def __init__(self) -> None:
        self._defect = np.zeros(self.BINS, np.int64)
        self._sound = np.zeros(self.BINS, np.int64)

    def add(self, scores: NDArray[np.float32], defect: Flags) -> None:
        """One frame: scores in 0..1 and what is defective, of one shape. Raises ValueError when they differ."""
        if scores.shape != defect.shape:
            raise ValueError(f"scores {scores.shape} and mask {defect.shape} must have one shape")
        with np.errstate(divide="ignore"):
            odds = np.log(scores, dtype=np.float64) - np.log1p(-scores, dtype=np.float64)
        place = np.clip((odds + self.SUREST) / (2 * self.SUREST), 0, 1)
        bins = np.minimum((place * self.BINS).astype(np.int64), self.BINS - 1)
        self._defect += np.bincount(bins[defect], minlength=self.BINS)
        self._sound += np.bincount(bins[~defect], minlength=self.BINS)

    @property
    def auroc(self) -> float | None:
        """The area, or None without pixels of both kinds."""
        positives, negatives = int(self._defect.sum()), int(self._sound.sum())
        if not positives or not negatives:
            return None
        below = np.cumsum(self._sound) - self._sound
        return float((self._defect * (below + self._sound / 2.0)).sum() / positives / negatives)


def averages_before(values: Array, alpha: float) -> Array:
    """The exponential average [N] of what was measured before each part; NaN before the first.

    What is NaN was not measured and changes nothing. `alpha` 1 is the previous measured value.
    """
    before = np.full(len(values), np.nan)
    average = np.nan
    for index, value in enumerate(values):
        before[index] = average
        if np.isfinite(value):
            average = value if np.isnan(average) else average + alpha * (value - average)
    return before


def best_alpha(values: Array) -> float:
    """The smoothing constant whose averages forecast these values with the least mean squared error."""
    errors = [_mean_square(values - averages_before(values, alpha)) for alpha in ALPHAS]
    return ALPHAS[int(np.argmin(errors))]


def scale_of(values: Array, alpha: float) -> float:
    """The standard deviation of a normal distribution whose 90 % interval holds 90 % of that average's misses."""
    missed = np.abs(values - averages_before(values, alpha))
    missed = missed[np.isfinite(missed)]
    return float(np.quantile(missed, COVERAGE)) / NORMAL_QUANTILE if len(missed) else float("nan")


@dataclass(frozen=True, slots=True)
class PlainRule:
    """A rule that forecasts a characteristic by an exponential average, with the scale its misses had.

    `alpha` 1 is `same_as_previous`. `scale` is in the characteristic's unit.
    """

    alpha: float
    scale: float

    def forecast(self, values: Array) -> tuple[Array, Array]:
        """Mean and scale [N] of each part from the values before it."""
        return averages_before(values, self.alpha), np.full(len(values), self.scale)


def plain_rules(values: Array) -> dict[str, PlainRule]:
    """The rules `same_as_previous` and `ewma`, the latter's alpha and both scales learned on these values."""
    alphas = {"same_as_previous": 1.0, "ewma": best_alpha(values)}
    return {name: PlainRule(alpha, scale_of(values, alpha)) for name, alpha in alphas.items()}


def _mean_square(missed: Array) -> float:
    known = missed[np.isfinite(missed)]
    return float(np.mean(known**2)) if len(known) else float("inf")
