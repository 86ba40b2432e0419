"""People and the tablet: a decision is taken once and by one, whatever else happens to its case meanwhile."""

import threading
from datetime import timedelta

import pytest

from quality.case import CaseState, Decision, DecisionKind, Disposition, Refusal, RefusalCode, escalate
from quality.judgement import Verdict
from quality.order import OrderCode, OrderResult, OrderState
from quality.plan import Role
from records.views import Filter
from tests.fakes import FakeGauge
from tests.faults.line import Line
from tests.faults.store import Store
from tests.unit.records.making import PLAN, case, decision, inspection, measurement


def test_two_decisions_at_once(store: Store) -> None:
    about = case(1)
    store.edge.record(inspection(1, verdict=Verdict.HOLD), about, ())
    wanted = [decision(about), decision(about, DecisionKind.STOP_LINE), *(decision(about) for _ in range(6))]
    together, taken, refused = threading.Barrier(len(wanted)), list[Decision](), list[Refusal]()

    def decide(one: Decision) -> None:
        together.wait()
        try:
            store.review.decide(one, PLAN, None)
        except Refusal as refusal:
            refused.append(refusal)
        else:
            taken.append(one)

    people = [threading.Thread(target=decide, args=(one,)) for one in wanted]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert len(taken) == 1
    assert {refusal.code for refusal in refused} <= {RefusalCode.STALE, RefusalCode.ALREADY_ANSWERED}
    assert [each.id for each in store.edge.pending_decisions()] == [taken[0].id]
    (after,) = store.edge.open_cases()
    assert after.version == 2


def test_decision_settled_while_its_case_was_escalated(store: Store) -> None:
    about = case(1)
    store.edge.record(inspection(1, verdict=Verdict.HOLD), about, ())
    overdue = escalate(about, about.deadline + timedelta(seconds=1), Role.SUPERVISOR)
    release = decision(about)
    store.review.decide(release, PLAN, None)
    store.edge.escalate(overdue)  # read before the decision, written after it
    (answered,) = store.edge.open_cases()
    assert (answered.state, answered.version, answered.escalated) == (CaseState.ANSWERED, 2, False)

    order = store.edge.record_order(release, OrderCode.RELEASE_PART, about.cycle_sequence, 0)
    store.edge.order_sent(order.sequence, 1)
    store.edge.settle_order(order.sequence, OrderState.REFUSED, OrderResult.NOT_HELD, "not held")
    (reopened,) = store.edge.open_cases()
    assert (reopened.state, reopened.version) == (CaseState.OPEN, 3)
    store.edge.escalate(overdue)
    assert not store.edge.open_cases()[0].escalated, "a case that was answered meanwhile was not left lying"
    store.edge.escalate(escalate(reopened, about.deadline + timedelta(seconds=1), Role.SUPERVISOR))
    assert store.edge.open_cases()[0].escalated


def test_measurement_and_the_decision_that_asked_for_it_are_one_record(store: Store) -> None:
    about = case(1)
    store.edge.record(inspection(1, verdict=Verdict.HOLD), about, ())
    asked = decision(about, DecisionKind.MEASURE)
    store.review.decide(asked, PLAN, None)
    store.edge.record_measurements(
        [measurement(1, 0.1)], conforming=True, decision_id=asked.id, detail="Measured."
    )
    assert not store.edge.pending_decisions(), "a restart here would have it measured and recorded again"
    with pytest.raises(LookupError):
        store.edge.record_measurements([measurement(1, 0.1)], conforming=True, decision_id=about.id, detail="")
    assert len(store.review.measurements(Filter()).rows) == 1


async def test_measurement_asked_for_before_a_restart(line: Line) -> None:
    line.gauge = FakeGauge({"BM-1": {"hole_x_mm": 0.1}})
    async with line.running():
        held = await line.hold("BM-1")
        line.plc.down = True
    asked = line.decide(held, DecisionKind.MEASURE)
    line.plc.down = False
    async with line.running():
        await line.clock.advance(1)
    async with line.running():
        await line.clock.advance(1)
    assert line.records.travels[asked.id][0] is OrderState.DONE
    assert len(line.records.measured) == 1


async def test_decision_on_a_part_that_the_plc_no_longer_holds(line: Line) -> None:
    async with line.running():
        held = await line.hold("BM-1")
        line.plc.lane.clear()
        first = line.decide(held, DecisionKind.RELEASE)
        await line.clock.advance(1)
        state, detail = line.records.travels[first.id]
        assert state is OrderState.REFUSED
        assert "does not hold this part; look where it is" in detail
        assert "Find the part" in line.alarm("hold lost")
        line.decide(line.case("BM-1"), DecisionKind.CONFIRM_HOLD, disposition=Disposition.SCRAP)
        await line.clock.advance(1)
        assert line.case("BM-1").state is CaseState.CLOSED
        assert not line.records.alarms
