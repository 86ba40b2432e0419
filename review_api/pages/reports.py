"""Reports: what the line made, and the defect report to take away."""

from datetime import date, datetime, time, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from review_api.pages.visit import Visited, show

router = APIRouter()


@router.get("/reports")
def reports_page(
    visit: Visited,
    first: Annotated[date | None, Query(alias="from")] = None,
    last: Annotated[date | None, Query(alias="to")] = None,
) -> HTMLResponse:
    """Totals, and links to the defect report of the days from `from` to `to`, both included."""
    zone = visit.station.settings.time_zone
    today = visit.local(visit.now).date()
    last = last or today
    first = min(first or today, last)
    since = datetime.combine(first, time(), zone)
    until = datetime.combine(last + timedelta(days=1), time(), zone)
    return show(
        visit,
        "reports.html",
        totals=visit.records.totals(visit.line),
        first=first,
        last=last,
        query=urlencode({"line": visit.line, "since": since.isoformat(), "until": until.isoformat()}),
    )
