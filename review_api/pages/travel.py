"""How far a decision has travelled: recorded, agreed to, sent, acknowledged, read back."""

from dataclasses import dataclass
from datetime import datetime

from quality.case import DecisionKind
from quality.order import OrderState
from records.views import DecisionView
from review_api.language import Language

SHOWN_FOR_S = 60.0
"""A decision that has arrived stays on the page for so long."""


@dataclass(frozen=True, slots=True)
class Journey:
    """The stations of a decision's way, how many of them it has passed, and how it ended, if it has.

    `outcome` is `waiting` (for a second person), `travelling`, `arrived` or `failed`.
    """

    steps: tuple[str, ...]
    passed: int
    outcome: str
    sentence: str


def journey(language: Language, decision: DecisionView) -> Journey:
    """The decision's way as the page draws it."""
    _ = language.gettext
    asks_gauge = decision.kind is DecisionKind.MEASURE
    detail = language.say(decision.detail)
    steps = [_("Recorded"), *_way(language, decision.kind)]
    if decision.second is not None and not decision.second.agrees:
        return Journey(
            (steps[0], _("Second person")), 2, "failed", _("It was not agreed to; nothing was changed.")
        )
    if decision.travel is OrderState.PROPOSED:
        return Journey(
            (steps[0], _("Second person"), *steps[1:]),
            1,
            "waiting",
            _("Recorded. It goes on when a second person agrees."),
        )
    match decision.travel:
        case OrderState.RECORDED:
            told = Journey(tuple(steps), 1, "travelling", detail or _("Recorded. The line takes it up next."))
        case OrderState.SENT:
            waits = _("Sent. Waiting for the gauge.") if asks_gauge else _("Sent. Waiting for the PLC.")
            told = Journey(tuple(steps), 2, "travelling", detail or waits)
        case OrderState.DONE:
            told = Journey(tuple(steps), len(steps), "arrived", detail or _("Done."))
        case OrderState.REFUSED:
            said = (
                _("Refused by the gauge; nothing was changed.")
                if asks_gauge
                else _("Refused by the PLC; nothing was changed.")
            )
            told = Journey(tuple(steps), 2, "failed", detail or said)
        case OrderState.UNKNOWN:
            doubt = _("It may not have been applied; look before you decide again.")
            told = Journey(tuple(steps), 2, "failed", detail or doubt)
    return told


def _way(language: Language, kind: DecisionKind) -> tuple[str, ...]:
    _ = language.gettext
    if kind is DecisionKind.MEASURE:
        return _("Gauge asked"), _("Measured")
    if kind is DecisionKind.ADJUST_PARAMETER:
        return _("Sent to PLC"), _("Acknowledged"), _("Read back")
    return _("Sent to PLC"), _("Acknowledged")


def still_shown(decision: DecisionView, now: datetime) -> bool:
    """True while the decision travels, and for a minute after it was taken."""
    return (
        decision.travel in (OrderState.PROPOSED, OrderState.RECORDED, OrderState.SENT)
        or (now - decision.decided_at).total_seconds() < SHOWN_FOR_S
    )
