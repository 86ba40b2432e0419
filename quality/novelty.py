"""What is unusual in a part's readings, and how much likelier that has proved to be on a nonconforming part.

How far a reading lies from the recent ones is sorted into seven kinds. How often each kind occurs among the
nonconforming and among the conforming parts is counted from the measured parts, old ones fading, on top of a few
imagined ones; the quotient is a likelihood ratio (a Dirichlet prior with its posterior mean).
"""

from bisect import bisect
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RECENT = 20
NEEDED = 8
"""Readings that there must be before one can be unusual."""
LEAST_SPREAD = 1e-3
"""Of the median: a spread below it is taken for the sensor's resolution."""
EDGES = (-8.0, -4.0, -2.0, 2.0, 4.0, 8.0)
"""Between the kinds, in robust standard deviations."""
USUAL = len(EDGES) // 2
_SHARES = np.array([0.003, 0.01, 0.05, 0.874, 0.05, 0.01, 0.003])
_SUSPICION = np.array([8.0, 8.0, 1.0, 1.0, 1.0, 8.0, 8.0])
"""How much likelier the far kinds are held to be on a nonconforming part, before anything is known."""
_FIRST_BAD = 3.0 * _SHARES * _SUSPICION / (_SHARES * _SUSPICION).sum()
_FIRST_GOOD = 15.0 * _SHARES / _SHARES.sum()
"""Three nonconforming and fifteen conforming parts that were only imagined."""
_FADE = 0.98
"""What a measured part still counts for after the next one."""
LEAST, MOST = 0.5, 20.0
"""Neighbouring parts are alike, so that a run of them tells less than its number says."""


class RecentReadings:
    """The newest values of each reading, against which the next one is held."""

    def __init__(self) -> None:
        self._recent: dict[str, deque[float]] = {}

    def kinds(self, readings: Mapping[str, float]) -> dict[str, int]:
        """The kind (0..6, the middle one usual) of each finite reading of the next part; remembers them."""
        kinds = {}
        for name, value in readings.items():
            if np.isfinite(value):
                recent = self._recent.setdefault(name, deque(maxlen=RECENT))
                kinds[name] = bisect(EDGES, distance(value, recent)) if len(recent) >= NEEDED else USUAL
                recent.append(value)
        return kinds


def distance(value: float, recent: deque[float]) -> float:
    """How far a value lies above the median of the recent ones, in robust standard deviations.

    One is 1.4826 times the median absolute deviation, which for normal values is the standard deviation.
    """
    values = np.array(recent)
    median = float(np.median(values))
    spread = max(1.4826 * float(np.median(np.abs(values - median))), LEAST_SPREAD * abs(median))
    return (value - median) / spread if spread else 0.0


@dataclass(slots=True)
class TellingReading:
    """How often each kind of one reading occurred, on nonconforming and on conforming parts."""

    bad: Array = field(default_factory=_FIRST_BAD.copy)
    good: Array = field(default_factory=_FIRST_GOOD.copy)

    def ratio(self, kind: int) -> float:
        """How many times likelier that kind is on a nonconforming part than on a conforming one."""
        ratio = float((self.bad[kind] / self.bad.sum()) / (self.good[kind] / self.good.sum()))
        return min(MOST, max(LEAST, ratio))

    def learn(self, kind: int, *, nonconforming: bool) -> None:
        """A measured part had a reading of that kind."""
        for counts, first in ((self.bad, _FIRST_BAD), (self.good, _FIRST_GOOD)):
            counts[:] = first + _FADE * (counts - first)
        (self.bad if nonconforming else self.good)[kind] += 1
