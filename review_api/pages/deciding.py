"""Deciding by plain forms: what a browser without scripts sends, and what a second person signs on the spot.

Each form is answered by a redirect to the page it is about, or by the form again with why nothing was done. The
decision's id stands in the form, so that a form sent twice is one decision.
"""

from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from quality.case import DecisionKind, Disposition, Refusal
from quality.deciding import must_be_signed, suspect_in
from quality.saying import saying
from records.views import CaseDetail
from review_api.access import DECIDING, allowed
from review_api.accounts import Person, person_of
from review_api.api.decisions import AskedDecision, AskedSecond, decide, second
from review_api.collaborators import Collaborators
from review_api.pages import case_view
from review_api.pages.case import parameters_in_force
from review_api.pages.sheets import sheet
from review_api.pages.visit import Visit, Visited, show
from review_api.problems import MUST_CHANGE, REFUSAL_STATUS, Problem

router = APIRouter(dependencies=[Depends(allowed(*DECIDING))])


class DecideForm(BaseModel):
    """A decision as the form sends it; what is left empty is not there."""

    model_config = ConfigDict(extra="ignore")

    decision_id: UUID
    kind: DecisionKind
    case_version: int | None = None
    disposition: Disposition | None = None
    reason: str = ""
    reason_code: str | None = None
    parameter: str | None = None
    value: float | None = None
    secret: str = ""


class SecondForm(BaseModel):
    """What the second person says; `name` is theirs when they sign in on the spot at somebody else's tablet."""

    model_config = ConfigDict(extra="ignore")

    decision_id: UUID
    agrees: bool
    reason: str = ""
    name: str = ""
    secret: str = ""


class Refused(NamedTuple):
    """Why nothing was done: the status and what is said."""

    status: int
    said: str


@router.get("/cases/{case_id}/decide")
def ask_about_case(visit: Visited, case_id: UUID, kind: DecisionKind, parameter: str | None = None) -> Response:
    """The second touch on a case as a page of its own."""
    return _ask(visit, kind, _case(visit, case_id), parameter=parameter)


@router.get("/line/decide")
def ask_about_line(visit: Visited, kind: DecisionKind) -> Response:
    """The second touch on the line as a page of its own."""
    return _ask(visit, kind, None)


@router.post("/cases/{case_id}/decide")
async def decide_case(visit: Visited, case_id: UUID, form: Annotated[DecideForm, Form()]) -> Response:
    """Takes the decision on a case."""
    detail = await run_in_threadpool(_case, visit, case_id)
    refused = await _decide(visit, form, case_id)
    if refused is None:
        return RedirectResponse(f"/cases/{case_id}", status_code=303)
    return await run_in_threadpool(_ask, visit, form.kind, detail, refused=refused, parameter=form.parameter)


@router.post("/line/decide")
async def decide_line(visit: Visited, form: Annotated[DecideForm, Form()]) -> Response:
    """Takes the decision about the line as a whole, or the stop that was asked for on a case."""
    refused = await _decide(visit, form, None)
    if refused is None:
        return RedirectResponse("/line", status_code=303)
    return await run_in_threadpool(_ask, visit, form.kind, None, refused=refused)


@router.post("/cases/{case_id}/take")
def take(visit: Visited, case_id: UUID) -> Response:
    """The person is on the case from now on."""
    visit.records.take(case_id, visit.person.name)
    return RedirectResponse(f"/cases/{case_id}", status_code=303)


@router.post("/cases/{case_id}/leave")
def leave(visit: Visited, case_id: UUID) -> Response:
    """The person is not on the case any more."""
    visit.records.leave(case_id, visit.person.name)
    return RedirectResponse(f"/cases/{case_id}", status_code=303)


@router.get("/cases/{case_id}/second")
def ask_second(visit: Visited, case_id: UUID, *, agrees: bool) -> Response:
    """The second person's touch as a page of its own."""
    return _ask_second(visit, _case(visit, case_id), agrees=agrees)


@router.post("/cases/{case_id}/second")
async def second_case(
    request: Request, visit: Visited, case_id: UUID, form: Annotated[SecondForm, Form()]
) -> Response:
    """Takes what the second person says, signed in here or on the spot."""
    detail = await run_in_threadpool(_case, visit, case_id)
    try:
        who, proved_at = await _second_person(request, visit, form)
        asked = AskedSecond(agrees=form.agrees, reason=form.reason)
        await run_in_threadpool(second, visit.station, who, form.decision_id, asked, proved_at=proved_at)
    except (Refusal, Problem, ValidationError) as error:
        refused = _refused(visit, error)
        return await run_in_threadpool(_ask_second, visit, detail, agrees=form.agrees, refused=refused)
    return RedirectResponse(f"/cases/{case_id}", status_code=303)


async def _decide(visit: Visit, form: DecideForm, case_id: UUID | None) -> Refused | None:
    """Takes the decision; None when it was taken."""
    try:
        asked = AskedDecision(
            kind=form.kind,
            case_id=case_id,
            case_version=form.case_version,
            disposition=form.disposition,
            parameter=form.parameter,
            value=form.value,
            reason=form.reason,
            reason_code=form.reason_code,
        )
        proved_at = await _proved(visit.station, visit.person, form.secret)
        await run_in_threadpool(decide, visit.station, visit.person, form.decision_id, asked, proved_at=proved_at)
    except (Refusal, Problem, ValidationError) as error:
        return _refused(visit, error)
    return None


async def _proved(station: Collaborators, person: Person, secret: str) -> datetime | None:
    """When the person proved who they are, just now; None when nothing was entered. Raises Problem."""
    if not secret:
        return None
    await station.accounts.prove_self(person, secret)
    return station.clock.now()


async def _second_person(request: Request, visit: Visit, form: SecondForm) -> tuple[Person, datetime | None]:
    """Who speaks, and when they proved it: who is signed in, or another person on the spot. Raises Problem."""
    if not form.name:
        return visit.person, await _proved(visit.station, visit.person, form.secret)
    station = visit.station
    account = await station.accounts.prove(form.name, form.secret, station.devices.of(request))
    who = person_of(account)
    if who.must_change:
        raise Problem(403, MUST_CHANGE, saying("Choose a PIN or password of your own first."))
    return who, station.clock.now()


def _refused(visit: Visit, error: Refusal | Problem | ValidationError) -> Refused:
    match error:
        case Refusal():
            return Refused(REFUSAL_STATUS[error.code], visit.language.say(error.said))
        case Problem():
            return Refused(error.status, visit.language.say(error.said))
        case _:
            return Refused(422, "; ".join(str(each["msg"]) for each in error.errors()))


def _ask(
    visit: Visit,
    kind: DecisionKind,
    detail: CaseDetail | None,
    *,
    refused: Refused | None = None,
    parameter: str | None = None,
) -> Response:
    """The decision's form, with why the last one was refused, if it was."""
    suspect: frozenset[str] = frozenset()
    adjustables: tuple[case_view.Adjustable, ...] = ()
    if detail is not None:
        inspection = detail.inspection
        if inspection is not None:
            suspect = suspect_in(inspection.row.judgements, inspection.measurements, visit.plan)
        in_force = parameters_in_force(visit)
        suggestion = case_view.recommended(inspection, visit.plan, in_force) if inspection is not None else None
        offered = case_view.adjustables(inspection, visit.plan, in_force, suggestion)
        adjustables = tuple(sorted(offered, key=lambda each: each.rule.name != parameter))
    return show(
        visit,
        "decide.html",
        status=200 if refused is None else refused.status,
        sheet=sheet(visit.language, visit.plan, kind, None if detail is None else detail.case, suspect),
        adjustables=adjustables,
        problem="" if refused is None else refused.said,
    )


def _ask_second(visit: Visit, detail: CaseDetail, *, agrees: bool, refused: Refused | None = None) -> Response:
    proposal = case_view.proposal_of(detail)
    if proposal is None:
        return RedirectResponse(f"/cases/{detail.case.id}", status_code=303)
    return show(
        visit,
        "second_page.html",
        status=200 if refused is None else refused.status,
        case=detail.case,
        proposal=proposal,
        proposal_signed=must_be_signed(visit.plan, proposal.kind, proposal.disposition),
        agrees=agrees,
        problem="" if refused is None else refused.said,
    )


def _case(visit: Visit, case_id: UUID) -> CaseDetail:
    detail = visit.records.case(case_id)
    if detail is None:
        raise Problem(404, "NOT_FOUND", saying("There is no case {id}.", id=str(case_id)))
    return detail
