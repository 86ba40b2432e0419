"""The second touch: what each decision's sheet asks, the same over a page and as a page of its own."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from quality.case import Case, DecisionKind, Disposition
from quality.deciding import must_be_signed, needs_second
from quality.plan import ControlPlan, ReasonChoice
from quality.reasons import choices
from review_api.language import N_, Language


@dataclass(frozen=True, slots=True)
class Sheet:
    """One decision's sheet. `decision_id` is its id when it is sent as a form: two touches are one decision.

    `case` is None for decisions about the line. `signed` wants a PIN or password, `second` says that another
    person will be asked; `..._as_is` say the same of using a held part as it is.
    """

    kind: DecisionKind
    title: str
    says: str
    confirm: str
    reasons: tuple[ReasonChoice, ...]
    decision_id: UUID
    case: Case | None
    signed: bool
    signed_as_is: bool
    second: bool
    second_as_is: bool

    @property
    def id(self) -> str:
        """The sheet's place on the page."""
        return f"sheet-{self.kind.value.lower().replace('_', '-')}"

    @property
    def back(self) -> str:
        """The page the decision is about."""
        return "/line" if self.case is None else f"/cases/{self.case.id}"

    @property
    def action(self) -> str:
        """Where its form is sent."""
        return f"{self.back}/decide"

    @property
    def href(self) -> str:
        """The page that asks the same, for a browser without scripts."""
        return f"{self.action}?kind={self.kind}"


_TITLES = {
    DecisionKind.ADJUST_PARAMETER: (
        N_("Adjust"),
        N_("Adjust"),
        N_("The PLC is told the new value and it is read back. The part stays held until you decide on it."),
    ),
    DecisionKind.MEASURE: (
        N_("Measure"),
        N_("Ask the gauge"),
        N_("The gauge measures every characteristic. The part stays held; the values appear here."),
    ),
    DecisionKind.RELEASE: (
        N_("Release"),
        N_("Release the part"),
        N_("The PLC opens the gate for this part alone."),
    ),
    DecisionKind.CONFIRM_HOLD: (
        N_("Confirm hold"),
        N_("Confirm hold"),
        N_("The part is taken out of the flow; say what becomes of it."),
    ),
    DecisionKind.STOP_LINE: (
        N_("Stop the line"),
        N_("Stop the line"),
        N_("No new part enters. Parts already inside are judged, and the hold lane stays as it is."),
    ),
    DecisionKind.RESUME: (N_("Resume the line"), N_("Resume the line"), N_("Parts enter again.")),
}


def sheet(
    language: Language,
    plan: ControlPlan,
    kind: DecisionKind,
    case: Case | None = None,
    suspect: frozenset[str] = frozenset(),
) -> Sheet:
    """The sheet of a decision on that case, or about the line as a whole.

    `suspect` are the characteristics that the case's part is suspect in.
    """
    title, confirm, says = (language.gettext(text) for text in _TITLES[kind])
    as_is = Disposition.USE_AS_IS if kind is DecisionKind.CONFIRM_HOLD else None
    return Sheet(
        kind,
        title,
        says,
        confirm,
        choices(plan, kind),
        uuid4(),
        case,
        signed=must_be_signed(plan, kind),
        signed_as_is=must_be_signed(plan, kind, as_is),
        second=needs_second(plan, kind, suspect=suspect),
        second_as_is=needs_second(plan, kind, as_is, suspect=suspect),
    )
