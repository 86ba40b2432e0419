"""The queue: every case that waits, the least time left first."""

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from quality.case import CaseState
from records.views import CaseRow, FrameView
from review_api.pages import case_view, words
from review_api.pages.visit import Visit, Visited, show

router = APIRouter()

STATES = {
    "open": frozenset({CaseState.OPEN, CaseState.ANSWERED}),
    "closed": frozenset({CaseState.CLOSED}),
}
SHOWN = 40


@router.get("/cases")
def cases_page(
    visit: Visited, state: Literal["open", "closed"] = "open", below: int | None = None
) -> HTMLResponse:
    """The queue, or what has been decided."""
    page = visit.records.cases(visit.line, STATES[state], below=below, limit=SHOWN)
    rows = sorted(page.rows, key=lambda row: row.case.deadline) if state == "open" else page.rows
    return show(
        visit,
        "cases.html",
        state=state,
        entries=[_entry(visit, row) for row in rows],
        older=page.next_below,
    )


def _entry(visit: Visit, row: CaseRow) -> dict[str, object]:
    """One line of the queue."""
    detail = visit.records.case(row.case.id)
    inspection = detail.inspection if detail is not None else None
    measured = inspection.measurements if inspection is not None else {}
    frames: tuple[FrameView, ...] = inspection.frames if inspection is not None else ()
    suspect = case_view.suspicions(row.judgements)
    return {
        "case": row.case,
        "matter": case_view.matter(
            row.case, visit.plan, case_view.outcome(detail) if detail is not None else "decided"
        ),
        "why": case_view.why(row.case, row.judgements, measured, visit.plan)[0],
        "picture": next((frame for frame in frames if frame.kept), None),
        "subject": words.subject(visit.language, suspect[0], visit.plan) if suspect else "",
        "probability": suspect[0].probability if suspect and suspect[0].subject[:9] != "evidence:" else None,
    }
