"""The case page: what is the matter with one part, the evidence beside it, and the decisions."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from quality.case import CaseState, DecisionKind
from quality.deciding import must_be_signed, suspect_in
from quality.recommend import Recommendation
from quality.wording import number
from records.views import CaseDetail, InspectionDetail
from review_api.line import parameter_in_force
from review_api.pages import case_view
from review_api.pages.advice import Advice, actions, advise, precedent
from review_api.pages.alike import most_alike
from review_api.pages.charts import Next, history_chart
from review_api.pages.sheets import sheet
from review_api.pages.travel import journey
from review_api.pages.visit import Visit, Visited, show
from review_api.pages.words import unit

router = APIRouter()

HISTORY = 60
BESIDE = 3
"""So many of the most alike earlier cases can be put beside this one."""


@router.get("/cases/{case_id}")
def case_page(visit: Visited, case_id: UUID) -> HTMLResponse:
    """One case."""
    detail = visit.records.case(case_id)
    if detail is None:
        return show(visit, "missing.html", status=404, what="case", back="/cases")
    inspection = detail.inspection
    parameters = parameters_in_force(visit)
    judgements = inspection.row.judgements if inspection is not None else ()
    measured = inspection.measurements if inspection is not None else {}
    suspicions = case_view.suspicions(judgements)
    recommendation = case_view.recommended(inspection, visit.plan, parameters) if inspection is not None else None
    advice = advise(detail.case, suspicions, recommendation, visit.plan, measured)
    adjustables = case_view.adjustables(inspection, visit.plan, parameters, recommendation)
    offered = actions(detail.case, advice, recommendation, adjustable=bool(adjustables))
    suspect = suspect_in(judgements, measured, visit.plan)
    alike = most_alike(visit.records, case_id, inspection, visit.plan)
    pictures = _pictures(visit, inspection)
    proposal = case_view.proposal_of(detail)
    waiting = visit.waiting()
    return show(
        visit,
        "case.html",
        case=detail.case,
        open=detail.case.state is CaseState.OPEN,
        inspection=inspection,
        matter=case_view.matter(detail.case, visit.plan, case_view.outcome(detail.decisions)),
        why=case_view.why(detail.case, judgements, measured, visit.plan),
        moved_by=case_view.moved_by(inspection, visit.plan) if inspection is not None else [],
        pictures=pictures,
        chart=_chart(visit, inspection, advice, recommendation),
        advice=advice,
        precedent=precedent(advice, alike),
        actions=[
            (
                action,
                sheet(
                    visit.language,
                    visit.plan,
                    action.kind,
                    None if action.kind is DecisionKind.STOP_LINE else detail.case,
                    suspect,
                ),
            )
            for action in offered
        ],
        adjustables=adjustables,
        twins=_twins(visit, [each.case.id for each in alike[:BESIDE]], pictures),
        journeys=[(decision, journey(visit.language, decision)) for decision in reversed(detail.decisions)],
        proposal=proposal,
        proposal_signed=proposal is not None and must_be_signed(visit.plan, proposal.kind, proposal.disposition),
        taken=_taken(visit, detail),
        waiting=waiting,
        overdue=[],
        following=[row for row in waiting if row.case.id != case_id][:1],
    )


def parameters_in_force(visit: Visit) -> dict[str, float]:
    """The values that a decision would be judged by; those that are not known now are left out."""
    state = visit.records.line_state(visit.line)
    known = {rule.name: parameter_in_force(state, rule.name, visit.now) for rule in visit.plan.parameters}
    return {name: value for name, value in known.items() if value is not None}


def _taken(visit: Visit, detail: CaseDetail) -> dict[str, object] | None:
    """Who is on the case, by the name that people call them, and since when."""
    if detail.taken_by is None:
        return None
    return {
        "who": visit.called(detail.taken_by),
        "since": detail.taken_at,
        "mine": detail.taken_by == visit.person.name,
    }


def _pictures(visit: Visit, inspection: InspectionDetail | None) -> tuple[case_view.Picture, ...]:
    if inspection is None:
        return ()
    good = {f.camera: visit.records.last_good_frame(visit.line, f.camera) for f in inspection.frames}
    return case_view.pictures(inspection, good)


def _twins(visit: Visit, case_ids: list[UUID], pictures: tuple[case_view.Picture, ...]) -> list[dict[str, object]]:
    """The earlier cases to be put beside the first picture, each with what was seen and decided."""
    camera = pictures[0].frame.camera if pictures else None
    twins: list[dict[str, object]] = []
    for case_id in case_ids:
        earlier = visit.records.case(case_id)
        if earlier is None:
            continue
        seen = case_view.pictures(earlier.inspection, {}) if earlier.inspection is not None else ()
        twins.append(
            {
                "case": earlier.case,
                "decided": case_view.decided(earlier.decisions),
                "picture": next((each for each in seen if each.frame.camera == camera), None),
                "inspection": earlier.inspection.row.id if earlier.inspection is not None else None,
            }
        )
    return twins


def _chart(
    visit: Visit, inspection: InspectionDetail | None, advice: Advice, recommendation: Recommendation | None
) -> dict[str, object] | None:
    if inspection is None:
        return None
    about = case_view.leading_characteristic(inspection.row.judgements, inspection.measurements, visit.plan)
    if about is None:
        return None
    points = visit.records.history(visit.line, about.name, inspection.row.id, HISTORY)
    following = []
    if recommendation is not None and advice.kind is DecisionKind.ADJUST_PARAMETER:
        effect = next((e for e in recommendation.effects if e.characteristic == about.name), None)
        if effect is not None:
            step = f"{number(recommendation.step, signed=True)} {unit(recommendation.rule.unit)}"
            following = [
                Next(visit.language.gettext("as it is"), effect.mean_before, effect.scale, after=False),
                Next(step, effect.mean_after, effect.scale, after=True),
            ]
    return history_chart(about, points, ring_last=True, control=True, following=following)
