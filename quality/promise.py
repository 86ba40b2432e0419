"""At most so many escapes among the parts that pass, and how sure one can be of it.

A way of choosing parts is tried on parts that were all measured: so many would have passed, so many of those were
nonconforming. What the share can be in the long run is bounded exactly (C. Clopper and E. Pearson, "The Use of
Confidence or Fiducial Limits", Biometrika 26, 1934). Where several ways are tried and the best one is kept, each
must pass at its part of the error allowed (Bonferroni, as in A. Angelopoulos, S. Bates, E. Candès, M. Jordan and
L. Lei, "Learn then Test", 2021). This holds for parts made as those were, one no more likely to be nonconforming
because its neighbour is: no bound knows of a fault that is still to come.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

_STEPS = 60


@dataclass(frozen=True, slots=True)
class Tried:
    """What measuring from a risk on (`threshold`) would have come to: parts that passed, and nonconforming ones.

    `bound` is the share of nonconforming parts among the passed that the truth does not exceed, as surely as
    asked.
    """

    threshold: float
    passed: int
    escapes: int
    bound: float = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether the promise can be kept, how, and what is missing when it cannot.

    `chosen` is the way that measures the least of those that keep it, `nearest` the one that came nearest. `more`
    are further parts, passed and conforming all, after which it would keep it; 0 when it is kept.
    """

    chosen: Tried | None
    nearest: Tried
    more: int
    sentence: str

    def as_json(self) -> Mapping[str, object]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Promise:
    """At most `escapes` (a share, as 0.001) of the passed parts are nonconforming, with probability `sure`."""

    escapes: float
    sure: float = 0.95

    def __post_init__(self) -> None:
        if not (0 < self.escapes < 1 and 0 < self.sure < 1):
            raise ValueError(f"promise: escapes {self.escapes:g} and sure {self.sure:g} must lie between 0 and 1")

    def answer(self, tried: Sequence[Tried]) -> Answer:
        """Which of the ways tried keeps the promise. Raises ValueError when none was tried."""
        if not tried:
            raise ValueError("promise: nothing was tried; try at least one threshold")
        sure = 1 - (1 - self.sure) / len(tried)
        bounded = [replace(one, bound=upper_bound(one.escapes, one.passed, sure)) for one in tried]
        nearest = min(bounded, key=lambda one: one.bound)
        kept = [one for one in bounded if one.bound <= self.escapes]
        asked = f"at most {self.escapes:.2%} of the passed parts nonconforming, {self.sure:.0%} sure"
        if kept:
            chosen = max(kept, key=lambda one: one.threshold)
            sentence = (
                f"Kept, {asked}: measuring from a risk of {chosen.threshold:g} on, {chosen.escapes} of"
                f" {chosen.passed} passed parts were nonconforming, so at most {chosen.bound:.2%} are."
            )
            return Answer(chosen, nearest, 0, sentence)
        more = parts_needed(nearest.escapes, self.escapes, sure) - nearest.passed
        sentence = (
            f"The parts measured so far cannot support this: {asked}. Measuring from a risk of"
            f" {nearest.threshold:g} on, {nearest.escapes} of {nearest.passed} passed parts were nonconforming, so"
            f" up to {nearest.bound:.2%} may be. {more} more passed parts are needed, every one conforming."
            " Until then measure every part."
        )
        return Answer(None, nearest, more, sentence)


def upper_bound(bad: int, parts: int, sure: float) -> float:
    """The share that the truth exceeds with a probability of at most 1 - `sure`, after `bad` of `parts`."""
    if bad >= parts:
        return 1.0
    low, high = bad / parts, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(bad, parts, middle) > 1 - sure else (low, middle)
    return high


def parts_needed(bad: int, share: float, sure: float) -> int:
    """The fewest parts among which `bad` nonconforming ones bound the truth by `share`."""
    low, high = bad, bad + 1
    while upper_bound(bad, high, sure) > share:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if upper_bound(bad, middle, sure) > share else (low, middle)
    return high


def _at_most(bad: int, parts: int, share: float) -> float:
    """The binomial probability of at most that many."""
    if share <= 0:
        return 1.0
    if share >= 1:
        return float(bad >= parts)
    logs = (
        math.lgamma(parts + 1)
        - math.lgamma(k + 1)
        - math.lgamma(parts - k + 1)
        + k * math.log(share)
        + (parts - k) * math.log1p(-share)
        for k in range(bad + 1)
    )
    return math.fsum(math.exp(log) for log in logs)
