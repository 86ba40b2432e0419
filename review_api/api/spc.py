"""Statistical process control of one characteristic: chart, signals, what happened meanwhile, and capability."""

import math
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from quality.capability import Capability
from quality.characteristic import Characteristic
from quality.run_rules import Rule, RuleSet
from quality.saying import saying
from quality.spc import LARGEST_SUBGROUP, ChartKind, Track
from records.trace_views import Span
from review_api.access import EVERYONE, allowed
from review_api.collaborators import Handed
from review_api.problems import Problem, documented
from review_api.study import MOST_PARTS, MarkKind, Question, Study, study

router = APIRouter(
    prefix="/api/v1", tags=["spc"], dependencies=[Depends(allowed(*EVERYONE))], responses=documented(401, 404, 422)
)
USUAL_SUBGROUP = 5
USUAL_COUNT = 100


class AskedStudy(BaseModel):
    """What a study can be asked. Times are those of the passages, half open: since <= time < until."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    chart: ChartKind = ChartKind.INDIVIDUALS
    size: int = Field(USUAL_SUBGROUP, ge=2, le=LARGEST_SUBGROUP, description="Parts in a subgroup, for xbar_r")
    rules: RuleSet = RuleSet.WESTERN_ELECTRIC
    count: int = Field(USUAL_COUNT, ge=2, le=MOST_PARTS, description="The newest measured parts")
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    baseline: str | None = Field(
        None,
        pattern=r"^\d{1,18}-\d{1,18}$",
        description="The inspections that the limits come from, FIRST-LAST; without it, the parts shown",
    )

    def question(self, characteristic: Characteristic) -> Question:
        """What it asks of that characteristic."""
        return Question(
            characteristic=characteristic,
            size=1 if self.chart is ChartKind.INDIVIDUALS else self.size,
            rules=self.rules,
            count=self.count,
            since=self.since,
            until=self.until,
            span=span_of(self.baseline),
        )


class ChartLine(BaseModel):
    """The centre of one of the two charts and its control limits."""

    centre: float
    lower: float
    upper: float


class PointPart(BaseModel):
    """One measured part."""

    inspection: int
    serial: str
    at: datetime
    value: float


class ChartPoint(BaseModel):
    """One point: a part, or the mean of a subgroup; `spread` is its moving range (null for the first) or range."""

    value: float
    spread: float | None
    parts: tuple[PointPart, ...]


class FoundSignal(BaseModel):
    """An occurrence of a rule: the positions of the points that make it up, from 0."""

    rule: Rule
    points: tuple[int, ...]


class FoundMark(BaseModel):
    """Something that happened before point `at` + 0.5, or within point `at` when that is whole."""

    at: float
    kind: MarkKind
    subject: str
    before: float | None
    after: float | None


class LimitsFrom(BaseModel):
    """What the limits come from: so many points, with that centre and standard deviation of a part."""

    points: int
    centre: float
    sigma: float


class Spc(BaseModel):
    """A study. Values are in `unit`; what could not be worked out from so few parts is null.

    `capability` is that of the parts shown; where `at_risk` is true, parts are measured where the risk is, so that
    they look worse than the line is.
    """

    characteristic: str
    title: str
    unit: str
    nominal: float | None
    lower: float | None
    upper: float | None
    chart: ChartKind
    size: int
    rules: RuleSet
    baseline: LimitsFrom | None
    location: ChartLine | None
    spread: ChartLine | None
    points: tuple[ChartPoint, ...]
    waiting: int
    signals: tuple[FoundSignal, ...]
    marks: tuple[FoundMark, ...]
    capability: Capability | None
    at_risk: bool


@router.get("/spc/{characteristic}")
def spc(characteristic: str, station: Handed, asked: Annotated[AskedStudy, Query()]) -> Spc:
    """The newest measured parts of a characteristic on a control chart."""
    settings = station.settings
    try:
        about = settings.plan.characteristic(characteristic)
    except KeyError:
        raise Problem(
            404, "NOT_FOUND", saying("The control plan has no characteristic {name}.", name=characteristic)
        ) from None
    answer = study(station.records, settings.line, settings.plan, asked.question(about))
    return _as_told(answer, about, at_risk=settings.plan.measure_share is not None)


def span_of(baseline: str | None) -> Span | None:
    """The span that `FIRST-LAST` names."""
    if baseline is None:
        return None
    first, _, last = baseline.partition("-")
    return Span(int(first), int(last))


def _as_told(answer: Study, about: Characteristic, *, at_risk: bool) -> Spc:
    chart, of = answer.chart, answer.baseline
    return Spc(
        characteristic=about.name,
        title=about.label,
        unit=about.unit,
        nominal=about.nominal,
        lower=about.limits.lower if math.isfinite(about.limits.lower) else None,
        upper=about.limits.upper if math.isfinite(about.limits.upper) else None,
        chart=answer.question.kind,
        size=answer.question.size,
        rules=answer.question.rules,
        baseline=None if of is None else LimitsFrom(points=of.points, centre=of.centre, sigma=of.sigma),
        location=None if chart is None else _line(chart.location),
        spread=None if chart is None else _line(chart.spread),
        points=_points(answer),
        waiting=answer.waiting,
        signals=tuple(FoundSignal(rule=each.rule, points=each.points) for each in answer.signals),
        marks=tuple(
            FoundMark(at=m.at, kind=m.kind, subject=m.subject, before=m.before, after=m.after)
            for m in answer.marks
        ),
        capability=answer.capability,
        at_risk=at_risk,
    )


def _line(track: Track) -> ChartLine:
    return ChartLine(centre=track.centre, lower=track.lower, upper=track.upper)


def _points(answer: Study) -> tuple[ChartPoint, ...]:
    spread = (None,) * len(answer.points) if answer.chart is None else answer.chart.spread.values
    return tuple(
        ChartPoint(
            value=math.fsum(part.value for part in parts) / len(parts),
            spread=spread[i],
            parts=tuple(
                PointPart(inspection=part.inspection_id, serial=part.serial, at=part.at, value=part.value)
                for part in parts
            ),
        )
        for i, parts in enumerate(answer.points)
    )
