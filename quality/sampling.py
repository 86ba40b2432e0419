"""Which parts the shop's usual rule measures, and what measuring some parts and not others comes to.

The rule is told of every part in the order made and decides before its measurement is known. What it remembers
is `Progress`, so that deciding is a pure function.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Occasion(StrEnum):
    """Why a part is measured."""

    ROUTINE = "ROUTINE"
    """It was its turn."""
    FOLLOW_UP = "FOLLOW_UP"
    """A nonconforming part came before it, and not enough have conformed since."""
    SUSPECT = "SUSPECT"
    """The forecast or a reading told against it, or there was no forecast."""
    EXPLORE = "EXPLORE"
    """It was drawn at random."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a rule knows when a part arrives: parts seen since the last measured one (None: none was measured),
    and how many measured parts must still conform before a nonconforming one is forgotten.
    """

    since_measured: int | None = None
    to_clear: int = 0

    def passed(self) -> "Progress":
        """After a part that was not measured."""
        return Progress(None if self.since_measured is None else self.since_measured + 1, self.to_clear)

    def measured(self, *, conforming: bool, clear_after: int) -> "Progress":
        """After a part that was measured; `clear_after` in a row must conform after a nonconforming one."""
        return Progress(0, max(0, self.to_clear - 1) if conforming else clear_after)


@dataclass(frozen=True, slots=True)
class ShopRule:
    """Measure every `every`-th part, and after a nonconforming one every part until `clear_after` conform."""

    every: int
    clear_after: int

    def __post_init__(self) -> None:
        if self.every < 1 or self.clear_after < 0:
            raise ValueError(
                f"shop rule: every {self.every} must be 1 or more, clear after {self.clear_after} 0 or more"
            )

    def occasion(self, progress: Progress) -> Occasion | None:
        """Why the next part is to be measured, or None when it is not."""
        if progress.to_clear:
            return Occasion.FOLLOW_UP
        if progress.since_measured is None or progress.since_measured + 1 >= self.every:
            return Occasion.ROUTINE
        return None


@dataclass(frozen=True, slots=True)
class CostWeights:
    """What things cost, in units of one measurement."""

    escape: float = 100.0
    measuring: float = 1.0
    false_hold: float = 5.0


@dataclass(frozen=True, slots=True)
class SamplingScore:
    """What a way of choosing parts came to.

    `escapes` are nonconforming parts that were not measured, `escapes_share` their share of the nonconforming.
    `false_holds` are conforming parts kept back on suspicion (signalled, or following a nonconforming one);
    a routine measurement holds nothing. `cost` is in units of the weights.
    """

    measured_share: float
    escapes: int
    escapes_share: float | None
    false_holds: int
    cost: float

    def as_json(self) -> Mapping[str, float | int | None]:
        """Plain values under the fields' names."""
        return asdict(self)


def apply_shop_rule(rule: ShopRule, nonconforming: NDArray[np.bool_]) -> list[Occasion | None]:
    """Which of these parts, in the order made, the rule measures and why."""
    progress, occasions = Progress(), []
    for bad in nonconforming:
        occasion = rule.occasion(progress)
        occasions.append(occasion)
        if occasion is None:
            progress = progress.passed()
        else:
            progress = progress.measured(conforming=not bad, clear_after=rule.clear_after)
    return occasions


def score_sampling(
    occasions: list[Occasion | None], nonconforming: NDArray[np.bool_], weights: CostWeights
) -> SamplingScore:
    """What measuring those parts came to, given which were nonconforming."""
    measured = np.array([occasion is not None for occasion in occasions], dtype=bool)
    held = np.array([occasion in {Occasion.FOLLOW_UP, Occasion.SUSPECT} for occasion in occasions], dtype=bool)
    escapes, false_holds = int((nonconforming & ~measured).sum()), int((held & ~nonconforming).sum())
    total = int(nonconforming.sum())
    return SamplingScore(
        measured_share=float(measured.mean()) if len(measured) else 0.0,
        escapes=escapes,
        escapes_share=escapes / total if total else None,
        false_holds=false_holds,
        cost=weights.escape * escapes + weights.measuring * int(measured.sum()) + weights.false_hold * false_holds,
    )
