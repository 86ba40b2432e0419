"""One thing at a time: a case, an inspection, a characteristic's history, the line, a part."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from quality.saying import saying
from records.views import CaseDetail, HistoryPoint, InspectionDetail, InspectionRow
from review_api.access import DECIDING, EVERYONE, allowed
from review_api.accounts import Person
from review_api.collaborators import Handed
from review_api.line import age_s
from review_api.problems import Problem, documented

router = APIRouter(
    prefix="/api/v1", tags=["line"], dependencies=[Depends(allowed(*EVERYONE))], responses=documented(401, 422)
)
RECENT_PARTS = 50

RowNumber = Annotated[int, Field(ge=1, le=2**63 - 1)]


class History(BaseModel):
    """A characteristic with its limits (null where it is not limited) and its parts, oldest first."""

    characteristic: str
    title: str
    unit: str
    nominal: float | None
    lower: float
    upper: float
    points: tuple[HistoryPoint, ...]


class Line(BaseModel):
    """The line now: what the edge last showed, `age_s` seconds ago (null: never), and the newest parts."""

    line: str
    state: dict[str, Any] | None
    age_s: float | None
    recent: tuple[InspectionRow, ...]


@router.get("/cases/{case_id}", responses=documented(404))
def case(case_id: UUID, station: Handed) -> CaseDetail:
    """A case with its inspection and decisions."""
    detail = station.records.case(case_id)
    if detail is None:
        raise Problem(404, "NOT_FOUND", saying("There is no case {id}.", id=str(case_id)))
    return detail


@router.post("/cases/{case_id}/take", status_code=204, response_class=Response, responses=documented(403, 404))
def take(case_id: UUID, station: Handed, person: Annotated[Person, Depends(allowed(*DECIDING))]) -> None:
    """Shows the others that you are on the case, in place of whoever was; it binds nobody.

    Say it again every few minutes: after ten without a sign of life it is forgotten.
    """
    if not station.records.take(case_id, person.name):
        raise Problem(404, "NOT_FOUND", saying("There is no case {id} that is not closed.", id=str(case_id)))


@router.delete("/cases/{case_id}/take", status_code=204, response_class=Response, responses=documented(403))
def leave(case_id: UUID, station: Handed, person: Annotated[Person, Depends(allowed(*DECIDING))]) -> None:
    """You are not on the case any more; who has taken it meanwhile still is."""
    station.records.leave(case_id, person.name)


@router.get("/inspections/{inspection_id}", responses=documented(404))
def inspection(inspection_id: RowNumber, station: Handed) -> InspectionDetail:
    """An inspection with all of its evidence."""
    detail = station.records.inspection(inspection_id)
    if detail is None:
        raise Problem(
            404, "NOT_FOUND", saying("There is no inspection {inspection_id}.", inspection_id=inspection_id)
        )
    return detail


@router.get("/history/{characteristic}", responses=documented(404))
def history(
    characteristic: str,
    station: Handed,
    until_inspection: RowNumber | None = None,
    count: Annotated[int, Query(ge=1, le=2000)] = 100,
) -> History:
    """The last parts up to an inspection (or the newest): measured, forecast and verdict."""
    try:
        rule = station.settings.plan.characteristic(characteristic)
    except KeyError:
        raise Problem(
            404,
            "NOT_FOUND",
            saying("The control plan has no characteristic {characteristic}.", characteristic=characteristic),
        ) from None
    return History(
        characteristic=rule.name,
        title=rule.label,
        unit=rule.unit,
        nominal=rule.nominal,
        lower=rule.limits.lower,
        upper=rule.limits.upper,
        points=station.records.history(station.settings.line, rule.name, until_inspection, count),
    )


@router.get("/line")
def line(station: Handed) -> Line:
    """The line now."""
    name = station.settings.line
    state = station.records.line_state(name)
    return Line(
        line=name,
        state=state,
        age_s=age_s(state, station.clock.now()),
        recent=station.records.recent_inspections(name, RECENT_PARTS),
    )


@router.get("/parts")
def parts(
    station: Handed,
    serial: Annotated[str, Query(min_length=1, max_length=100)],
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> tuple[InspectionRow, ...]:
    """Inspections of the parts whose serial contains that, newest first."""
    return station.records.parts(serial, limit)
