"""The ports: what the edge process needs from the world, each a Protocol with one real side and one fake."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from quality.alarm import Alarm
from quality.case import Case, Decision
from quality.characteristic import PartSerial
from quality.evidence import Finding, Forecast, Frame, Measurement, NoEvidence, Reading
from quality.influence import Influence
from quality.inspection import Cycle, Inspection
from quality.judgement import ReasonCode, Verdict
from quality.order import Order, OrderCode, OrderResult, OrderState
from quality.plan import ControlPlan
from quality.station import Scan, VerdictAnswer

HistoryRow = tuple[Cycle, tuple[Reading, ...], tuple[Measurement, ...]]
"""One earlier part: its cycle, what was read while it was made and what was measured on it."""


class Clock(Protocol):
    """Time. Deadlines run on `monotonic`, records carry `now`."""

    def now(self) -> datetime:
        """Wall time, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Returns after that many seconds of this clock."""
        ...


class EquipmentError(Exception):
    """The equipment did not answer, or answered something that cannot be trusted; says which and the mend."""


class Gate(Protocol):
    """The line's PLC: where a part is let pass or kept. Every method raises EquipmentError."""

    async def scan(self) -> Scan:
        """Status and readings, consistent with each other as the contract demands."""
        ...

    async def beat(self) -> None:
        """Shows the PLC that this process is alive."""
        ...

    async def give_verdict(
        self, sequence: int, serial: PartSerial, verdict: Verdict, reason: ReasonCode | None
    ) -> VerdictAnswer:
        """Writes the verdict and waits for its acknowledgement. Raises EquipmentError after the time allowed."""
        ...

    async def give_order(self, order: Order) -> OrderResult:
        """Writes the order and waits for its acknowledgement; the PLC does an order sequence at most once."""
        ...


class Device(Protocol):
    """A further device that brings readings of the part in the station, beside the PLC."""

    @property
    def names_part(self) -> bool:
        """True when the device itself says of which cycle its readings are."""
        ...

    async def read(self, sequence: int) -> tuple[Reading | NoEvidence, ...]:
        """Its readings of the part of that cycle, or why there are none, within the time that it is allowed."""
        ...


class Gauge(Protocol):
    """The measuring station that can be asked for one part."""

    async def measure(self, sequence: int, serial: PartSerial) -> tuple[Measurement, ...] | NoEvidence:
        """Every characteristic of that part, or why it could not be measured."""
        ...


class FrameSource(Protocol):
    """One camera."""

    @property
    def camera(self) -> str:
        """Its name in LINE.yaml."""
        ...

    @property
    def problem(self) -> NoEvidence | None:
        """What is wrong with the camera now, asked for or not; None when its pictures come and are good."""
        ...

    async def frame_after(self, monotonic: float, cycle: Cycle) -> Frame | NoEvidence:
        """The cycle's frame: the first after that moment that decodes completely, or why there is none."""
        ...

    async def glance(self) -> bytes | None:
        """The newest picture, encoded and small, for the live view, or None when there is none yet."""
        ...


class Forecaster(Protocol):
    """The forecast model with its history."""

    def forecast(self, cycle: Cycle, readings: Sequence[Reading]) -> Forecast | NoEvidence:
        """The part of that cycle. Remembers its readings as the newest row of the history."""
        ...

    def restore(self, rows: Sequence[HistoryRow]) -> None:
        """Starts from earlier parts, oldest first."""
        ...

    def learn(self, measurements: Sequence[Measurement]) -> None:
        """Fills in what was measured on an earlier part."""
        ...


class Explainer(Protocol):
    """What can say why a forecast is what it is."""

    def explain(self, cycle: Cycle, readings: Sequence[Reading], characteristic: str) -> Sequence[Influence]:
        """What moved the mean forecast of that characteristic, the greatest first; empty when it cannot say."""
        ...


class Inspector(Protocol):
    """The surface model."""

    def inspect(self, frame: Frame) -> Finding | NoEvidence:
        """What it sees on the frame."""
        ...


class StoreError(Exception):
    """The store did not take what it was told, and nothing of it counts; says why and the mend."""


class StoreFull(StoreError):  # noqa: N818 - it says what is so, like the others
    """There is no room. The same call succeeds once there is."""


class StoreBusy(StoreError):  # noqa: N818
    """Somebody else keeps it locked. The same call succeeds once they let go."""


class StoreBroken(StoreError):  # noqa: N818
    """It failed so that only what a fresh start finds can be trusted: the process has to end."""


class Records(Protocol):
    """The store, as the edge process needs it. Every method returns once what it says is durable.

    Every method raises StoreError.
    """

    def record(self, inspection: Inspection, case: Case | None, kept: Sequence[Frame]) -> None:
        """The inspection, its case and the frames worth keeping, in one transaction and the ledger.

        Raises AlreadyRecorded when this line has an inspection of the same boot and sequence.
        """
        ...

    def record_influences(self, cycle: Cycle, characteristic: str, influences: Sequence[Influence]) -> None:
        """What moved the forecast of that characteristic of the part of that cycle, which is on record."""
        ...

    def verdict_answered(self, cycle: Cycle, answer: VerdictAnswer, at: datetime) -> None:
        """The PLC's answer to the verdict of that cycle."""
        ...

    def unanswered_verdicts(self) -> list[tuple[Cycle, Verdict, ReasonCode | None]]:
        """Verdicts recorded but never acknowledged, oldest first."""
        ...

    def last_cycle(self) -> tuple[int, int] | None:
        """Boot count and sequence of the newest inspection of this line, or None."""
        ...

    def newest_with(self, serial: PartSerial) -> tuple[Cycle, Verdict, VerdictAnswer | None] | None:
        """The newest inspection of a part with that serial: its cycle, its verdict and how the PLC answered."""
        ...

    def open_cases(self) -> list[Case]:
        """Cases not closed, oldest first."""
        ...

    def open_case(self, case: Case) -> None:
        """A case that does not come with an inspection (an escape found by a measurement)."""
        ...

    def escalate(self, case: Case) -> None:
        """Stores the escalated case unless it has moved on meanwhile."""
        ...

    def changed(self) -> int:
        """A number that differs when anything was committed by another connection; costs microseconds."""
        ...

    def use_plan(self, plan: ControlPlan) -> None:
        """The line is run with that control plan from now on; keeps what it says, once for each version."""
        ...

    def pending_decisions(self) -> list[Decision]:
        """Decisions not carried out yet, oldest first."""
        ...

    def record_order(self, decision: Decision, code: OrderCode, target: int, value: int) -> Order:
        """An order for that decision under the next sequence; the same order again when there is one already."""
        ...

    def orders_start_above(self, sequence: int) -> None:
        """Orders recorded from now on have a greater sequence than that, which the PLC has answered already."""
        ...

    def order_sent(self, sequence: int, boot_count: int) -> None:
        """The order is about to be written to the PLC of that boot."""
        ...

    def open_orders(self) -> list[Order]:
        """Orders recorded or sent and not settled, oldest first."""
        ...

    def settle_order(self, sequence: int, state: OrderState, result: OrderResult | None, detail: str) -> None:
        """What came of the order; closes or reopens its case in the same transaction."""
        ...

    def settle_decision(self, decision_id: UUID, *, applied: bool, detail: str) -> None:
        """What came of a decision that needs no order (ask for a measurement)."""
        ...

    def record_measurements(
        self,
        measurements: Sequence[Measurement],
        *,
        conforming: bool,
        decision_id: UUID | None = None,
        detail: str = "",
    ) -> None:
        """What the gauge said of one part; bumps the version of an open case about it.

        Settles the decision that asked for it, if any, in the same transaction: it is never carried out twice.
        """
        ...

    def history(self, rows: int) -> list[HistoryRow]:
        """The newest cycles of this line with what was read and measured, oldest first."""
        ...

    def raise_alarm(self, alarm: Alarm) -> None:
        """Opens the alarm unless one of the same source and kind is open; a latched one takes that one's place."""
        ...

    def clear_alarm(self, source: str, kind: str, at: datetime) -> None:
        """Closes the alarm of that source and kind, if open."""
        ...

    def clear_alarms(self, at: datetime) -> None:
        """Closes every alarm of this line that is not latched, at start-up: what is wrong is raised again."""
        ...

    def show_line(self, state: Mapping[str, object]) -> None:
        """Replaces the line's live state, for the review station."""
        ...


class AlreadyRecorded(Exception):  # noqa: N818 - it is a fact about the record, met in normal recovery
    """The cycle has an inspection already, of the part with that serial."""

    def __init__(self, sentence: str, serial: PartSerial) -> None:
        super().__init__(sentence)
        self.serial = serial
