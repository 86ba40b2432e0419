"""Triggers and parts: each part is judged once, under its own name, and none gets a second chance unseen."""

from pathlib import Path

import pytest

from quality.case import CaseKind, CaseState, DecisionKind, Disposition
from quality.evidence import Frame, NoEvidence
from quality.inspection import Cycle
from quality.judge import main_reason
from quality.judgement import ReasonCode, Verdict
from tests.fakes import FakeClock, FakeForecaster, FakeFrameSource, frame
from tests.faults.line import Line, forecast, settings
from tests.faults.little_plc import LittlePlc


async def test_duplicated_trigger(line: Line) -> None:
    async with line.running():
        await line.judge("BM-1")
        line.plc.part = line.inspection("BM-1").cycle.serial  # it says again that the part waits
        await line.clock.advance(1)
    assert line.records.log == ["recorded PASS 1", "answered ACCEPTED 1"]
    assert line.plc.passed == ["BM-1"]


async def test_missed_trigger(line: Line) -> None:
    async with line.running():
        await line.judge("BM-1")
        line.plc.enter("BM-2")
        line.plc.enter("BM-3")
        await line.judge("BM-4")
        assert line.alarm("cycles missed").startswith("2 part(s) before cycle 4 ")
        line.plc.enter("BM-5")
        await line.judge("BM-6")
        sentence = line.alarm("cycles missed")
    assert sentence.startswith("1 part(s) before cycle 6 were never seen (3 since this process started)")


@pytest.mark.parametrize("counts_to", [0xFFFF_FFFF, 0xFFFF])
async def test_sequence_rollover(tmp_path: Path, counts_to: int) -> None:
    coils = {"profile": "coils", "coils": {"cycle_address": 0, "cycle_type": "uint16"}}
    line = Line(settings(tmp_path, **(coils if counts_to == 0xFFFF else {})))
    assert line.plc.counts_to == counts_to
    async with line.running():
        await line.judge("BM-1")
        line.plc.sequence = counts_to - 2
        await line.judge("BM-2")
        assert line.has_alarm("cycles missed")
        line.records.alarms.clear()
        for serial in ("BM-3", "BM-4"):
            await line.judge(serial)
    assert line.plc.sequence == 1
    async with line.running():
        held = await line.hold("BM-5")
        line.decide(held, DecisionKind.RELEASE)
        await line.clock.advance(0.5)
    sequences = [sequence for _, sequence in line.records.inspections]
    assert sequences == [1, *range(counts_to - 1, counts_to + 3)]
    assert line.plc.passed == ["BM-1", "BM-2", "BM-3", "BM-4"]
    assert line.plc.released == ["BM-5"]
    assert not line.records.alarms


async def test_cycle_counted_twice(line: Line) -> None:
    async with line.running():
        for serial in ("BM-1", "BM-2"):
            await line.judge(serial)
        line.plc.reboot()
        line.plc.boot = 1  # its memory of it is lost
        line.plc.enter("BM-3")
        await line.clock.advance(0.5)
        assert "part BM-1, and the PLC now gives the number to part BM-3" in line.alarm("cycle counted twice")
        assert line.plc.part == "BM-3"
        line.plc.reboot()
        await line.clock.advance(0.5)
        assert not line.has_alarm("cycle counted twice")
    assert line.plc.passed == ["BM-1", "BM-2", "BM-3"]


async def test_serial_rollover(line: Line) -> None:
    async with line.running():
        for number in range(300):
            await line.judge(f"BM-{number}", seconds=0.1)
        await line.judge("BM-0")
    assert line.plc.passed[-1] == "BM-0"
    assert line.plc.passed.count("BM-0") == 2


async def test_duplicate_serial(line: Line) -> None:
    async with line.running():
        await line.judge("BM-1")
        await line.judge("BM-2")
        again = await line.judge("BM-1")
    assert again.verdict is Verdict.HOLD
    assert again.judgements[0].reasons[0].code is ReasonCode.NO_EVIDENCE
    assert "its serial is that of cycle 1, which has passed" in line.alarm("no evidence")
    assert line.is_held("BM-1")
    async with line.running():  # what came by before a restart is known after it
        line.records.rows = [(each.cycle, (), ()) for each in line.records.inspections.values()]
    async with line.running():
        assert (await line.judge("BM-2")).verdict is Verdict.HOLD


async def test_duplicate_serial_over_a_plc_reboot(line: Line) -> None:
    async with line.running():
        await line.judge("BM-1")
        line.plc.reboot()
        again = await line.judge("BM-1", seconds=3)
    assert again.cycle.boot_count == 2
    assert again.verdict is Verdict.HOLD
    assert line.plc.passed == ["BM-1"]


async def test_held_part_put_in_again(line: Line) -> None:
    async with line.running():
        case = await line.hold("BM-1")
        again = await line.judge("BM-1")
        assert again.verdict is Verdict.HOLD
        assert line.plc.passed == []
        line.decide(line.case("BM-1"), DecisionKind.CONFIRM_HOLD, disposition=Disposition.REWORK)
        line.decide(case, DecisionKind.CONFIRM_HOLD, disposition=Disposition.REWORK)
        await line.clock.advance(0.5)
        assert line.plc.lane == []
        assert (await line.judge("BM-1")).verdict is Verdict.PASS  # reworked


async def test_held_part_enters_anew_after_a_reboot(line: Line) -> None:
    line.forecaster = FakeForecaster(forecast(0.3))
    async with line.running():
        line.plc.silent = True  # the hold is on record and not acknowledged
        await line.judge("BM-1")
        line.plc.reboot()
        line.plc.silent = False
        line.forecaster.answer = forecast(0.0)  # judged again, it would pass
        await line.clock.advance(3)
        assert line.is_held("BM-1")
        assert not line.has_alarm("hold lost")
    assert line.plc.passed == []
    assert [each.verdict for each in line.records.inspections.values()] == [Verdict.HOLD, Verdict.HOLD]


class SlowCamera(FakeFrameSource):
    """Takes its time, in which the line moves on."""

    def __init__(self, clock: FakeClock, plc: LittlePlc) -> None:
        super().__init__("face", frame())
        self._clock = clock
        self._plc = plc

    async def frame_after(self, monotonic: float, cycle: Cycle) -> Frame | NoEvidence:
        if cycle.serial == "BM-1":
            await self._clock.sleep(0.2)
            self._plc.enter("BM-2")
            await self._clock.sleep(0.2)
        return await super().frame_after(monotonic, cycle)


async def test_two_parts_in_the_station(line: Line) -> None:
    line.camera = SlowCamera(line.clock, line.plc)
    async with line.running():
        first = await line.judge("BM-1", seconds=1)
        assert first.verdict is Verdict.HOLD
        assert "BM-2, cycle 2, came in before BM-1 was judged" in first.evidence.missing[0].problem
        assert "Find the part" in line.alarm("hold lost")
        assert line.case("BM-1").kind is CaseKind.SUSPECT_PART
        assert line.plc.passed == ["BM-2"]
        line.decide(line.case("BM-1"), DecisionKind.CONFIRM_HOLD, disposition=Disposition.SCRAP)
        await line.clock.advance(0.5)
        assert line.case("BM-1").state is CaseState.CLOSED
        assert not line.has_alarm("hold lost")


async def test_under_bypass_a_part_that_has_gone_on_is_no_slip(line: Line) -> None:
    line.camera = SlowCamera(line.clock, line.plc)
    line.plc.bypass = True
    async with line.running():
        assert (await line.judge("BM-1", seconds=1)).verdict is Verdict.PASS


async def test_overflow_of_the_queue(line: Line) -> None:
    async with line.running():
        line.plc.silent = True
        for number in range(1, 9):
            line.plc.enter(f"BM-{number}")
            await line.clock.advance(0.1)
        line.plc.silent = False
        await line.clock.advance(5)
    judged = [line.inspection(f"BM-{number}") for number in range(1, 9)]
    assert [each.verdict for each in judged] == [Verdict.PASS] + [Verdict.HOLD] * 7
    overflowed = [main_reason(each.judgements) is ReasonCode.OVERFLOW for each in judged]
    assert overflowed == [False] * 5 + [True] * 3  # the first is at the gate, four wait
    assert line.plc.passed == []
    assert line.is_held("BM-8")
    assert all(line.case(f"BM-{number}").state is CaseState.OPEN for number in range(2, 9))
