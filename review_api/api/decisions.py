"""Taking decisions: exactly once, under an id made by the tablet, which may so ask again after a Wi-Fi gap."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from quality.case import Decision, DecisionKind, Disposition
from quality.saying import saying
from records.views import DecisionView
from review_api.access import DECIDING, EVERYONE, allowed
from review_api.accounts import Person
from review_api.collaborators import Collaborators, Handed
from review_api.line import parameter_in_force
from review_api.problems import Problem, documented

router = APIRouter(prefix="/api/v1/decisions", tags=["decisions"])


class AskedDecision(BaseModel):
    """A decision as a tablet sends it; its id is in the path.

    A case's decision names the case and the version that the person saw. `disposition` belongs to CONFIRM_HOLD,
    `parameter` and `value` (in the parameter's unit) to ADJUST_PARAMETER. `good_until` is up to when the person meant it
    to be taken: a tablet may have been out of reach for a while.
    """

    model_config = ConfigDict(extra="forbid")

    kind: DecisionKind
    reason: str = Field(max_length=2000)
    case_id: UUID | None = None
    case_version: int | None = Field(None, ge=1, le=2**31 - 1)
    disposition: Disposition | None = None
    parameter: str | None = Field(None, max_length=100)
    value: float | None = Field(None, allow_inf_nan=False)
    good_until: AwareDatetime | None = None


def decide(
    station: Collaborators, person: Person, decision_id: UUID, asked: AskedDecision
) -> tuple[DecisionView, bool]:
    """Records the decision; returns it with how far it has travelled, and whether it was recorded just now.

    Durable when this returns. Raises Refusal, or Problem 409 LATE; then nothing was changed, and one that was late
    will not be taken however often it comes.
    """
    now = station.clock.now()
    current = None
    if asked.parameter is not None:
        current = parameter_in_force(station.records.line_state(station.settings.line), asked.parameter, now)
    decision = Decision(
        id=decision_id,
        kind=asked.kind,
        line=station.settings.line,
        decided_by=person.name,
        role=person.role,
        decided_at=now,
        reason=asked.reason.strip(),
        case_id=asked.case_id,
        case_version=asked.case_version,
        disposition=asked.disposition,
        parameter=asked.parameter,
        value=asked.value,
    )
    known = station.records.decision(decision_id) is not None
    if not known and asked.good_until is not None and now > asked.good_until:
        raise Problem(
            409, "LATE", saying("It came too late: things may be different by now. Look again and decide again.")
        )
    return station.records.decide(decision, station.settings.plan, current), not known


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

    409 says that the case has moved on (STALE), was answered (ALREADY_ANSWERED), that it came after its `good_until`
    (LATE), or that the id belongs to another decision (REUSED_ID); in each of them this decision was not taken.
    """
    view, new = decide(station, person, decision_id, asked)
    if not new:
        response.status_code = 200
    return view


@router.get("/{decision_id}", responses=documented(401, 404, 422))
def get_decision(
    decision_id: UUID, station: Handed, _: Annotated[Person, Depends(allowed(*EVERYONE))]
) -> DecisionView:
    """One decision and how far it has travelled; 404 says that it was never taken."""
    view = station.records.decision(decision_id)
    if view is None:
        raise Problem(
            404, "NOT_FOUND", "No such decision was taken. It is safe to send it again under the same id."
        )
    return view
