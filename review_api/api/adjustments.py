"""Trying an adjustment: what it would do to the next parts, and who would have to agree. Nothing is recorded."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from quality.case import DecisionKind
from quality.deciding import check_adjustment, must_be_signed, needs_second
from quality.recommend import as_made_now, effects_of
from quality.saying import saying
from records.views import InspectionDetail
from review_api.access import DECIDING, allowed
from review_api.api.plain_text import PlainText
from review_api.collaborators import Collaborators, Handed
from review_api.line import parameter_in_force
from review_api.problems import Problem, documented

router = APIRouter(prefix="/api/v1/adjustments", tags=["decisions"])


class AskedTrial(BaseModel):
    """A parameter and the value tried, in its unit; with a case, what it would do to parts like the case's."""

    model_config = ConfigDict(extra="forbid")

    parameter: Annotated[PlainText, Field(max_length=100)]
    value: float = Field(allow_inf_nan=False)
    case_id: UUID | None = None


class TriedEffect(BaseModel):
    """The forecast of one characteristic before and after, mean ± `scale` in its unit, beside its limits."""

    characteristic: str
    title: str
    unit: str
    mean_before: float
    mean_after: float
    scale: float
    lower: float
    upper: float


class Trial(BaseModel):
    """What would come of it. In one step, the parameter goes from `lowest` to `highest`, in its unit."""

    parameter: str
    title: str
    unit: str
    current: float
    value: float
    lowest: float
    highest: float
    largest_step: float
    needs_second: bool
    needs_signature: bool
    effects: tuple[TriedEffect, ...]


@router.post("/try", dependencies=[Depends(allowed(*DECIDING))], responses=documented(401, 403, 404, 422))
def try_adjustment(asked: AskedTrial, station: Handed) -> Trial:
    """Tries an adjustment. One that would be refused is answered with that refusal (422 OUT_OF_LIMITS)."""
    plan = station.settings.plan
    state, now = station.records.line_state(station.settings.line), station.clock.now()
    known = {rule.name: parameter_in_force(state, rule.name, now) for rule in plan.parameters}
    in_force = {name: value for name, value in known.items() if value is not None}
    current = in_force.get(asked.parameter)
    check_adjustment(asked.parameter, asked.value, plan, current)
    rule = plan.parameter(asked.parameter)
    current = in_force[rule.name]
    part = _part(station, asked.case_id)
    forecasts = {}
    if part is not None:
        said = {f.characteristic: (f.mean, f.scale) for f in part.forecasts}
        forecasts = as_made_now(said, part.readings, plan, in_force)
    effects = []
    for effect in effects_of(rule, asked.value - current, forecasts):
        moved = plan.characteristic(effect.characteristic)
        effects.append(
            TriedEffect(
                characteristic=moved.name,
                title=moved.label,
                unit=moved.unit,
                mean_before=effect.mean_before,
                mean_after=effect.mean_after,
                scale=effect.scale,
                lower=moved.limits.lower,
                upper=moved.limits.upper,
            )
        )
    return Trial(
        parameter=rule.name,
        title=rule.title,
        unit=rule.unit,
        current=current,
        value=asked.value,
        lowest=max(rule.limits.lower, current - rule.largest_step),
        highest=min(rule.limits.upper, current + rule.largest_step),
        largest_step=rule.largest_step,
        needs_second=needs_second(plan, DecisionKind.ADJUST_PARAMETER, step=(rule.name, current, asked.value)),
        needs_signature=must_be_signed(plan, DecisionKind.ADJUST_PARAMETER),
        effects=tuple(effects),
    )


def _part(station: Collaborators, case_id: UUID | None) -> InspectionDetail | None:
    """The case's part; without a case, the newest."""
    if case_id is not None:
        detail = station.records.case(case_id)
        if detail is None:
            raise Problem(404, "NOT_FOUND", saying("There is no case {id}.", id=str(case_id)))
        return detail.inspection
    newest = station.records.recent_inspections(station.settings.line, 1)
    return station.records.inspection(newest[0].id) if newest else None
