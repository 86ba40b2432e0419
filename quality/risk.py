"""The risk that the next part is nonconforming, from all that is known before it is measured.

Two witnesses: the regime the line is in (`quality.regime`), moved by how telling the part's readings are
(`quality.novelty`), and the forecast of each characteristic. Both come from the same earlier parts, so that
their odds are weighed, not multiplied: a logarithmic opinion pool (C. Genest and J. Zidek, "Combining Probability
Distributions", Statistical Science 1 (1), 1986). How far the forecast of a characteristic can be trusted is
counted while it works.

What it learns from may be chosen by the risk itself: each count is of what came true given what was said, and that
is not biased by choosing upon what was said.
"""

import math
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from quality.cues import Cue, Interruptions, PartSeen
from quality.novelty import USUAL, RecentReadings, TellingReading
from quality.regime import Regime

REMEMBERED = 64
"""Parts whose measurement may still come."""
_IMAGINED = 3.0
"""Nonconforming parts forecast and found, before anything is known of a forecast."""
_FADE = 0.99

LEAST, MOST = 0.02, 0.98
"""No witness is so sure that the other does not count."""
NEUTRAL = 0.1
"""The share of nonconforming parts at which a witness says nothing."""
REGIME, FORECAST = 0.8, 0.4
"""What the witnesses weigh. Set on simulated and made-up lines and on the older parts of a real one, where the
regime ranks the parts as well as the forecast or better; a quarter more or less changes little."""
_AGEING = 0.8
"""What is left, for each part that was not measured since, of a forecast that takes the line for good: that
nothing was seen to go wrong because nothing was measured is no reason to go on not measuring."""


@dataclass(frozen=True, slots=True)
class Risk:
    """The probability that a part is nonconforming, and where it comes from.

    `regime` of the line being in the bad regime, `reading` the most telling one and `ratio` how telling it is,
    `forecast` what the forecasts amount to, trusted as far as they deserve, or None without any.
    """

    probability: float
    regime: float
    ratio: float
    reading: str | None
    forecast: float | None
    cues: frozenset[Cue]


@dataclass(slots=True)
class Trust:
    """How often a forecast said that a part would be nonconforming, and how often it was."""

    said: float = _IMAGINED
    came: float = _IMAGINED

    def believed(self, chance: float) -> float:
        """The probability, given what the forecast says."""
        return min(1.0, chance * self.came / self.said)

    def learn(self, chance: float, *, nonconforming: bool) -> None:
        """A part of which that was said was measured."""
        self.said = _IMAGINED + _FADE * (self.said - _IMAGINED) + chance
        self.came = _IMAGINED + _FADE * (self.came - _IMAGINED) + nonconforming


@dataclass(slots=True)
class _Step:
    """A part on the way: what was known of it and, once measured, whether it was nonconforming."""

    part: PartSeen
    kinds: Mapping[str, int]
    risk: Risk
    nonconforming: bool | None = None


class LineRisk:
    """The line as its parts come by. Measurements may come late, and out of order."""

    def __init__(self, regime: Regime = Regime()) -> None:  # noqa: B008 - frozen
        self._regime = regime
        self._before = regime.usually_bad
        """The belief at the part before the oldest step."""
        self._belief = self._before
        self._steps: deque[_Step] = deque()
        self._interruptions = Interruptions()
        self._recent = RecentReadings()
        self._telling: dict[str, TellingReading] = {}
        self._trust: dict[str, Trust] = {}

    def see(self, part: PartSeen) -> Risk:
        """The next part, before it is measured."""
        cues = self._interruptions.before(part)
        kinds = self._recent.kinds(part.readings)
        ratio, reading = self._most_telling(kinds)
        conforming = 1.0
        for name, chance in part.chances.items():
            conforming *= 1 - self._trust.setdefault(name, Trust()).believed(chance)
        forecast = 1 - conforming if part.chances else None
        self._belief = self._regime.ahead(self._belief, cue=bool(cues))
        probability = self._regime.risk(self._belief, ratio)
        if forecast is not None:
            probability = pooled(probability, forecast, self._since_measured())
        risk = Risk(probability, self._belief, ratio, reading, forecast, cues)
        self._steps.append(_Step(part, kinds, risk))
        if len(self._steps) > REMEMBERED:
            self._before = self._through(self._before, self._steps.popleft())
        return risk

    def learn(self, serial: str, sequence: int, nonconforming: Collection[str]) -> None:
        """A part was measured, with these of its characteristics nonconforming; unknown parts are passed over."""
        for step in self._steps:
            if (step.part.serial, step.part.sequence) == (serial, sequence) and step.nonconforming is None:
                step.nonconforming = bool(nonconforming)
                self._count(step, nonconforming)
        self._belief = self._before
        for step in self._steps:
            self._belief = self._through(self._belief, step)

    def _since_measured(self) -> int:
        """Parts since the newest that was measured."""
        newest_first = enumerate(reversed(self._steps))
        return next((age for age, step in newest_first if step.nonconforming is not None), REMEMBERED)

    def _through(self, belief: float, step: _Step) -> float:
        """The belief after a part, from that at the part before it."""
        risk = step.risk
        belief = self._regime.ahead(belief, cue=bool(risk.cues))
        if step.nonconforming is None:
            return belief
        # What the forecast said explains nothing away: it comes from the same parts as the belief.
        return self._regime.learned(belief, nonconforming=step.nonconforming, ratio=risk.ratio)

    def _count(self, step: _Step, nonconforming: Collection[str]) -> None:
        for name, kind in step.kinds.items():
            self._telling[name].learn(kind, nonconforming=bool(nonconforming))
        for name, chance in step.part.chances.items():
            self._trust[name].learn(chance, nonconforming=name in nonconforming)

    def _most_telling(self, kinds: Mapping[str, int]) -> tuple[float, str | None]:
        """The ratio furthest from 1 among the unusual readings, and whose it is.

        Readings move together, so that multiplying their ratios would count one thing several times.
        """
        best: tuple[float, str | None] = (1.0, None)
        for name, kind in kinds.items():
            ratio = self._telling.setdefault(name, TellingReading()).ratio(kind)
            if kind != USUAL and max(ratio, 1 / ratio) > max(best[0], 1 / best[0]):
                best = (ratio, name)
        return best


def pooled(regime: float, forecast: float, age: int) -> float:
    """The probability that a part is nonconforming, from what the two say and the parts since one was measured."""
    usual = _log_odds(NEUTRAL)
    said = FORECAST * (_log_odds(forecast) - usual)
    if said < 0:
        said *= _AGEING**age
    return 1 / (1 + math.exp(-(usual + REGIME * (_log_odds(regime) - usual) + said)))


def _log_odds(probability: float) -> float:
    held = min(MOST, max(LEAST, probability))
    return math.log(held / (1 - held))
