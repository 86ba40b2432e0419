"""Holds and orders through restarts, lost answers and silence: nothing passes that nobody released."""

from datetime import datetime

import pytest

from edge.cycle.alarms import Alarms
from edge.cycle.delivery import Delivery
from quality.case import CaseState, DecisionKind, Disposition
from quality.characteristic import LineId, PartSerial, StationId
from quality.inspection import Cycle
from quality.judgement import ReasonCode, Verdict
from quality.order import OrderCode, OrderResult, OrderState
from quality.station import VerdictAnswer
from tests.fakes import FakeForecaster, FakeFrameSource, InlineWriter, frame
from tests.faults.line import Line, forecast
from tests.faults.little_plc import LittlePlc


@pytest.mark.parametrize("trouble", ["silent", "down"])
async def test_hold_not_acknowledged_is_alarmed_within_two_seconds_of_its_commit(line: Line, trouble: str) -> None:
    def trouble_from_the_commit_on() -> None:
        line.plc.silent, line.plc.down = trouble == "silent", trouble == "down"
        committed.append(line.clock.now())

    committed: list[datetime] = []
    async with line.running():
        line.records.on_record = trouble_from_the_commit_on
        await line.hold("BM-1")
        await line.clock.advance(2)
        alarm = line.records.alarms["plc", "verdict not acknowledged"]
        assert "The HOLD of part BM-1 is not acknowledged" in alarm.sentence
        assert 0 <= (alarm.raised_at - committed[0]).total_seconds() <= 1.8
        line.plc.silent = line.plc.down = False
        await line.clock.advance(5)
        assert line.is_held("BM-1")
        assert not line.records.alarms


async def test_plc_reboot_while_a_verdict_waits(line: Line) -> None:
    async with line.running():
        line.plc.silent = True
        await line.judge("BM-1")
        line.plc.reboot()
        line.plc.silent = False
        await line.clock.advance(5)
        assert line.records.answers == {(1, 1): VerdictAnswer.PART_GONE, (2, 1): VerdictAnswer.ACCEPTED}
        assert line.plc.passed == ["BM-1"]
        assert not line.records.alarms
        await line.judge("BM-2")
    assert line.plc.passed == ["BM-1", "BM-2"]


async def test_plc_reboot_while_the_store_is_full(line: Line) -> None:
    """Nobody has looked meanwhile: the watch has an alarm to write, and waits for the store as well."""
    line.plc.enter("BM-1")
    cycle = Cycle(LineId("line-1"), StationId("milling"), 1, 1, PartSerial("BM-1"), line.clock.now())
    line.plc.reboot()
    alarms = Alarms(line.records, InlineWriter(), line.clock)
    delivery = Delivery(line.plc, line.records, InlineWriter(), alarms, line.clock)
    await delivery.deliver(cycle, Verdict.PASS, None)
    assert line.records.answers == {(1, 1): VerdictAnswer.PART_GONE}
    assert line.plc.passed == []


async def test_plc_reboot_while_a_part_is_judged(line: Line) -> None:
    class Slow(FakeFrameSource):
        async def frame_after(self, monotonic, cycle):
            if cycle.boot_count == 1:
                line.plc.reboot()
                await line.clock.sleep(0.3)
            return await super().frame_after(monotonic, cycle)

    line.camera = Slow("face", frame())
    async with line.running():
        await line.judge("BM-1", seconds=5)
    assert line.records.answers == {(1, 1): VerdictAnswer.PART_GONE, (2, 1): VerdictAnswer.ACCEPTED}
    assert line.plc.passed == ["BM-1"]


@pytest.mark.parametrize("keeps_lane", [True, False])
async def test_plc_reboot_with_parts_in_the_hold_lane(line: Line, *, keeps_lane: bool) -> None:
    async with line.running():
        await line.hold("BM-1")
        await line.hold("BM-2")
        line.plc.reboot(keeps_lane=keeps_lane)
        await line.clock.advance(1)
        lost = {source for source, kind in line.records.alarms if kind == "hold lost"}
        assert lost == (set() if keeps_lane else {"part BM-1", "part BM-2"})
        for serial in ("BM-1", "BM-2"):
            line.decide(line.case(serial), DecisionKind.CONFIRM_HOLD, disposition=Disposition.SCRAP)
        await line.clock.advance(1)
        assert [case.state for case in line.records.cases.values()] == [CaseState.CLOSED] * 2
        assert not line.records.alarms
    assert not line.plc.passed
    assert not line.plc.released


async def test_every_hold_is_told_again_however_often_the_plc_fails_meanwhile(line: Line) -> None:
    told: list[PartSerial] = []

    class Stuttering(LittlePlc):
        async def give_verdict(self, sequence, serial, verdict, reason):
            if self.boot > 1 and len(told) % 2 == 0:
                self.lose_answers = 1
            if self.boot > 1:
                told.append(serial)
            return await super().give_verdict(sequence, serial, verdict, reason)

    line.plc = Stuttering(line.clock)
    async with line.running():
        for number in range(4):
            await line.hold(f"BM-{number}")
        line.plc.reboot()
        await line.clock.advance(20)
        assert not line.records.alarms
    assert set(told) == {f"BM-{number}" for number in range(4)}


async def test_part_released_while_holds_are_told_again_is_not_lost(line: Line) -> None:
    class Slow(LittlePlc):
        async def give_verdict(self, sequence, serial, verdict, reason):
            if self.boot > 1 and not self.released and not decided:
                decided.append(line.decide(line.case("BM-1"), DecisionKind.RELEASE))
                await self.clock.sleep(1)
            return await super().give_verdict(sequence, serial, verdict, reason)

    decided: list[object] = []
    line.plc = Slow(line.clock)
    async with line.running():
        await line.hold("BM-1")
        line.plc.reboot()
        await line.clock.advance(5)
        assert line.plc.released == ["BM-1"]
        assert line.case("BM-1").state is CaseState.CLOSED
        assert not [alarm for alarm in line.records.raised if alarm.kind == "hold lost"]


async def test_order_acknowledgement_lost(line: Line) -> None:
    async with line.running():
        case = await line.hold("BM-1")
        line.plc.lose_answers = 2  # the hold that is told before, and the release
        decision = line.decide(case, DecisionKind.RELEASE)
        await line.clock.advance(0.02)
    async with line.running():
        await line.clock.advance(1)
    assert line.plc.released == ["BM-1"]
    assert line.records.travels[decision.id] == (OrderState.DONE, "Acknowledged by the PLC.")
    assert not line.records.alarms


@pytest.mark.parametrize("plc_remembers", [True, False])
async def test_plc_reboot_after_an_order_and_before_its_answer(line: Line, *, plc_remembers: bool) -> None:
    class Crashing(LittlePlc):
        async def give_order(self, order):
            await super().give_order(order)
            self.reboot()
            if not plc_remembers:
                self.answered_order = (0, None)
            self.lose_answers = 1
            await self._may_lose_it()
            raise AssertionError

    line.plc = Crashing(line.clock)
    async with line.running():
        decision = line.decide(await line.hold("BM-1"), DecisionKind.RELEASE)
        await line.clock.advance(2)
        state, detail = line.records.travels[decision.id]
        assert line.plc.released == ["BM-1"]
        if plc_remembers:
            assert (state, line.case("BM-1").state) == (OrderState.DONE, CaseState.CLOSED)
            assert not line.records.alarms
        else:
            assert (state, line.case("BM-1").state) == (OrderState.UNKNOWN, CaseState.OPEN)
            assert "may or may not have been done" in detail
            assert "Find the part" in line.alarm("hold lost")  # told again, since its case is open again


async def test_releasing_a_part_that_is_gone_lets_no_namesake_pass(line: Line) -> None:
    async with line.running():
        old = await line.hold("BM-1")
        line.plc.reboot(keeps_lane=False)
        await line.hold("BM-2")
        assert line.case("BM-2").cycle_sequence == old.cycle_sequence == 1
        decision = line.decide(old, DecisionKind.RELEASE)
        await line.clock.advance(1)
        state, detail = line.records.travels[decision.id]
        assert state is OrderState.REFUSED
        assert "does not hold this part" in detail
        assert line.is_held("BM-2")
    assert not line.plc.released


async def test_two_held_parts_of_two_boots_share_a_sequence(line: Line) -> None:
    async with line.running():
        old = await line.hold("BM-1")
        line.plc.reboot()
        await line.hold("BM-2")
        decision = line.decide(old, DecisionKind.RELEASE)
        await line.clock.advance(1)
        state, detail = line.records.travels[decision.id]
        assert (state, line.records.cases[old.id].state) == (OrderState.REFUSED, CaseState.OPEN)
        assert "two parts in the hold lane have this cycle's number" in detail
        assert line.is_held("BM-1")
        assert line.is_held("BM-2")
        # One of them is diverted by hand; then the other one's number is its own again.
        line.plc.lane = [place for place in line.plc.lane if place[1] != "BM-2"]
        line.decide(line.case("BM-2"), DecisionKind.CONFIRM_HOLD, disposition=Disposition.SCRAP)
        line.decide(line.records.cases[old.id], DecisionKind.RELEASE)
        await line.clock.advance(1)
    assert line.plc.released == ["BM-1"]


async def test_edge_restarts_between_commit_and_plc_write(line: Line) -> None:
    def cut() -> None:
        line.plc.down = True

    async with line.running():
        line.plc.enter("BM-1")
        line.records.on_record = cut  # from its commit on, nothing reaches the PLC
        await line.clock.advance(1)
    assert line.records.log == ["recorded PASS 1"]
    assert line.plc.part == "BM-1"
    line.plc.down = False
    line.records.on_record = lambda: None
    async with line.running():
        await line.clock.advance(1)
    assert line.records.log == ["recorded PASS 1", "answered ACCEPTED 1"]
    assert line.plc.passed == ["BM-1"]


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.HOLD])
async def test_edge_and_plc_disagree_after_restart(line: Line, verdict: Verdict) -> None:
    """On record it was never answered; the PLC has carried it out, or never heard of it, or restarted."""
    assert isinstance(line.forecaster, FakeForecaster)
    line.forecaster.answer = forecast(0.0 if verdict is Verdict.PASS else 0.3)
    for serial, happening in (("BM-1", "carried out"), ("BM-2", "never heard"), ("BM-3", "restarted")):
        async with line.running():
            await line.clock.advance(0.1)
            line.plc.lose_answers = 1000 if happening == "carried out" else 0
            line.plc.silent = happening != "carried out"
            await line.judge(serial, seconds=0.1)
        line.plc.lose_answers, line.plc.silent = 0, False
        if happening == "restarted":
            line.plc.reboot()
        async with line.running():
            await line.clock.advance(1)
            assert (serial in line.plc.passed) == (verdict is Verdict.PASS)
            assert line.is_held(serial) == (verdict is not Verdict.PASS)
    assert line.plc.passed.count(PartSerial("BM-1")) <= 1
    assert None not in [line.records.answers.get(key) for key in line.records.inspections]
    assert not line.has_alarm("hold lost")


async def test_verdict_refused_is_never_taken_for_done(line: Line) -> None:
    class Deaf(LittlePlc):
        def _obey(self, sequence, serial, verdict):
            return VerdictAnswer.WRONG_SERIAL if serial == "BM-1" else super()._obey(sequence, serial, verdict)

    line.plc = Deaf(line.clock)
    async with line.running():
        await line.hold("BM-1")
        assert "Find the part" in line.alarm("hold lost")
        assert (await line.judge("BM-2")).verdict is Verdict.PASS
        assert line.has_alarm("hold lost"), "a good part must not end the alarm about a lost one"
        assert line.case("BM-1").state is CaseState.OPEN


async def test_parameter_that_left_the_plan_while_its_order_travelled(line: Line) -> None:
    async with line.running():
        line.plc.silent = True
        case = await line.hold("BM-1")
        decision = line.decide(case, DecisionKind.ADJUST_PARAMETER, parameter="x_um", value=-90.0)
        await line.clock.advance(1)
    (order,) = line.records.orders.values()
    assert (order.code, order.value) == (OrderCode.SET_PARAMETER, -90)
    plan = line.settings.plan.model_copy(update={"parameters": ()})
    line.settings = line.settings.model_copy(update={"plan": plan})
    line.plc.silent = False
    async with line.running():
        await line.clock.advance(3)
    state, detail = line.records.travels[decision.id]
    assert state is OrderState.UNKNOWN
    assert "no such parameter" in detail
    assert line.plc.answered_order[1] is OrderResult.DONE


async def test_reasons_of_holds_reach_the_plc(line: Line) -> None:
    given: list[ReasonCode | None] = []

    class Listening(LittlePlc):
        async def give_verdict(self, sequence, serial, verdict, reason):
            given.append(reason)
            return await super().give_verdict(sequence, serial, verdict, reason)

    line.plc = Listening(line.clock)
    async with line.running():
        await line.hold("BM-1")
    assert given == [ReasonCode.FORECAST_NEAR_LIMIT]
