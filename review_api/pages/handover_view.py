"""What the handover page makes of a shift: what was decided in how long, and what judges differently since."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median

from quality.case import DecisionKind
from quality.order import OrderState
from quality.saying import N_
from records.shift_views import DecidedCase, DecisionCount, InForce

TRAVELS: Mapping[OrderState, str] = {
    OrderState.PROPOSED: N_("waits for a second person"),
    OrderState.RECORDED: N_("on its way"),
    OrderState.SENT: N_("on its way"),
    OrderState.DONE: N_("done"),
    OrderState.REFUSED: N_("refused"),
    OrderState.UNKNOWN: N_("perhaps not done"),
}
SHORT = 12
"""Characters of a digest that tell it from others."""


@dataclass(frozen=True, slots=True)
class Waits:
    """How long the decided cases had waited, in seconds, and how many of them past their deadline."""

    median_s: float
    longest_s: float
    late: int


def waits(decided: Sequence[DecidedCase]) -> Waits | None:
    """None when nothing was decided."""
    if not decided:
        return None
    waited = [each.waited_s for each in decided]
    return Waits(median(waited), max(waited), sum(each.late for each in decided))


def outcomes(decided: Sequence[DecidedCase]) -> list[tuple[DecidedCase, int]]:
    """The ways in which cases were decided, the commonest first, each with an example and how often."""
    counted = Counter((each.decision, each.disposition) for each in decided)
    example = {(each.decision, each.disposition): each for each in decided}
    return [(example[key], count) for key, count in counted.most_common()]


def people(decisions: Sequence[DecisionCount]) -> dict[str, list[tuple[DecisionKind, int]]]:
    """What each person decided, and how often."""
    found: dict[str, list[tuple[DecisionKind, int]]] = {}
    for each in decisions:
        found.setdefault(each.decided_by, []).append((each.kind, each.count))
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """Something else judges from that part on; what is None stayed as it was."""

    since: datetime
    serial: str
    plan_before: str
    plan: str | None
    models: tuple[str, ...] | None


def changes(in_force: Sequence[InForce]) -> list[Change]:
    """What judged differently than before, in order."""
    return [
        Change(
            since=now.since,
            serial=now.serial,
            plan_before=before.plan_version,
            plan=now.plan_version if now.plan_version != before.plan_version else None,
            models=(
                tuple(digest[:SHORT] for digest in now.models if digest not in before.models)
                if now.models != before.models
                else None
            ),
        )
        for before, now in pairwise(in_force)
    ]
