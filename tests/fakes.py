"""One fake for each port. They keep what they were told, and answer as the test arranged."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import ParamSpec, TypeVar
from uuid import UUID

import numpy as np

from edge.cycle.writer import Writer
from quality.alarm import Alarm
from quality.case import Case, CaseState, Decision, settle
from quality.characteristic import PartSerial
from quality.evidence import Finding, Forecast, Frame, Measurement, NoEvidence, Reading
from quality.influence import Influence
from quality.inspection import Cycle, Inspection
from quality.judge import main_reason
from quality.judgement import ReasonCode, Verdict
from quality.order import Order, OrderCode, OrderResult, OrderState
from quality.plan import ControlPlan
from quality.ports import AlreadyRecorded, EquipmentError, HistoryRow
from quality.station import Scan, StationStatus, VerdictAnswer

P = ParamSpec("P")
T = TypeVar("T")
START = datetime(2026, 11, 24, 6, tzinfo=UTC)


class FakeClock:
    """Time that stands until it is moved; sleepers wake in the order of their hour."""

    def __init__(self, seconds: float = 1000.0) -> None:
        self._seconds = seconds
        self.set_by = timedelta()
        """How far somebody has set the wall clock; the other one is never set."""
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self._seconds - 1000.0) + self.set_by

    def monotonic(self) -> float:
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        waking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._seconds + seconds, waking))
        await waking

    async def advance(self, seconds: float) -> None:
        """Moves time forward, letting everything that wakes on the way run."""
        end = self._seconds + seconds
        await self.settle()
        while due := [sleeper for sleeper in self._sleepers if sleeper[0] <= end]:
            at, waking = min(due, key=lambda sleeper: sleeper[0])
            self._sleepers.remove((at, waking))
            self._seconds = max(self._seconds, at)
            if not waking.done():
                waking.set_result(None)
            await self.settle()
        self._seconds = end

    @staticmethod
    async def settle() -> None:
        """Lets tasks run until they wait for time again."""
        for _ in range(50):
            await asyncio.sleep(0)


class InlineWriter(Writer):
    """Calls the store at once, where the caller stands, so that moved time is all the time there is."""

    async def __call__(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return call(*args, **kwargs)


class InlineExecutor(Executor):
    """A thread that has always answered already."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as every executor: it belongs to whoever asked
            future.set_exception(error)
        return future


def status(**changes: object) -> StationStatus:
    """A station with a part that waits for its verdict."""
    plain = StationStatus(
        boot_count=1,
        heartbeat=1,
        cycle_sequence=1,
        serial=PartSerial("BM-1"),
        part_present=True,
        ready_for_verdict=True,
        gate_closed=True,
        line_stopped=False,
        watchdog_tripped=False,
        bypass=False,
        held_count=0,
        last_passed_sequence=0,
        answered_cycle=0,
        verdict_answer=None,
        answered_order=0,
        order_result=None,
    )
    return replace(plain, **changes)  # type: ignore[arg-type] - the tests name the fields


class FakeGate:
    """A PLC that holds parts by sequence and answers as the contract says, or as `fails` says."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.status = status()
        self.readings: tuple[Reading | NoEvidence, ...] = ()
        self.verdicts: list[tuple[int, PartSerial, Verdict]] = []
        self.orders: list[Order] = []
        self.beats = 0
        self.answer = VerdictAnswer.ACCEPTED
        self.order_result = OrderResult.DONE
        self.fails: list[EquipmentError] = []
        """Raised by the next calls, one each."""
        self.on_order: Callable[[Order], None] = lambda _order: None

    async def scan(self) -> Scan:
        self._maybe_fail()
        return Scan(self.status, self.readings, self._clock.now(), self._clock.monotonic())

    async def beat(self) -> None:
        self._maybe_fail()
        self.beats += 1

    async def give_verdict(
        self, sequence: int, serial: PartSerial, verdict: Verdict, reason: ReasonCode | None
    ) -> VerdictAnswer:
        assert reason is None or isinstance(reason, ReasonCode)
        self._maybe_fail()
        self.verdicts.append((sequence, serial, verdict))
        return self.answer

    async def give_order(self, order: Order) -> OrderResult:
        self._maybe_fail()
        self.orders.append(order)
        self.on_order(order)
        return self.order_result

    def _maybe_fail(self) -> None:
        if self.fails:
            raise self.fails.pop(0)


class FakeDevice:
    """Brings the same readings each time; with `meet` only once the others have come there too."""

    def __init__(
        self,
        answer: tuple[Reading | NoEvidence, ...],
        *,
        names_part: bool,
        meet: asyncio.Barrier | None = None,
    ) -> None:
        self.answer = answer
        self.asked: list[int] = []
        self._names_part = names_part
        self._meet = meet

    @property
    def names_part(self) -> bool:
        return self._names_part

    async def read(self, sequence: int) -> tuple[Reading | NoEvidence, ...]:
        self.asked.append(sequence)
        if self._meet is not None:
            await self._meet.wait()
        return self.answer


class FakeGauge:
    """Measures what it was given, by serial."""

    def __init__(self, values: Mapping[str, Mapping[str, float]]) -> None:
        self._values = values

    async def measure(self, sequence: int, serial: PartSerial) -> tuple[Measurement, ...] | NoEvidence:
        if serial not in self._values:
            return NoEvidence("gauge", f"it has no part {serial}", "bring the part")
        return tuple(
            Measurement(name, value, serial, sequence, START) for name, value in self._values[serial].items()
        )


class FakeFrameSource:
    """A camera that gives the same answer each time."""

    def __init__(self, camera: str, answer: Frame | NoEvidence) -> None:
        self._camera = camera
        self.answer = answer

    @property
    def camera(self) -> str:
        return self._camera

    @property
    def problem(self) -> NoEvidence | None:
        return self.answer if isinstance(self.answer, NoEvidence) else None

    async def frame_after(self, monotonic: float, cycle: Cycle) -> Frame | NoEvidence:
        assert monotonic >= 0
        assert cycle.sequence >= 0
        return self.answer

    async def glance(self) -> bytes | None:
        return self.answer.encoded if isinstance(self.answer, Frame) else None


def frame(camera: str = "face") -> Frame:
    """A small gray picture."""
    return Frame(camera, START, "a" * 64, b"jpeg", np.zeros((4, 4), np.uint8))


class FakeForecaster:
    """Forecasts what it was given."""

    def __init__(self, answer: Forecast | NoEvidence) -> None:
        self.answer = answer
        self.learned: list[Measurement] = []
        self.restored: list[HistoryRow] = []

    def forecast(self, cycle: Cycle, readings: Sequence[Reading]) -> Forecast | NoEvidence:
        assert cycle.sequence >= 0
        assert all(isinstance(reading, Reading) for reading in readings)
        return self.answer

    def restore(self, rows: Sequence[HistoryRow]) -> None:
        self.restored = list(rows)

    def learn(self, measurements: Sequence[Measurement]) -> None:
        self.learned += measurements


class FakeInspector:
    """Finds what it was given."""

    def __init__(self, answer: Finding | NoEvidence) -> None:
        self.answer = answer

    def inspect(self, frame: Frame) -> Finding | NoEvidence:
        assert frame.pixels.dtype == np.uint8
        return self.answer


@dataclass
class FakeRecords:
    """A store in memory. `log` names every write, in order."""

    log: list[str] = field(default_factory=list)
    inspections: dict[tuple[int, int], Inspection] = field(default_factory=dict)
    influences: dict[tuple[int, int], tuple[str, tuple[Influence, ...]]] = field(default_factory=dict)
    answers: dict[tuple[int, int], VerdictAnswer] = field(default_factory=dict)
    kept: list[Frame] = field(default_factory=list)
    cases: dict[UUID, Case] = field(default_factory=dict)
    decisions: dict[UUID, Decision] = field(default_factory=dict)
    travels: dict[UUID, tuple[OrderState, str]] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    measured: list[tuple[Sequence[Measurement], bool]] = field(default_factory=list)
    alarms: dict[tuple[str, str], Alarm] = field(default_factory=dict)
    raised: list[Alarm] = field(default_factory=list)
    line: Mapping[str, object] = field(default_factory=dict)
    rows: list[HistoryRow] = field(default_factory=list)
    plans: list[ControlPlan] = field(default_factory=list)
    changes: int = 0
    order_floor: int = 0
    on_record: Callable[[], None] = lambda: None

    def record(self, inspection: Inspection, case: Case | None, kept: Sequence[Frame]) -> None:
        self.on_record()
        key = (inspection.cycle.boot_count, inspection.cycle.sequence)
        if key in self.inspections:
            raise AlreadyRecorded(str(key), self.inspections[key].cycle.serial)
        self.inspections[key] = inspection
        self.kept += kept
        if case is not None:
            self.cases[case.id] = case
        self.log.append(f"recorded {inspection.verdict} {inspection.cycle.sequence}")

    def record_influences(self, cycle: Cycle, characteristic: str, influences: Sequence[Influence]) -> None:
        assert (cycle.boot_count, cycle.sequence) in self.inspections
        self.influences[cycle.boot_count, cycle.sequence] = characteristic, tuple(influences)

    def verdict_answered(self, cycle: Cycle, answer: VerdictAnswer, at: datetime) -> None:
        assert at.tzinfo is not None
        self.answers[cycle.boot_count, cycle.sequence] = answer
        self.log.append(f"answered {answer} {cycle.sequence}")

    def unanswered_verdicts(self) -> list[tuple[Cycle, Verdict, ReasonCode | None]]:
        return [
            (i.cycle, i.verdict, main_reason(i.judgements))
            for key, i in self.inspections.items()
            if key not in self.answers
        ]

    def last_cycle(self) -> tuple[int, int] | None:
        return max(self.inspections, default=None)

    def newest_with(self, serial: PartSerial) -> tuple[Cycle, Verdict, VerdictAnswer | None] | None:
        for key, inspection in reversed(self.inspections.items()):
            if inspection.cycle.serial == serial:
                return inspection.cycle, inspection.verdict, self.answers.get(key)
        return None

    def open_cases(self) -> list[Case]:
        return [case for case in self.cases.values() if case.state is not CaseState.CLOSED]

    def open_case(self, case: Case) -> None:
        self.cases[case.id] = case

    def escalate(self, case: Case) -> None:
        self.cases[case.id] = case

    def changed(self) -> int:
        return self.changes

    def decide(self, decision: Decision) -> None:
        """What the review station does."""
        self.decisions[decision.id] = decision
        self.changes += 1

    def use_plan(self, plan: ControlPlan) -> None:
        self.plans.append(plan)

    def pending_decisions(self) -> list[Decision]:
        return [d for d in self.decisions.values() if d.id not in self.travels]

    def record_order(self, decision: Decision, code: OrderCode, target: int, value: int) -> Order:
        for order in self.orders.values():
            if order.decision_id == decision.id:
                return order
        sequence = max([*self.orders, self.order_floor]) + 1
        self.orders[sequence] = Order(sequence, code, target, value, decision.id, START)
        return self.orders[sequence]

    def orders_start_above(self, sequence: int) -> None:
        self.order_floor = sequence

    def order_sent(self, sequence: int, boot_count: int) -> None:
        self.orders[sequence] = replace(self.orders[sequence], state=OrderState.SENT, boot_count=boot_count)
        self.log.append(f"sent {sequence}")

    def open_orders(self) -> list[Order]:
        return [o for o in self.orders.values() if o.state in {OrderState.RECORDED, OrderState.SENT}]

    def settle_order(self, sequence: int, state: OrderState, result: OrderResult | None, detail: str) -> None:
        order = self.orders[sequence] = replace(self.orders[sequence], state=state, detail=detail)
        assert result is None or isinstance(result, OrderResult)
        self.travels[order.decision_id] = (state, detail)
        decision = self.decisions[order.decision_id]
        if decision.case_id is not None and self.cases[decision.case_id].state is CaseState.ANSWERED:
            self.cases[decision.case_id] = settle(self.cases[decision.case_id], applied=state is OrderState.DONE)

    def settle_decision(self, decision_id: UUID, *, applied: bool, detail: str) -> None:
        self.travels[decision_id] = (OrderState.DONE if applied else OrderState.REFUSED, detail)

    def record_measurements(
        self,
        measurements: Sequence[Measurement],
        *,
        conforming: bool,
        decision_id: UUID | None = None,
        detail: str = "",
    ) -> None:
        self.measured.append((measurements, conforming))
        if decision_id is not None:
            self.settle_decision(decision_id, applied=True, detail=detail)

    def history(self, rows: int) -> list[HistoryRow]:
        return self.rows[-rows:]

    def raise_alarm(self, alarm: Alarm) -> None:
        if alarm.latched or (alarm.source, alarm.kind) not in self.alarms:
            self.alarms[alarm.source, alarm.kind] = alarm
        self.raised.append(alarm)

    def clear_alarm(self, source: str, kind: str, at: datetime) -> None:
        assert at.tzinfo is not None
        self.alarms.pop((source, kind), None)

    def clear_alarms(self, at: datetime) -> None:
        assert at.tzinfo is not None
        self.alarms = {key: alarm for key, alarm in self.alarms.items() if alarm.latched}

    def show_line(self, state: Mapping[str, object]) -> None:
        self.line = state
