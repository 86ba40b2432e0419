"""A part's way through the edge process: durable first, then the gate, and never a pass without evidence."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from edge.cycle.alarms import Alarms
from edge.cycle.attempts import Attempts
from edge.cycle.collecting import Collecting
from edge.cycle.delivery import Delivery
from edge.cycle.inspecting import Inspecting
from edge.cycle.judging import Judging
from edge.cycle.measuring import Measuring
from edge.cycle.serials import Serials
from edge.cycle.trigger import Trigger
from edge.cycle.watch import Waiting, Watch
from edge.cycle.writer import Writer
from quality.characteristic import LineId, PartSerial, StationId
from quality.evidence import Finding, Forecast, NoEvidence, Reading
from quality.inspection import Cycle
from quality.judgement import ReasonCode, Verdict
from quality.plan import ControlPlan
from quality.ports import EquipmentError
from quality.station import Scan, VerdictAnswer
from tests.fakes import (
    START,
    FakeClock,
    FakeForecaster,
    FakeFrameSource,
    FakeGate,
    FakeInspector,
    FakeRecords,
    InlineExecutor,
    frame,
    status,
)

BROKEN = NoEvidence("device", "broken", "mend it")


def forecast(mean: float) -> Forecast:
    return Forecast(("hole_x_mm",), np.array([mean]), np.array([0.02]), "f" * 64)


def finding(score: float) -> Finding:
    return Finding("face", score, np.zeros((2, 2), np.float32), (), "5" * 64)


@dataclass
class Station:
    """The inspection cycle with fakes around it."""

    gate: FakeGate
    records: FakeRecords
    forecaster: FakeForecaster
    camera: FakeFrameSource
    inspector: FakeInspector
    inspecting: Inspecting

    async def inspect(
        self, sequence: int = 1, readings: Sequence[Reading | NoEvidence] = (), *, overflow: bool = False
    ) -> Verdict:
        serial = PartSerial(f"BM-{sequence}")
        cycle = Cycle(LineId("line-1"), StationId("milling"), 1, sequence, serial, START)
        scan = Scan(status(cycle_sequence=sequence, serial=serial), tuple(readings), START, 1000.0)
        await self.inspecting.inspect(Waiting(cycle, scan, overflow))
        return self.records.inspections[1, sequence].verdict


@pytest.fixture
def station(
    tmp_path: Path,
    plan: ControlPlan,
    clock: FakeClock,
    gate: FakeGate,
    records: FakeRecords,
    write: Writer,
    alarms: Alarms,
) -> Station:
    forecaster = FakeForecaster(forecast(0.0))
    camera = FakeFrameSource("face", frame())
    inspector = FakeInspector(finding(0.01))
    judging = Judging(
        plan, clock, InlineExecutor, forecaster, [(camera, inspector)], ("f" * 64, "5" * 64), deadline_s=2
    )
    trigger = Trigger(LineId("line-1"), StationId("milling"), None)
    inspecting = Inspecting(
        Watch(gate, trigger, alarms, clock, scan_s=0.02, most_waiting=4),
        Collecting((), lambda: None),
        judging,
        Serials(records, write),
        Attempts(tmp_path / "judging"),
        records,
        write,
        Delivery(gate, records, write, alarms, clock),
        Measuring(None, forecaster, records, write, alarms, clock, plan),
        alarms,
        keep_passed_every=10,
    )
    return Station(gate, records, forecaster, camera, inspector, inspecting)


async def test_a_good_part_is_recorded_before_the_plc_is_told(station: Station) -> None:
    told_when_recorded: list[int] = []
    station.records.on_record = lambda: told_when_recorded.append(len(station.gate.verdicts))
    assert await station.inspect() is Verdict.PASS
    assert told_when_recorded == [0]
    assert station.gate.verdicts == [(1, "BM-1", Verdict.PASS)]
    assert station.records.log == ["recorded PASS 1", "answered ACCEPTED 1"]
    assert not station.records.cases


@pytest.mark.parametrize(
    ("mean", "score", "verdict"),
    [(0.0, 0.01, Verdict.PASS), (0.17, 0.01, Verdict.REVIEW), (0.3, 0.01, Verdict.HOLD), (0.0, 0.9, Verdict.HOLD)],
)
async def test_the_verdict_follows_both_models(
    station: Station, mean: float, score: float, verdict: Verdict
) -> None:
    station.forecaster.answer = forecast(mean)
    station.inspector.answer = finding(score)
    assert await station.inspect() is verdict
    assert len(station.records.cases) == (verdict is not Verdict.PASS)
    assert len(station.records.kept) == (verdict is not Verdict.PASS)


async def test_missing_evidence_of_any_kind_is_a_hold_and_an_alarm(station: Station) -> None:
    def forecaster_fails() -> None:
        station.forecaster.answer = BROKEN

    def camera_fails() -> None:
        station.forecaster.answer = forecast(0.0)
        station.camera.answer = BROKEN

    def model_fails() -> None:
        station.camera.answer = frame()
        station.inspector.answer = BROKEN

    for sequence, failing in enumerate((forecaster_fails, camera_fails, model_fails), start=1):
        failing()
        assert await station.inspect(sequence) is Verdict.HOLD
        assert ("device", "no evidence") in station.records.alarms
    station.inspector.answer = finding(0.01)
    assert await station.inspect(4, [BROKEN]) is Verdict.HOLD
    assert await station.inspect(5) is Verdict.PASS
    assert not station.records.alarms


async def test_a_station_without_models_or_cameras_holds_everything(plan: ControlPlan, clock: FakeClock) -> None:
    judging = Judging(plan, clock, InlineExecutor, None, [], (), deadline_s=2)
    cycle = Cycle(LineId("line-1"), StationId("milling"), 1, 1, PartSerial("BM-1"), START)
    inspection = await judging.judge(cycle, Scan(status(), (), START, 1000.0))
    assert inspection.verdict is Verdict.HOLD


async def test_a_part_that_overflows_is_held(station: Station) -> None:
    assert await station.inspect(overflow=True) is Verdict.HOLD
    reason = station.records.inspections[1, 1].judgements[0].reasons[0]
    assert reason.code is ReasonCode.OVERFLOW


async def test_a_cycle_that_is_on_record_is_never_judged_twice(station: Station) -> None:
    await station.inspect()
    station.forecaster.answer = forecast(0.3)
    assert await station.inspect() is Verdict.PASS
    assert len(station.gate.verdicts) == 1


async def test_every_tenth_passed_part_keeps_its_picture(station: Station) -> None:
    for sequence in range(1, 21):
        await station.inspect(sequence)
    assert len(station.records.kept) == 2


async def test_the_verdict_is_given_again_until_the_plc_answers(station: Station, clock: FakeClock) -> None:
    station.gate.fails = [EquipmentError("plc: no acknowledgement")] * 2
    inspecting = station.inspect()

    running = asyncio.create_task(inspecting)
    await clock.advance(0.05)
    assert ("plc", "verdict not acknowledged") in station.records.alarms
    assert not station.records.answers
    await clock.advance(0.3)
    assert await running is Verdict.PASS
    assert station.records.answers == {(1, 1): VerdictAnswer.ACCEPTED}
    assert not station.records.alarms


async def test_a_verdict_the_plc_refuses_is_an_alarm(station: Station) -> None:
    station.gate.answer = VerdictAnswer.WRONG_SERIAL
    await station.inspect()
    assert "BM-1" in station.records.alarms["plc", "verdict refused"].sentence
