"""A decision is applied exactly once, or the person is told it was not."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from edge.cycle.alarms import Alarms
from edge.cycle.holds import Holds
from edge.cycle.measuring import Measuring
from edge.cycle.orders import Orders
from edge.cycle.writer import Writer
from quality.case import Case, CaseKind, CaseState, Decision, DecisionKind, Disposition, answer
from quality.characteristic import LineId, PartSerial, StationId
from quality.evidence import Reading
from quality.order import Order, OrderCode, OrderResult, OrderState
from quality.plan import ControlPlan, Role
from quality.ports import EquipmentError
from tests.fakes import START, FakeClock, FakeGate, FakeGauge, FakeRecords, status

CASE = Case(
    id=UUID(int=9),
    kind=CaseKind.SUSPECT_PART,
    line=LineId("line-1"),
    station=StationId("milling"),
    boot_count=1,
    cycle_sequence=7,
    serial=PartSerial("BM-7"),
    opened_at=START,
    deadline=START + timedelta(minutes=5),
    asked=Role.ENGINEER,
)


@pytest.fixture
def measuring(
    records: FakeRecords, write: Writer, alarms: Alarms, clock: FakeClock, plan: ControlPlan
) -> Measuring:
    return Measuring(FakeGauge({"BM-7": {"hole_x_mm": 0.1}}), None, records, write, alarms, clock, plan)


@pytest.fixture
def orders(
    gate: FakeGate,
    records: FakeRecords,
    write: Writer,
    measuring: Measuring,
    holds: Holds,
    alarms: Alarms,
    clock: FakeClock,
    plan: ControlPlan,
) -> Orders:
    return Orders(gate, records, write, measuring, holds, alarms, clock, plan, every_s=0.05)


def decide(records: FakeRecords, kind: DecisionKind, case: Case | None = CASE, **changes: object) -> Decision:
    made = Decision(
        id=uuid4(),
        kind=kind,
        line=LineId("line-1"),
        decided_by="engineer",
        role=Role.ENGINEER,
        decided_at=START,
        reason="because",
        case_id=case.id if case else None,
        case_version=case.version if case else None,
    )
    made = replace(made, **changes)  # type: ignore[arg-type] - the tests name the fields
    if case is not None:
        records.cases[case.id] = answer(case, made)
    records.decide(made)
    return made


async def test_a_release_becomes_one_order_and_closes_the_case(
    orders: Orders, gate: FakeGate, records: FakeRecords
) -> None:
    decision = decide(records, DecisionKind.RELEASE)
    assert await orders.carry_out()
    assert await orders.carry_out()
    assert [(o.code, o.target, o.value) for o in gate.orders] == [(OrderCode.RELEASE_PART, 7, 0)]
    assert records.travels[decision.id][0] is OrderState.DONE
    assert records.cases[CASE.id].state is CaseState.CLOSED


@pytest.mark.parametrize(
    ("kind", "changes", "code"),
    [
        (DecisionKind.STOP_LINE, {}, OrderCode.STOP_LINE),
        (DecisionKind.RESUME, {}, OrderCode.RESUME),
        (DecisionKind.CONFIRM_HOLD, {"disposition": Disposition.SCRAP}, OrderCode.DIVERT),
        (DecisionKind.CONFIRM_HOLD, {"disposition": Disposition.USE_AS_IS}, OrderCode.RELEASE_PART),
    ],
)
async def test_each_decision_has_its_order(
    orders: Orders,
    gate: FakeGate,
    records: FakeRecords,
    kind: DecisionKind,
    changes: dict[str, object],
    code: OrderCode,
) -> None:
    decide(records, kind, **changes)
    await orders.carry_out()
    assert [order.code for order in gate.orders] == [code]


async def test_the_order_is_on_record_as_sent_before_the_plc_hears_of_it(
    orders: Orders, gate: FakeGate, records: FakeRecords
) -> None:
    decide(records, DecisionKind.RELEASE)
    seen: list[list[str]] = []
    gate.on_order = lambda _order: seen.append(list(records.log))
    await orders.carry_out()
    assert seen == [["sent 1"]]


async def test_an_unanswered_order_is_sent_again_under_its_sequence(
    orders: Orders, gate: FakeGate, records: FakeRecords
) -> None:
    decide(records, DecisionKind.RELEASE)

    def lose(_order: Order) -> None:
        raise EquipmentError("plc: acknowledgement lost")

    gate.on_order = lose
    assert not await orders.carry_out()
    assert ("plc", "order not acknowledged") in records.alarms
    gate.on_order = lambda _order: None
    assert await orders.carry_out()
    assert [order.sequence for order in gate.orders] == [1, 1]
    assert not records.alarms


async def test_after_a_reboot_nobody_pretends_to_know(
    orders: Orders, gate: FakeGate, records: FakeRecords
) -> None:
    decision = decide(records, DecisionKind.RELEASE)

    def lose(_order: Order) -> None:
        raise EquipmentError("plc: gone")

    gate.on_order = lose
    assert not await orders.carry_out()
    gate.status = status(boot_count=2)
    assert await orders.carry_out()
    state, detail = records.travels[decision.id]
    assert state is OrderState.UNKNOWN
    assert "restarted" in detail
    assert records.cases[CASE.id].state is CaseState.OPEN
    assert len(gate.orders) == 1


@pytest.mark.parametrize("result", [r for r in OrderResult if r is not OrderResult.DONE])
async def test_a_refused_order_reopens_the_case_and_says_why(
    orders: Orders, gate: FakeGate, records: FakeRecords, result: OrderResult
) -> None:
    decision = decide(records, DecisionKind.RELEASE)
    gate.order_result = result
    await orders.carry_out()
    assert records.travels[decision.id][0] is OrderState.REFUSED
    assert records.travels[decision.id][1].startswith("Not done: ")
    assert records.cases[CASE.id].state is CaseState.OPEN


async def test_an_adjustment_is_done_only_when_it_is_read_back(
    orders: Orders, gate: FakeGate, records: FakeRecords
) -> None:
    def accept(order: Order) -> None:
        gate.readings = (Reading("x_um", order.value, "µm", START),)

    gate.on_order = accept
    good = decide(records, DecisionKind.ADJUST_PARAMETER, None, parameter="x_um", value=-90.0)
    await orders.carry_out()
    assert (gate.orders[0].target, gate.orders[0].value) == (3, -90)
    assert records.travels[good.id] == (OrderState.DONE, "Acknowledged by the PLC and read back as -90 µm.")
    gate.on_order = lambda _order: None
    bad = decide(records, DecisionKind.ADJUST_PARAMETER, None, parameter="x_um", value=-50.0)
    await orders.carry_out()
    assert records.travels[bad.id][0] is OrderState.UNKNOWN
    assert "-90" in records.travels[bad.id][1]


async def test_an_adjustment_the_plan_does_not_allow_never_reaches_the_plc(
    orders: Orders, gate: FakeGate, records: FakeRecords
) -> None:
    decision = decide(records, DecisionKind.ADJUST_PARAMETER, None, parameter="x_um", value=900.0)
    await orders.carry_out()
    assert not gate.orders
    assert records.travels[decision.id][0] is OrderState.REFUSED


async def test_an_escape_is_confirmed_without_an_order(
    orders: Orders, gate: FakeGate, records: FakeRecords
) -> None:
    case = replace(CASE, kind=CaseKind.ESCAPE)
    decision = decide(records, DecisionKind.CONFIRM_HOLD, case, disposition=Disposition.SCRAP)
    await orders.carry_out()
    assert not gate.orders
    assert records.travels[decision.id][0] is OrderState.DONE


async def test_a_decision_on_a_closed_case_is_told_so(
    orders: Orders, gate: FakeGate, records: FakeRecords
) -> None:
    decision = decide(records, DecisionKind.RELEASE)
    records.cases[CASE.id] = replace(records.cases[CASE.id], state=CaseState.CLOSED)
    await orders.carry_out()
    assert not gate.orders
    assert records.travels[decision.id][0] is OrderState.REFUSED


async def test_a_measurement_is_asked_for_once(
    orders: Orders, measuring: Measuring, records: FakeRecords, clock: FakeClock
) -> None:
    decision = decide(records, DecisionKind.MEASURE)
    await orders.carry_out()
    await orders.carry_out()
    running = asyncio.create_task(measuring.run())
    await clock.advance(0)
    running.cancel()
    assert len(records.measured) == 1
    assert records.travels[decision.id] == (OrderState.DONE, "Measured: every characteristic conforms.")


async def test_decisions_are_looked_for_when_something_was_committed(
    orders: Orders, gate: FakeGate, records: FakeRecords, clock: FakeClock
) -> None:
    running = asyncio.create_task(orders.run())
    await clock.advance(0.2)
    decide(records, DecisionKind.RELEASE)
    await clock.advance(0.2)
    running.cancel()
    assert len(gate.orders) == 1
