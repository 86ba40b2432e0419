"""Which parts are measured, decided for each before it is measured: where the risk is, and a few at random.

What is measured at random shows what the risk knows nothing of, and how often, without bias.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from quality.budget import Budget
from quality.cues import PartSeen
from quality.evidence import Forecast, Reading
from quality.inspection import Cycle
from quality.judge import probability_outside
from quality.plan import ControlPlan
from quality.risk import LineRisk, Risk
from quality.sampling import Occasion

EXPLORED = 0.05
"""The share of all measuring that is done at random."""
_IN_DOUBT = 0.5


@dataclass(frozen=True, slots=True)
class Choice:
    """What was decided of a part: why it is measured (None: it is not), and the risk that was seen."""

    occasion: Occasion | None
    risk: Risk


class MeasuringPolicy:
    """Measures from a risk on that is fixed, or that a budget sets, and `explore` (a share) of the parts besides.

    The same parts with the same measurements always make the same choices, also after a restart.
    """

    def __init__(self, line: LineRisk, limit: Budget | float, explore: float) -> None:
        self._line = line
        self._explore = explore
        self._limit = limit

    @classmethod
    def within(cls, share: float, line: LineRisk | None = None) -> "MeasuringPolicy":
        """At most that share of the parts, what is measured at random included."""
        explore = EXPLORED * share if share < 1 else 0.0
        return cls(line or LineRisk(), Budget(share - explore), explore)

    def choose(self, part: PartSeen, *, must: bool = False) -> Choice:
        """Whether the next part is measured. `must` says that it cannot be passed whatever its risk."""
        risk = self._line.see(part)
        if isinstance(self._limit, Budget):
            self._limit = self._limit.arrived()
        threshold = self._limit.threshold if isinstance(self._limit, Budget) else self._limit
        if is_explored(part.serial, self._explore):
            return Choice(Occasion.EXPLORE, risk)
        if not must and risk.probability < threshold:
            return Choice(None, risk)
        if isinstance(self._limit, Budget):
            self._limit = self._limit.spent()
        return Choice(Occasion.SUSPECT if must else _occasion(risk), risk)

    def remember(self, part: PartSeen, nonconforming: Collection[str] | None) -> None:
        """An earlier part, after a restart: what was found nonconforming of it, None when it was not measured."""
        self._line.see(part)
        if isinstance(self._limit, Budget):
            self._limit = self._limit.arrived()
        if nonconforming is None:
            return
        if isinstance(self._limit, Budget) and not is_explored(part.serial, self._explore):
            self._limit = self._limit.spent()
        self.learn(part.serial, part.sequence, nonconforming)

    def learn(self, serial: str, sequence: int, nonconforming: Collection[str]) -> None:
        """A part was measured, with these of its characteristics nonconforming."""
        self._line.learn(serial, sequence, nonconforming)


def part_seen(cycle: Cycle, readings: Iterable[Reading], forecast: Forecast | None, plan: ControlPlan) -> PartSeen:
    """A part on the line, as the policy may know it before it is measured."""
    limits = {characteristic.name: characteristic.limits for characteristic in plan.characteristics}
    chances = {}
    if forecast is not None:
        for name in forecast.characteristics:
            if name in limits:
                mean, scale = forecast.of(name)
                chances[name] = probability_outside(mean, scale, limits[name])
    return PartSeen(
        cycle.serial,
        cycle.sequence,
        cycle.boot_count,
        cycle.triggered_at,
        {reading.name: reading.value for reading in readings},
        chances,
    )


def is_explored(serial: str, share: float) -> bool:
    """Whether that part is one of the random `share` (0..1) that is measured whatever its risk.

    The chance comes from a hash of the serial, so that it can be checked later that nobody picked the part.
    """
    drawn = int.from_bytes(hashlib.sha256(serial.encode()).digest()[:8], "big")
    return drawn < share * 2.0**64


def _occasion(risk: Risk) -> Occasion:
    if risk.regime >= _IN_DOUBT:
        return Occasion.FOLLOW_UP
    if risk.ratio > 1 or (risk.forecast or 0.0) > risk.regime:
        return Occasion.SUSPECT
    return Occasion.ROUTINE
