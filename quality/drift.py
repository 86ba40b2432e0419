"""Whether what a model is given, or what it says, is still what it was when the model was found good.

A series of values (a reading; the scores of passed faces) is held against a reference: the largest distance
between the two distribution functions (the two-sample test of Kolmogorov and Smirnov; its limit from Smirnov,
*Table for Estimating the Goodness of Fit of Empirical Distributions*, 1948). Neighbouring parts are alike, so that
200 parts tell less than 200 independent values would: each side counts for its effective size, n divided by the
integrated autocorrelation time with Sokal's window (*Monte Carlo Methods in Statistical Mechanics*, 1997). Of a
series that moves too slowly for its reference this test says that it cannot tell, instead of crying wolf.

Misses of the 90 % interval are bet against, one measured part after the other: see `Misses`.
"""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

WINDOW = 200
"""Parts that make a reference, and parts that are held against it."""
LOOK_EVERY = 20
"""Parts between two looks, which overlap."""
CHANCE = 1e-4
"""Of a false alarm at one look at one series."""
LEAST_EFFECTIVE = 12.0
"""A reference below it is but one piece of something slow (a day's temperature), and leaving it is no news."""
_QUANTILES = np.linspace(0, 1, 41)
_WINDOW_FACTOR = 5.0
SILENT_FROM = 30
"""Parts in a row with the very same value; at least three times the longest run of the reference."""


def effective_size(values: Array) -> float:
    """How many independent values tell as much of their distribution as these consecutive ones do.

    The smaller of two estimates: that of Sokal, and that of a first-order process with the same likeness of
    neighbours, which is seen in few values even of what moves more slowly than they last.
    """
    off = values - values.mean()
    if not (variance := float(off @ off)):
        return 1.0
    time = 1.0
    for lag in range(1, len(values)):
        time += 2 * float(off[lag:] @ off[:-lag]) / variance
        if lag >= _WINDOW_FACTOR * time:
            break
    likeness = min(float(off[1:] @ off[:-1]) / variance, 1 - 1 / len(values))
    return len(values) / max(1.0, time, (1 + likeness) / (1 - likeness))


def longest_run(values: Sequence[float]) -> int:
    """The most values in a row that are the very same."""
    longest = run = 0
    before = math.nan
    for value in values:
        run = run + 1 if value == before else 1
        longest, before = max(longest, run), value
    return longest


@dataclass(frozen=True, slots=True)
class Reference:
    """What a series was like: its quantiles at even steps, for how many independent values they count, and its
    longest run of one value.
    """

    quantiles: tuple[float, ...]
    effective: float
    run: int

    def as_json(self) -> Mapping[str, Any]:
        """As a bundle's calibration keeps it."""
        return {"quantiles": list(self.quantiles), "effective": self.effective, "run": self.run}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "Reference":
        """Raises KeyError, TypeError or ValueError when it is none."""
        quantiles = tuple(float(value) for value in said["quantiles"])
        if len(quantiles) < 2 or not np.isfinite(quantiles).all() or list(quantiles) != sorted(quantiles):  # noqa: PLR2004
            raise ValueError("the quantiles of a reference are finite and do not fall")
        return cls(quantiles, float(said["effective"]), int(said["run"]))

    @property
    def median(self) -> float:
        """In the unit of the series."""
        return float(np.interp(0.5, np.linspace(0, 1, len(self.quantiles)), self.quantiles))


def reference(values: Sequence[float]) -> Reference:
    """Of consecutive finite values, in the order made."""
    array = np.asarray(values, float)
    quantiles = tuple(round(float(q), 9) for q in np.quantile(array, _QUANTILES))
    return Reference(quantiles, round(effective_size(array), 2), longest_run(values))


@dataclass(frozen=True, slots=True)
class Shift:
    """How far a series lies from its reference: the distance of the distributions (0..1), the distance that chance
    allows (from 1 on the reference is too short to tell), and both medians.
    """

    distance: float
    allowed: float
    before: float
    now: float

    @property
    def drifts(self) -> bool:
        """Whether it is more than chance."""
        return self.distance > self.allowed


def shift(before: Reference, values: Sequence[float]) -> Shift:
    """The distance of consecutive values from the reference."""
    now = np.sort(np.asarray(values, float))
    steps = np.linspace(0, 1, len(before.quantiles))
    edges = np.asarray(before.quantiles)
    # On equal quantiles the distribution function jumps: just below it has the first step, at it the last.
    above = np.interp(now, *_last(edges, steps), left=0.0, right=1.0)
    below = np.interp(now, *_first(edges, steps), left=0.0, right=1.0)
    below = np.where(now > edges[-1], 1.0, below)
    count = len(now)
    at, just_below = (np.searchsorted(now, now, side) / count for side in ("right", "left"))
    distance = float(max(np.max(at - above), np.max(below - just_below), 0.0))
    size = effective_size(np.asarray(values, float))
    together = before.effective * size / (before.effective + size)
    allowed = math.sqrt(-math.log(CHANCE / 2) / (2 * together))
    if before.effective < LEAST_EFFECTIVE:
        allowed = max(allowed, 1.0)
    return Shift(distance, allowed, before.median, float(np.median(now)))


def _last(edges: Array, steps: Array) -> tuple[Array, Array]:
    keep = np.append(edges[1:] != edges[:-1], True)
    return edges[keep], steps[keep]


def _first(edges: Array, steps: Array) -> tuple[Array, Array]:
    keep = np.append(True, edges[1:] != edges[:-1])
    return edges[keep], steps[keep]


@dataclass(slots=True)
class Series:
    """One series as its parts come by: its reference (given, or its first WINDOW parts) and what came since."""

    before: Reference | None = None
    now: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW))
    shift: Shift | None = None
    run: int = 0
    _seen: int = 0

    def see(self, value: float) -> None:
        """The next part's; what is no number is left out."""
        if not math.isfinite(value):
            return
        self.run = self.run + 1 if self.now and self.now[-1] == value else 1
        self.now.append(value)
        self._seen += 1
        if len(self.now) < WINDOW:
            return
        if self.before is None:
            self.before = reference(list(self.now))
            last = self.now[-1]
            self.now.clear()
            # Only the run goes on across the end of the reference.
            self.now.append(last)
            self._seen = 1
        elif self._seen % LOOK_EVERY == 0:
            self.shift = shift(self.before, list(self.now))

    @property
    def silent(self) -> bool:
        """Whether it has stood still for longer than it ever did."""
        if self.before is None or self.before.quantiles[0] == self.before.quantiles[-1]:
            return False
        return self.run >= max(SILENT_FROM, 3 * self.before.run)


MISSED = 0.15
"""Of measured parts may lie outside their 90 % interval: what is meant is 10 %, and 5 points are tolerated."""
_STAKES = (0.3, 0.5)
"""Shares of misses that are bet on."""
RECENT = 40
"""Measured parts that say whether a drift of the coverage is over."""


@dataclass(slots=True)
class Misses:
    """A sequential test of whether 90 % intervals still hold, for every characteristic at once.

    Each measured part multiplies a bet by the likelihood ratio of a higher share of misses against MISSED, worth
    at most 1 on average as long as no part's chance of a miss, given those before it, is above MISSED (a test
    martingale; Shafer, *Testing by Betting*, 2021). Bets are started afresh at every part and summed, and averaged
    over stakes and characteristics, which may hang together as they like: an e-detector, which raises a false
    alarm at most once in `every` measured parts on average, by Ville's inequality (Shin, Ramdas and Rinaldo,
    *E-detectors*, 2023).
    """

    every: float = 2000.0
    standing: str = ""
    """The characteristic whose intervals miss too often now."""
    _bets: dict[str, Array] = field(default_factory=dict)
    _recent: dict[str, deque[bool]] = field(default_factory=dict)

    def see(self, missed: Mapping[str, bool]) -> None:
        """One more measured part: which of its characteristics lay outside."""
        stakes = np.array(_STAKES)
        for name, out in missed.items():
            ratio = stakes / MISSED if out else (1 - stakes) / (1 - MISSED)
            self._bets[name] = (self._bets.get(name, np.zeros(len(stakes))) + 1) * ratio
            self._recent.setdefault(name, deque(maxlen=RECENT)).append(out)
        if self.standing:
            recent = self._recent[self.standing]
            if len(recent) == RECENT and self.share(self.standing) <= MISSED:
                self.standing = ""
                self._bets.clear()
        elif missed and self.evidence >= 1:
            self.standing = max(self._bets, key=lambda name: float(self._bets[name].mean()))
            # What is over is judged from what comes after.
            self._recent[self.standing].clear()

    @property
    def evidence(self) -> float:
        """The alarm's level is 1."""
        return float(np.mean([bets.mean() for bets in self._bets.values()])) / self.every if self._bets else 0.0

    def share(self, characteristic: str) -> float:
        """Of the newest measured parts, how many lay outside their interval."""
        recent = self._recent.get(characteristic, ())
        return sum(recent) / len(recent) if recent else 0.0

    def shares(self) -> dict[str, float]:
        """Of every characteristic."""
        return {name: round(self.share(name), 3) for name in self._recent}
