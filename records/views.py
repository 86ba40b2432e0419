"""What the store shows to the review station: plain, frozen, ready to be sent as JSON or drawn on a page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from quality.case import Case, DecisionKind, Disposition
from quality.judgement import Judgement, Verdict
from quality.order import OrderState
from quality.plan import Role

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ForecastView:
    """Mean and scale of one characteristic as it was forecast for one part, in its unit."""

    characteristic: str
    mean: float
    scale: float


@dataclass(frozen=True, slots=True)
class FindingView:
    """What the surface model saw: `boxes` are (left, top, width, height, score) in pixels of the full frame.

    `map` is rows of values 0..255 (uint8, coarse), or None when it was not kept.
    """

    camera: str
    score: float
    boxes: tuple[tuple[int, int, int, int, float], ...]
    map: tuple[tuple[int, ...], ...] | None


@dataclass(frozen=True, slots=True)
class FrameView:
    """A picture of the part; `kept` says whether its file is on disk under its hash."""

    camera: str
    sha256: str
    captured_at: datetime
    width: int
    height: int
    kept: bool


@dataclass(frozen=True, slots=True)
class InspectionRow:
    """One inspection as lists show it."""

    id: int
    line: str
    station: str
    boot_count: int
    cycle_sequence: int
    serial: str
    triggered_at: datetime
    judged_at: datetime
    verdict: Verdict
    plan_version: str
    models: tuple[str, ...]
    judgements: tuple[Judgement, ...]
    answer: str | None
    """How the PLC answered the verdict, or None while it has not."""


@dataclass(frozen=True, slots=True)
class InspectionDetail:
    """One inspection with all of its evidence."""

    row: InspectionRow
    readings: Mapping[str, float]
    forecasts: tuple[ForecastView, ...]
    findings: tuple[FindingView, ...]
    frames: tuple[FrameView, ...]
    measurements: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A decision and how far it has travelled.

    `travel` is RECORDED (waits for the edge), SENT, DONE, REFUSED or UNKNOWN, `detail` the sentence with it.
    """

    id: UUID
    kind: DecisionKind
    case_id: UUID | None
    decided_by: str
    role: Role
    decided_at: datetime
    reason: str
    disposition: Disposition | None
    parameter: str | None
    value: float | None
    travel: OrderState
    detail: str
    serial: str | None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as the queue shows it, with the judgements that opened it."""

    case: Case
    inspection_id: int | None
    verdict: Verdict | None
    judgements: tuple[Judgement, ...]


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """A case with its inspection and every decision taken on it, oldest first."""

    case: Case
    inspection: InspectionDetail | None
    decisions: tuple[DecisionView, ...]


@dataclass(frozen=True, slots=True)
class EarlierCase:
    """A closed case: what its evidence looked like, and what was decided on it, oldest first.

    `sizes` is the (width, height) of each camera's frame in pixels; findings come without their maps.
    """

    case: Case
    forecasts: tuple[ForecastView, ...]
    findings: tuple[FindingView, ...]
    sizes: Mapping[str, tuple[int, int]]
    decisions: tuple[DecisionView, ...]


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """One part in the history of one characteristic; what is not known is None."""

    cycle_sequence: int
    serial: str
    at: datetime
    measured: float | None
    mean: float | None
    scale: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class MeasurementRow:
    """One measured value."""

    id: int
    line: str
    serial: str
    cycle_sequence: int
    characteristic: str
    value: float
    at: datetime
    conforming: bool


@dataclass(frozen=True, slots=True)
class AlarmView:
    """An alarm; `cleared_at` is None while it stands."""

    id: int
    source: str
    kind: str
    priority: int
    sentence: str
    raised_at: datetime
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True)
class Account:
    """Who may sign in. `password_hash` is argon2id's encoded form."""

    name: str
    display_name: str
    role: Role
    password_hash: str
    hints_seen: bool = False


@dataclass(frozen=True, slots=True)
class DefectRow:
    """One line of the defect report: one characteristic or face of one nonpassing or nonconforming part."""

    serial: str
    cycle_sequence: int
    station: str
    line: str
    time: datetime
    characteristic: str
    unit: str
    nominal: float | None
    lower: float | None
    upper: float | None
    forecast: float | None
    measured: float | None
    deviation: float | None
    verdict: Verdict
    reason: str
    model: str
    decision: str | None
    decided_by: str | None
    decided_at: datetime | None
    disposition: str | None


@dataclass(frozen=True, slots=True)
class Filter:
    """What a listing is narrowed to; None means all. Times are half open: since <= time < until."""

    line: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    verdict: Verdict | None = None
    characteristic: str | None = None
    serial: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, newest first, and the id to go on below (None at the end)."""

    rows: tuple[T, ...]
    next_below: int | None


@dataclass(frozen=True, slots=True)
class JsonPage:
    """As `Page`, with the rows as one JSON array ready to be sent."""

    rows: bytes
    next_below: int | None
