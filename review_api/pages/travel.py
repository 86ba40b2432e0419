"""How far a decision has travelled: recorded, sent, acknowledged."""

from dataclasses import dataclass
from datetime import datetime

from quality.case import DecisionKind
from quality.order import OrderState
from records.views import DecisionView

SHOWN_FOR_S = 60.0
"""A decision that has arrived stays on the page for so long."""


@dataclass(frozen=True, slots=True)
class Journey:
    """The stations of a decision's way, how many of them it has passed, and how it ended, if it has.

    `outcome` is `travelling`, `arrived` or `failed`.
    """

    steps: tuple[str, ...]
    passed: int
    outcome: str
    sentence: str


def journey(decision: DecisionView) -> Journey:
    """The decision's way as the page draws it."""
    asks_gauge = decision.kind is DecisionKind.MEASURE
    steps = ("Recorded", "Gauge asked", "Measured") if asks_gauge else ("Recorded", "Sent to PLC", "Acknowledged")
    waits_for = "the gauge" if asks_gauge else "the PLC"
    match decision.travel:
        case OrderState.RECORDED:
            return Journey(steps, 1, "travelling", decision.detail or "Recorded. The line takes it up next.")
        case OrderState.SENT:
            return Journey(steps, 2, "travelling", decision.detail or f"Sent. Waiting for {waits_for}.")
        case OrderState.DONE:
            return Journey(steps, 3, "arrived", decision.detail or "Done.")
        case OrderState.REFUSED:
            return Journey(steps, 2, "failed", decision.detail or f"Refused by {waits_for}; nothing was changed.")
        case OrderState.UNKNOWN:
            return Journey(
                steps,
                2,
                "failed",
                decision.detail or "It may not have been applied; look before you decide again.",
            )


def still_shown(decision: DecisionView, now: datetime) -> bool:
    """True while the decision travels, and for a minute after it was taken."""
    return (
        decision.travel in (OrderState.RECORDED, OrderState.SENT)
        or (now - decision.decided_at).total_seconds() < SHOWN_FOR_S
    )
