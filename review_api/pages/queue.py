"""The order in which cases wait: by the minute their answer is due, and within it by what they cost.

The order does not change while somebody looks, so that nothing moves under a finger.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from quality.deciding import suspect_in
from quality.plan import ControlPlan
from records.views import CaseRow
from review_api.pages.case_view import suspicions

CRITICAL_WEIGHS = 3.0
"""A critical characteristic counts as much as three others."""
REPEATS_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Cost:
    """How costly it is to leave a case: what it is about, how probable that is, and how often it has come lately.

    `repeats` counts the earlier cases about the same subject in the hour before; `probability` is in 0..1.
    """

    critical: bool
    probability: float
    repeats: int

    @property
    def weight(self) -> float:
        """The expected trouble: probability, threefold for a critical characteristic, times how often it came."""
        return self.probability * (CRITICAL_WEIGHS if self.critical else 1.0) * (1 + self.repeats)


def costs(rows: Sequence[CaseRow], others: Sequence[CaseRow], plan: ControlPlan) -> Mapping[UUID, Cost]:
    """The cost of each case; `others` are the newest cases of the line, these among them."""
    return {row.case.id: _cost(row, others, plan) for row in rows}


def in_order(rows: Sequence[CaseRow], cost: Mapping[UUID, Cost]) -> list[CaseRow]:
    """The rows by the minute in which they are due, the costliest of a minute first."""
    return sorted(
        rows,
        key=lambda row: (
            row.case.deadline.replace(second=0, microsecond=0),
            -cost[row.case.id].weight,
            row.case.opened_at,
        ),
    )


def _cost(row: CaseRow, others: Sequence[CaseRow], plan: ControlPlan) -> Cost:
    suspect = suspicions(row.judgements)
    subject = suspect[0].subject if suspect else None
    critical = {c.name for c in plan.characteristics if c.critical}
    earlier = (
        other
        for other in others
        if timedelta() < row.case.opened_at - other.case.opened_at < REPEATS_WITHIN
        and subject is not None
        and (found := suspicions(other.judgements))
        and found[0].subject == subject
    )
    return Cost(
        bool(critical & suspect_in(row.judgements, {}, plan)),
        suspect[0].probability if suspect else 0.0,
        sum(1 for _ in earlier),
    )
