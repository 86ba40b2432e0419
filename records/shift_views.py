"""What one shift leaves to the next, as the store knows it: plain, frozen, ready to be sent as JSON or drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from quality.case import CaseKind, DecisionKind, Disposition
from quality.order import OrderState


@dataclass(frozen=True, slots=True)
class WaitingCase:
    """A case nobody had decided when the shift ended, or now; `late` says that its deadline had passed."""

    id: UUID
    kind: CaseKind
    serial: str
    opened_at: datetime
    deadline: datetime
    late: bool


@dataclass(frozen=True, slots=True)
class DecidedCase:
    """A case that was decided in the shift, how long it had waited, and whether its deadline had passed."""

    id: UUID
    kind: CaseKind
    serial: str
    decision: DecisionKind
    disposition: Disposition | None
    decided_by: str
    waited_s: float
    late: bool


@dataclass(frozen=True, slots=True)
class DecisionCount:
    """How many decisions of one kind a person took."""

    decided_by: str
    kind: DecisionKind
    count: int


@dataclass(frozen=True, slots=True)
class AlarmCount:
    """How often one alarm came."""

    source: str
    kind: str
    priority: int
    count: int


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A parameter that was to be changed, and what came of it."""

    parameter: str
    value: float
    decided_by: str
    decided_at: datetime
    reason: str
    reason_code: str | None
    travel: OrderState


@dataclass(frozen=True, slots=True)
class InForce:
    """Which control plan and models judged, from which part on."""

    plan_version: str
    models: tuple[str, ...]
    since: datetime
    serial: str


@dataclass(frozen=True, slots=True)
class FalseHold:
    """A part that was not passed, and whose every measured characteristic conforms."""

    inspection_id: int
    serial: str


@dataclass(frozen=True, slots=True)
class ShiftNote:
    """What the shift wrote down for the next; `version` counts how often it was written."""

    text: str
    version: int
    written_by: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class ShiftRecord:
    """All of it. `verdicts` counts parts by verdict; `held_measured` how many of the held ones were measured.

    `in_force` begins with what judged before the shift, if anything did, and then has each change within it.
    """

    verdicts: Mapping[str, int]
    waiting: tuple[WaitingCase, ...]
    decided: tuple[DecidedCase, ...]
    decisions: tuple[DecisionCount, ...]
    escapes: tuple[WaitingCase, ...]
    held_measured: int
    false_holds: tuple[FalseHold, ...]
    alarms: tuple[AlarmCount, ...]
    unacknowledged: int
    adjustments: tuple[Adjustment, ...]
    in_force: tuple[InForce, ...]
    note: ShiftNote | None
