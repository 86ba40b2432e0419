"""Handover: one shift on one page, and the note it leaves for the next."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import AfterValidator, AwareDatetime, Field
from starlette.responses import Response

from quality.shift import Shift
from quality.text import plain_lines
from review_api.access import allowed
from review_api.accounts import Person
from review_api.api import shifts as api
from review_api.api.alarms import AT_THE_LINE
from review_api.pages import alarm_view, handover_view
from review_api.pages.plans import READERS
from review_api.pages.visit import Visit, Visited, show
from review_api.problems import Problem

router = APIRouter(prefix="/handover")
Writer = Annotated[Person, Depends(allowed(*AT_THE_LINE))]


@router.get("")
def handover_page(visit: Visited, start: AwareDatetime | None = None) -> HTMLResponse:
    """The shift in which that moment lies; without one, the shift that runs now."""
    return _page(visit, api.shift_of(visit.station, start or visit.now))


@router.post("/{start}/note")
def write_note(
    start: AwareDatetime,
    visit: Visited,
    person: Writer,
    text: Annotated[str, Form(), AfterValidator(plain_lines), Field(max_length=api.LONGEST_NOTE)] = "",
    version: Annotated[int, Form(ge=0, le=2**31 - 2)] = 0,
) -> Response:
    """Writes the shift's note; when somebody else has meanwhile, shows theirs beside what was typed."""
    shift = api.shift_of(visit.station, start)
    try:
        api.write_note(visit.station, person, shift, api.AskedNote(text=text, version=version))
    except Problem as problem:
        return _page(visit, shift, problem, text)
    return RedirectResponse(f"/handover?start={shift.start:%Y-%m-%dT%H:%M:%SZ}", 303)


def _page(visit: Visit, shift: Shift, problem: Problem | None = None, typed: str | None = None) -> HTMLResponse:
    summed = api.summary(visit.station, shift)
    record = summed.record
    rate = api.rate_of(visit.station, shift)
    return show(
        visit,
        "handover.html",
        status=200 if problem is None else problem.status,
        shift=summed,
        record=record,
        runs=visit.now in shift,
        made=sum(record.verdicts.values()),
        waits=handover_view.waits(record.decided),
        outcomes=handover_view.outcomes(record.decided),
        people=handover_view.people(record.decisions),
        changes=handover_view.changes(record.in_force),
        in_force=record.in_force[-1] if record.in_force else None,
        travels=handover_view.TRAVELS,
        alarms_raised=sum(each.count for each in record.alarms),
        rate=rate,
        drawing=alarm_view.draw_rate(visit.language, rate),
        writes=visit.person.role in AT_THE_LINE,
        reads_plans=visit.person.role in READERS,
        problem=problem,
        typed=typed,
        address=lambda at: f"/handover?start={at:%Y-%m-%dT%H:%M:%SZ}",
    )
