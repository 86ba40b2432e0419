"""Taking decisions: exactly once, under an id made by the tablet, which may so ask again after a Wi-Fi gap."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from quality.case import Decision, DecisionKind, Disposition, Second
from quality.saying import saying
from records.views import DecisionView
from review_api.access import DECIDING, EVERYONE, allowed
from review_api.accounts import Person
from review_api.api.plain_text import FreeText, PlainText
from review_api.collaborators import Collaborators, Handed
from review_api.line import parameter_in_force
from review_api.problems import Problem, documented
from review_api.signing import LONGEST, Signed

router = APIRouter(prefix="/api/v1/decisions", tags=["decisions"])

Signature = Annotated[str | None, Field(max_length=LONGEST)]


class AskedEffect(BaseModel):
    """What is decided: of a case, the case and the version that the person saw.

    `disposition` belongs to CONFIRM_HOLD, `parameter` and `value` (in the parameter's unit) to ADJUST_PARAMETER.
    """

    model_config = ConfigDict(extra="forbid")

    kind: DecisionKind
    case_id: UUID | None = None
    case_version: int | None = Field(None, ge=1, le=2**31 - 1)
    disposition: Disposition | None = None
    parameter: Annotated[PlainText, Field(max_length=100)] | None = None
    value: float | None = Field(None, allow_inf_nan=False)

    def signed(self, decision_id: UUID) -> Signed:
        """What a signature for it is about."""
        return Signed(
            decision_id,
            self.kind,
            self.case_id,
            self.case_version,
            self.disposition,
            self.parameter,
            self.value,
        )


class AskedDecision(AskedEffect):
    """A decision as a tablet sends it; its id is in the path.

    It needs a `reason` in words, or a `reason_code` of the control plan. `signature` is what POST /signatures
    gave for it, where the plan wants it signed. `good_until` is up to when the person meant it to be taken: a
    tablet may have been out of reach for a while.
    """

    reason: FreeText = ""
    reason_code: str | None = Field(None, pattern=r"^[A-Z][A-Z0-9_]{0,39}$")
    signature: Signature = None
    good_until: AwareDatetime | None = None


class AskedSecond(BaseModel):
    """What the second person says. Who does not agree says why; an agreement is signed where the decision is."""

    model_config = ConfigDict(extra="forbid")

    agrees: bool
    reason: FreeText = ""
    signature: Signature = None
    good_until: AwareDatetime | None = None


def decide(
    station: Collaborators,
    person: Person,
    decision_id: UUID,
    asked: AskedDecision,
    *,
    proved_at: datetime | None = None,
) -> tuple[DecisionView, bool]:
    """Records the decision; returns it with how far it has travelled, and whether it was recorded just now.

    `proved_at` stands for a signature, from whoever has just proved the person's PIN or password for it. Durable
    when this returns. Raises Refusal, or Problem 409 LATE; then nothing was changed, and one that was late will
    not be taken however often it comes.
    """
    known = station.records.decision(decision_id) is not None
    now = station.clock.now()
    if not known:
        _refuse_late(asked.good_until, now)
        if asked.signature is not None:
            proved_at = station.signatures.when(asked.signature, asked.signed(decision_id), person.name)
    decision = Decision(
        id=decision_id,
        kind=asked.kind,
        line=station.settings.line,
        decided_by=person.name,
        role=person.role,
        decided_at=now,
        reason=asked.reason,
        case_id=asked.case_id,
        case_version=asked.case_version,
        disposition=asked.disposition,
        parameter=asked.parameter,
        value=asked.value,
        reason_code=asked.reason_code,
        signed_at=proved_at,
    )
    current = _in_force(station, asked.parameter)
    return station.records.decide(decision, station.settings.plan, current), not known


def second(
    station: Collaborators,
    person: Person,
    decision_id: UUID,
    asked: AskedSecond,
    *,
    proved_at: datetime | None = None,
) -> DecisionView:
    """Records what the second person says of that decision, and returns it. The same again changes nothing.

    `proved_at` as in `decide`. Durable when this returns. Raises Refusal, Problem 409 LATE, and 404 when there is
    no such decision; then nothing was changed.
    """
    decision = known_decision(station, decision_id)
    now = station.clock.now()
    if decision.second is None:
        _refuse_late(asked.good_until, now)
        if asked.signature is not None:
            proved_at = station.signatures.when(asked.signature, _signed(decision), person.name)
    opinion = Second(person.name, person.role, now, asked.agrees, asked.reason, proved_at)
    current = _in_force(station, decision.parameter)
    return station.records.second(decision_id, opinion, station.settings.plan, current)


def known_decision(station: Collaborators, decision_id: UUID) -> DecisionView:
    """The decision of that id. Raises Problem 404."""
    view = station.records.decision(decision_id)
    if view is None:
        raise Problem(
            404,
            "NOT_FOUND",
            saying("No such decision was taken. It is safe to send it again under the same id."),
        )
    return view


@router.put(
    "/{decision_id}",
    status_code=201,
    responses=documented(401, 403, 409, 422)
    | {200: {"description": "This decision was recorded before", "model": DecisionView}},
)
def put_decision(
    decision_id: UUID,
    asked: AskedDecision,
    station: Handed,
    response: Response,
    person: Annotated[Person, Depends(allowed(*DECIDING))],
) -> DecisionView:
    """Takes a decision. The same again under the same id changes nothing and answers 200.

    409 says that the case has moved on (STALE), was answered (ALREADY_ANSWERED), waits for a second person
    (PROPOSED), that it came after its `good_until` (LATE), or that the id belongs to another decision
    (REUSED_ID); in each of them this decision was not taken, and `first` is the one that was there before, if
    any. 403 SIGNATURE: it has to be signed, for exactly this. A decision that needs two people waits with travel
    PROPOSED.
    """
    view, new = decide(station, person, decision_id, asked)
    if not new:
        response.status_code = 200
    return view


@router.put("/{decision_id}/second", responses=documented(401, 403, 404, 409, 422))
def put_second(
    decision_id: UUID,
    asked: AskedSecond,
    station: Handed,
    person: Annotated[Person, Depends(allowed(*DECIDING))],
) -> DecisionView:
    """Agrees, or not, with a decision that needs two people; whoever proposed it may only take it back.

    The same again changes nothing. 409 ALREADY_ANSWERED: somebody else was quicker, or it needs nobody; `first`
    says who and what. 403 SIGNATURE as for a decision, with the decision's own facts.
    """
    return second(station, person, decision_id, asked)


@router.get("/{decision_id}", responses=documented(401, 404, 422))
def get_decision(
    decision_id: UUID, station: Handed, _: Annotated[Person, Depends(allowed(*EVERYONE))]
) -> DecisionView:
    """One decision and how far it has travelled; 404 says that it was never taken."""
    return known_decision(station, decision_id)


def _signed(decision: DecisionView) -> Signed:
    return Signed(
        decision.id,
        decision.kind,
        decision.case_id,
        decision.case_version,
        decision.disposition,
        decision.parameter,
        decision.value,
    )


def _in_force(station: Collaborators, parameter: str | None) -> float | None:
    if parameter is None:
        return None
    state = station.records.line_state(station.settings.line)
    return parameter_in_force(state, parameter, station.clock.now())


def _refuse_late(good_until: datetime | None, now: datetime) -> None:
    if good_until is not None and now > good_until:
        raise Problem(
            409, "LATE", saying("It came too late: things may be different by now. Look again and decide again.")
        )
