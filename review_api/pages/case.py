"""The case page: what is the matter with one part, the evidence beside it, and the decisions."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from quality.case import CaseState
from records.views import CaseDetail, FrameView, InspectionDetail
from review_api.line import parameter_in_force
from review_api.pages import case_view
from review_api.pages.advice import actions, advise
from review_api.pages.charts import history_chart
from review_api.pages.travel import journey
from review_api.pages.visit import Visit, Visited, show

router = APIRouter()

HISTORY = 60
SIMILAR = 3


@router.get("/cases/{case_id}")
def case_page(visit: Visited, case_id: UUID) -> HTMLResponse:
    """One case."""
    detail = visit.records.case(case_id)
    if detail is None:
        return show(visit, "missing.html", status=404, what="case", back="/cases")
    inspection = detail.inspection
    parameters = _parameters_in_force(visit)
    judgements = inspection.row.judgements if inspection is not None else ()
    measured = inspection.measurements if inspection is not None else {}
    suspicions = case_view.suspicions(judgements)
    recommendation = case_view.recommended(inspection, visit.plan, parameters) if inspection is not None else None
    advice = advise(detail.case, suspicions, recommendation, visit.plan)
    adjustables = case_view.adjustables(inspection, visit.plan, parameters, recommendation)
    waiting = visit.waiting()
    return show(
        visit,
        "case.html",
        case=detail.case,
        open=detail.case.state is CaseState.OPEN,
        inspection=inspection,
        matter=case_view.matter(detail.case, visit.plan, case_view.outcome(detail)),
        why=case_view.why(detail.case, judgements, measured, visit.plan),
        pictures=_pictures(visit, inspection),
        chart=_chart(visit, inspection),
        advice=advice,
        actions=actions(detail.case, advice, recommendation, adjustable=bool(adjustables)),
        adjustables=adjustables,
        similar=[
            (earlier, case_view.outcome(earlier), _thumbnail(earlier))
            for earlier in visit.records.similar_cases(case_id, SIMILAR)
        ],
        journeys=[(decision, journey(decision)) for decision in reversed(detail.decisions)],
        waiting=waiting,
        following=[row for row in waiting if row.case.id != case_id][:1],
    )


def _parameters_in_force(visit: Visit) -> dict[str, float]:
    """The values that a decision would be judged by; those that are not known now are left out."""
    state = visit.records.line_state(visit.line)
    known = {rule.name: parameter_in_force(state, rule.name, visit.now) for rule in visit.plan.parameters}
    return {name: value for name, value in known.items() if value is not None}


def _pictures(visit: Visit, inspection: InspectionDetail | None) -> tuple[case_view.Picture, ...]:
    if inspection is None:
        return ()
    good = {f.camera: visit.records.last_good_frame(visit.line, f.camera) for f in inspection.frames}
    return case_view.pictures(inspection, good)


def _chart(visit: Visit, inspection: InspectionDetail | None) -> dict[str, object] | None:
    if inspection is None:
        return None
    about = case_view.leading_characteristic(inspection.row.judgements, inspection.measurements, visit.plan)
    if about is None:
        return None
    points = visit.records.history(visit.line, about.name, inspection.row.id, HISTORY)
    return history_chart(about, points, ring_last=True)


def _thumbnail(earlier: CaseDetail) -> FrameView | None:
    frames = earlier.inspection.frames if earlier.inspection is not None else ()
    return next((frame for frame in frames if frame.kept), None)
