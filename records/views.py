"""What the store shows to the review station: plain, frozen, ready to be sent as JSON or drawn on a page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from quality.alarm import AlarmState, Shelf
from quality.case import Case, DecisionKind, Disposition, Second
from quality.influence import Influence
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
    """One inspection with all of its evidence.

    `influences` say what moved the forecast of the characteristic `moved`, the greatest first; they come a moment
    after the verdict, and `moved` is None until then.
    """

    row: InspectionRow
    readings: Mapping[str, float]
    forecasts: tuple[ForecastView, ...]
    findings: tuple[FindingView, ...]
    frames: tuple[FrameView, ...]
    measurements: Mapping[str, float]
    moved: str | None = None
    influences: tuple[Influence, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A decision and how far it has travelled.

    `travel` is PROPOSED (waits for a second person), RECORDED (waits for the edge), SENT, DONE, REFUSED or
    UNKNOWN, `detail` the sentence with it. `signed_at` is when the person proved anew who they are; `second` is
    what the second person said, where one was asked and has answered.
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
    reason_code: str | None = None
    signed_at: datetime | None = None
    second: Second | None = None
    case_version: int | None = None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as the queue shows it, with the judgements that opened it, and who is on it since when."""

    case: Case
    inspection_id: int | None
    verdict: Verdict | None
    judgements: tuple[Judgement, ...]
    taken_by: str | None = None
    taken_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """A case with its inspection, every decision on it, oldest first, and who is on it since when."""

    case: Case
    inspection: InspectionDetail | None
    decisions: tuple[DecisionView, ...]
    taken_by: str | None = None
    taken_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A control plan that a line has been run with, and since when."""

    version: str
    first_used_at: datetime


@dataclass(frozen=True, slots=True)
class PlanView:
    """As `PlanRow`, with all that the plan says."""

    version: str
    first_used_at: datetime
    content: Mapping[str, Any]


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
    """An alarm; `cleared_at` is None while it stands, `acknowledged_at` until a person says that they know.

    A latched one tells of what has happened, and acknowledging it clears it. `burst` is the alarm that came first
    in the burst in which this one came; its own id when it came first, or alone.
    """

    id: int
    source: str
    kind: str
    priority: int
    sentence: str
    raised_at: datetime
    cleared_at: datetime | None
    latched: bool
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    burst: int


@dataclass(frozen=True, slots=True)
class ListedAlarm:
    """An alarm that a person has to see: it stands, or nobody has acknowledged it.

    `times` is how often it came without being acknowledged; `first_out` says that others came in a burst with it,
    and it was the first; `shelf` is where it was put, if it is out of sight.
    """

    alarm: AlarmView
    state: AlarmState
    times: int
    first_out: bool
    shelf: Shelf | None


@dataclass(frozen=True, slots=True)
class AlarmFilter:
    """What the history of alarms is narrowed to; None means all. Half open: since <= raised < until."""

    since: datetime | None = None
    until: datetime | None = None
    priority: int | None = None
    source: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Who may sign in, with a password, or with a PIN at a shared tablet; both are kept as argon2id encodes them.

    `badge` is what their badge's code says. `must_change` holds while the secret is one that somebody else chose.
    `epoch` is counted up to end every session. `subject` is who they are to the plant's single sign-on.
    """

    name: str
    display_name: str
    role: Role
    password_hash: str | None
    hints_seen: bool = False
    badge: str | None = None
    pin_hash: str | None = None
    disabled: bool = False
    must_change: bool = False
    epoch: int = 0
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """What a program reads with. The token itself is not kept."""

    id: str
    title: str
    made_by: str
    made_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None


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
