"""The line page: whether all is right, at one glance."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from quality.case import DecisionKind
from records.views import DecisionView, Filter
from review_api.pages import line_view
from review_api.pages.charts import history_chart
from review_api.pages.sheets import sheet
from review_api.pages.travel import Journey, journey, still_shown
from review_api.pages.visit import Visit, Visited, show

router = APIRouter()

STRIP = 100
HISTORY = 60
RATE_OVER = timedelta(hours=1)


@router.get("/line")
def line_page(visit: Visited) -> HTMLResponse:
    """State, last parts, live picture, alarms, key figures and what is nearest to its limit."""
    records = visit.records
    state = records.line_state(visit.line)
    waiting = visit.waiting()
    recent = records.recent_inspections(visit.line, STRIP)
    charts = [
        (
            characteristic.name,
            history_chart(
                characteristic,
                records.history(visit.line, characteristic.name, None, HISTORY),
                ring_last=False,
            ),
        )
        for characteristic in line_view.nearest_to_limit(recent[:10], visit.plan)
    ]
    return show(
        visit,
        "line.html",
        headline=line_view.headline(visit.language, state, len(waiting), visit.now),
        state=state or {},
        cameras=_cameras(state),
        strip=tuple(reversed(recent)),
        waiting=waiting,
        open_inspections={row.inspection_id for row in waiting},
        alarms=records.listed_alarms(visit.line, visit.now),
        today=line_view.Today.of(
            records.verdict_counts(visit.line, _midnight(visit)),
            sum(records.verdict_counts(visit.line, visit.now - RATE_OVER).values()),
        ),
        charts=charts,
        journeys=_journeys(visit),
        sheet=sheet(
            visit.language,
            visit.plan,
            DecisionKind.RESUME if (state or {}).get("line_stopped") else DecisionKind.STOP_LINE,
        ),
    )


def _midnight(visit: Visit) -> datetime:
    """When the plant's day began."""
    today = visit.local(visit.now)
    return datetime.combine(today.date(), time(), today.tzinfo)


def _journeys(visit: Visit) -> list[tuple[DecisionView, Journey]]:
    """The newest decisions about the line as a whole, while they are news."""
    newest = visit.records.decisions(Filter(line=visit.line), limit=5).rows
    return [
        (decision, journey(visit.language, decision))
        for decision in newest
        if decision.kind in (DecisionKind.STOP_LINE, DecisionKind.RESUME) and still_shown(decision, visit.now)
    ][:1]


def _cameras(state: Mapping[str, object] | None) -> list[str]:
    shown = (state or {}).get("cameras")
    if not isinstance(shown, list):
        return []
    return [str(camera["name"]) for camera in shown if isinstance(camera, Mapping)]
