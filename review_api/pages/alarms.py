"""Alarms: what a person has to see, how often they come, and all there were."""

from datetime import date, datetime, time, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import AfterValidator, BeforeValidator
from starlette.responses import Response

from quality.alarm import AlarmState, Priority, alarm_rate
from quality.case import DECIDING_ROLES
from quality.text import plain
from records.views import AlarmFilter
from review_api.access import DECIDING, allowed
from review_api.accounts import Person
from review_api.api import alarms as api
from review_api.collaborators import Handed
from review_api.pages import alarm_view
from review_api.pages.visit import Visited, show

router = APIRouter(prefix="/alarms")
RATE_OVER = timedelta(hours=8)
SHOWN = 50
BACK = "/alarms"
Day = Annotated[date | None, BeforeValidator(lambda typed: typed or None)]
"""A field for a day, which a browser sends empty when nobody has set it."""
Acknowledger = Annotated[Person, Depends(allowed(*api.AT_THE_LINE))]
Shelver = Annotated[Person, Depends(allowed(*DECIDING))]


@router.get("")
def alarms_page(visit: Visited) -> HTMLResponse:
    """The list, the most urgent first, what is out of sight, and the rate."""
    now = visit.now
    listed = visit.records.listed_alarms(visit.line, now)
    rate = alarm_rate(visit.records.alarms_raised(visit.line, now - RATE_OVER, now), now - RATE_OVER, now)
    shown = [each for each in listed if each.state is not AlarmState.SHELVED]
    return show(
        visit,
        "alarms.html",
        groups=[
            (priority, [each for each in shown if each.alarm.priority == priority])
            for priority in Priority
            if any(each.alarm.priority == priority for each in shown)
        ],
        unheard=sum(each.state in {AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED} for each in shown),
        shelved=[each for each in listed if each.state is AlarmState.SHELVED],
        firsts={each.alarm.id: each.alarm for each in listed if each.first_out},
        rate=rate,
        drawing=alarm_view.draw_rate(visit.language, rate),
        hours=RATE_OVER // timedelta(hours=1),
        acknowledges=visit.person.role in api.AT_THE_LINE,
        shelves=visit.person.role in DECIDING_ROLES,
        minutes=alarm_view.SHELF_MINUTES,
        usual=alarm_view.SHELF_REASONS,
    )


@router.get("/history")
def history_page(
    visit: Visited,
    first: Annotated[Day, Query(alias="from")] = None,
    last: Annotated[Day, Query(alias="to")] = None,
    priority: Annotated[int | None, Query(ge=1, le=3)] = None,
    source: Annotated[str | None, Query(max_length=200)] = None,
    kind: Annotated[str | None, Query(max_length=100)] = None,
    below: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
) -> HTMLResponse:
    """All alarms of the days from `from` to `to`, both included, narrowed to a priority, source or kind."""
    zone = visit.station.settings.time_zone
    since = None if first is None else datetime.combine(first, time(), zone)
    until = None if last is None else datetime.combine(last, time(), zone) + timedelta(days=1)
    page = visit.records.alarm_history(visit.line, AlarmFilter(since, until, priority, source, kind), below, SHOWN)
    chosen = {"from": first, "to": last, "priority": priority, "source": source, "kind": kind}

    def narrowed(**to: object) -> str:
        wanted = {name: value for name, value in (chosen | to).items() if value is not None}
        return f"{BACK}/history?{urlencode(wanted)}"

    return show(
        visit,
        "alarm_history.html",
        rows=page.rows,
        older=page.next_below,
        first=first,
        last=last,
        priority=priority,
        source=source,
        kind=kind,
        narrowed=narrowed,
        priorities=tuple(Priority),
    )


@router.post("/{alarm_id}/acknowledge")
def acknowledge(alarm_id: api.AlarmNumber, station: Handed, person: Acknowledger) -> Response:
    """The person knows of it."""
    api.acknowledge(alarm_id, station, person)
    return RedirectResponse(BACK, 303)


@router.post("/{alarm_id}/shelve")
def shelve(
    alarm_id: api.AlarmNumber,
    station: Handed,
    person: Shelver,
    minutes: Annotated[int, Form(ge=1, le=api.LONGEST_SHELF // api.MINUTE)],
    reason: Annotated[str, Form(min_length=1, max_length=100)],
    note: Annotated[str, Form(max_length=300), AfterValidator(plain)] = "",
) -> Response:
    """Puts alarms out of sight for the chosen time and reason."""
    said = f"{reason}: {note}" if note else reason
    api.shelve(alarm_id, api.AskedShelf(minutes=minutes, reason=said), station, person)
    return RedirectResponse(BACK, 303)


@router.post("/{alarm_id}/unshelve")
def unshelve(alarm_id: api.AlarmNumber, station: Handed, person: Shelver) -> Response:
    """Shows them again."""
    api.unshelve(alarm_id, station, person)
    return RedirectResponse(BACK, 303)
