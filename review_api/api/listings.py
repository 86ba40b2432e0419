"""Listings for programs: newest first, narrowed by filters, a page at a time by opaque cursors."""

from typing import Annotated, Generic, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from quality.case import CaseState
from quality.judgement import Verdict
from records.views import CaseRow, DecisionView, Filter, InspectionRow, MeasurementRow
from review_api.access import EVERYONE, allowed
from review_api.collaborators import Handed
from review_api.problems import documented

router = APIRouter(
    prefix="/api/v1", tags=["listings"], dependencies=[Depends(allowed(*EVERYONE))], responses=documented(401, 422)
)
T = TypeVar("T")
PAGES_SEARCHED = 20


class Listing(BaseModel, Generic[T]):
    """One page. Ask again with `cursor` set to `next` while that is not null, even after a short page."""

    items: tuple[T, ...]
    next: str | None


class Asked(BaseModel):
    """What every listing can be asked. Times are ISO 8601 with a zone, half open: since <= time < until."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    line: str | None = Field(None, max_length=100)
    serial: str | None = Field(None, max_length=100)
    cursor: str | None = Field(None, max_length=200)
    limit: int = Field(50, ge=1, le=500)

    def filter(self) -> Filter:
        """The filter it amounts to."""
        return Filter(line=self.line, since=self.since, until=self.until, serial=self.serial)


class AskedMeasurements(Asked):
    """As every listing, and by characteristic."""

    characteristic: str | None = Field(None, max_length=100)

    def filter(self) -> Filter:
        """The filter it amounts to."""
        return Filter(
            line=self.line,
            since=self.since,
            until=self.until,
            characteristic=self.characteristic,
            serial=self.serial,
        )


class AskedInspections(AskedMeasurements):
    """As every listing, and by verdict and by a characteristic that was judged."""

    verdict: Verdict | None = None

    def filter(self) -> Filter:
        """The filter it amounts to."""
        return Filter(
            line=self.line,
            since=self.since,
            until=self.until,
            verdict=self.verdict,
            characteristic=self.characteristic,
            serial=self.serial,
        )


class AskedCases(AskedInspections):
    """As inspections, and by state; times are those at which the case was opened."""

    state: CaseState | None = None

    def meets(self, row: CaseRow) -> bool:
        """True for a case that was asked for; line and state are left to the store."""
        case = row.case
        return (
            (self.since is None or self.since <= case.opened_at)
            and (self.until is None or case.opened_at < self.until)
            and (self.serial is None or self.serial == case.serial)
            and (self.verdict is None or self.verdict is row.verdict)
            and (self.characteristic is None or any(j.subject == self.characteristic for j in row.judgements))
        )


@router.get("/inspections", response_model=Listing[InspectionRow])
async def inspections(request: Request, station: Handed, asked: Annotated[AskedInspections, Query()]) -> Response:
    """Inspections by the time of their trigger."""
    below = station.cursors.open("inspections", asked.cursor)
    content = await station.newest.page(request.scope["query_string"], (asked.filter(), below, asked.limit))
    return Response(content, media_type="application/json")


@router.get("/cases")
def cases(station: Handed, asked: Annotated[AskedCases, Query()]) -> Listing[CaseRow]:
    """Cases by the time they were opened."""
    below = station.cursors.open("cases", asked.cursor)
    states = None if asked.state is None else frozenset({asked.state})
    rows: tuple[CaseRow, ...] = ()
    for _ in range(PAGES_SEARCHED):
        page = station.records.cases(asked.line, states, below, asked.limit)
        rows = tuple(row for row in page.rows if asked.meets(row))
        below = page.next_below
        if rows or below is None:
            break
    return Listing(items=rows, next=station.cursors.seal("cases", below))


@router.get("/decisions")
def decisions(station: Handed, asked: Annotated[Asked, Query()]) -> Listing[DecisionView]:
    """Decisions by the time they were taken."""
    page = station.records.decisions(asked.filter(), station.cursors.open("decisions", asked.cursor), asked.limit)
    return Listing(items=page.rows, next=station.cursors.seal("decisions", page.next_below))


@router.get("/measurements")
def measurements(station: Handed, asked: Annotated[AskedMeasurements, Query()]) -> Listing[MeasurementRow]:
    """Measured values by the time of measuring."""
    below = station.cursors.open("measurements", asked.cursor)
    page = station.records.measurements(asked.filter(), below, asked.limit)
    return Listing(items=page.rows, next=station.cursors.seal("measurements", page.next_below))
