"""What the page of a part says: its characteristics, and where it stands among the parts around it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from quality.case import DecisionKind
from quality.characteristic import Characteristic
from quality.containment import Containment, Passage, contain, same_tool
from quality.judge import probability_outside
from quality.judgement import Verdict
from quality.order import OrderState
from quality.plan import ControlPlan
from records.trace_views import PassageRow, Surroundings
from records.views import CaseDetail, ForecastView, InspectionDetail

SHOWN_SHARE = 0.05
"""Measured values are shown to two digits of this share of their limits' width."""
BESIDE = 12
"""Neighbours shown on either side."""
_TAKEN_BACK = frozenset({OrderState.PROPOSED, OrderState.REFUSED})


@dataclass(frozen=True, slots=True)
class Row:
    """One characteristic of the part: forecast against measured, within its limits."""

    characteristic: Characteristic
    forecast: ForecastView | None
    measured: float | None
    chance: float | None
    suspect: bool

    @property
    def signed(self) -> bool:
        """True where values of both signs conform."""
        return self.characteristic.limits.lower < 0

    @property
    def like(self) -> float | None:
        """What the digits of a measured value go by."""
        width = self.characteristic.limits.width
        return width * SHOWN_SHARE if math.isfinite(width) else None

    @property
    def out(self) -> bool:
        """True when it was measured outside its limits."""
        return self.measured is not None and not self.characteristic.limits.contain(self.measured)

    @property
    def miss(self) -> float | None:
        """Measured less forecast."""
        return None if self.measured is None or self.forecast is None else self.measured - self.forecast.mean


@dataclass(frozen=True, slots=True)
class ToolShare:
    """The parts around this one that the same tool has made, and the tool's age at this part."""

    title: str
    age: float
    life: float
    first: PassageRow
    last: PassageRow
    count: int
    held: int


@dataclass(frozen=True, slots=True)
class Suspects:
    """The suspect parts of a containment as rows, and the good parts that bound them."""

    containment: Containment
    rows: tuple[PassageRow, ...]
    last_good: PassageRow | None
    next_good: PassageRow | None

    @property
    def passed(self) -> int:
        """How many of them the gate let through."""
        return sum(row.verdict is Verdict.PASS for row in self.rows)


def rows(inspection: InspectionDetail, plan: ControlPlan) -> list[Row]:
    """The part's characteristics in the plan's order."""
    forecasts = {each.characteristic: each for each in inspection.forecasts}
    suspect = {j.subject for j in inspection.row.judgements if j.verdict is not Verdict.PASS}
    return [_row(each, forecasts, inspection, suspect) for each in plan.characteristics]


def _row(
    about: Characteristic,
    forecasts: Mapping[str, ForecastView],
    inspection: InspectionDetail,
    suspect: set[str],
) -> Row:
    forecast = forecasts.get(about.name)
    return Row(
        characteristic=about,
        forecast=forecast,
        measured=inspection.measurements.get(about.name),
        chance=None if forecast is None else probability_outside(forecast.mean, forecast.scale, about.limits),
        suspect=about.name in suspect,
    )


def is_nonconforming(inspection: InspectionDetail, cases: tuple[CaseDetail, ...], plan: ControlPlan) -> bool:
    """True when the part was measured outside its limits, or a person has confirmed the hold on it."""
    if any(row.out for row in rows(inspection, plan)):
        return True
    return any(
        decision.kind is DecisionKind.CONFIRM_HOLD and decision.travel not in _TAKEN_BACK
        for detail in cases
        for decision in detail.decisions
    )


def beside(around: Surroundings, about: int) -> tuple[PassageRow, ...]:
    """The passage and its nearest neighbours, in the order made."""
    place = next(i for i, row in enumerate(around.passages) if row.inspection_id == about)
    return around.passages[max(0, place - BESIDE) : place + BESIDE + 1]


def suspects(around: Surroundings, about: int) -> Suspects:
    """The parts that are suspect because of this one."""
    known = {row.inspection_id: row for row in around.passages}
    found = contain(_passages(around), about)
    return Suspects(
        containment=found,
        rows=tuple(known[number] for number in found.suspects),
        last_good=None if found.last_good is None else known[found.last_good],
        next_good=None if found.next_good is None else known[found.next_good],
    )


def tool_shares(around: Surroundings, about: int, plan: ControlPlan) -> list[ToolShare]:
    """The tools whose age was read with this part, each with the parts it has made around it."""
    known = {row.inspection_id: row for row in around.passages}
    shares = []
    for tool in plan.tools:
        age = known[about].readings.get(tool.reading)
        if age is None or not math.isfinite(age):
            continue
        made = [known[number] for number in same_tool(_passages(around), about, tool.reading)]
        held = sum(row.verdict is not Verdict.PASS for row in made)
        shares.append(ToolShare(tool.title, age, tool.life, made[0], made[-1], len(made), held))
    return shares


def _passages(around: Surroundings) -> list[Passage]:
    return [Passage(row.inspection_id, row.conforming, row.readings) for row in around.passages]
