"""Deadlines, sampling, escapes, and what adjustments do to the forecast."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest

from edge.cycle.alarms import Alarms
from edge.cycle.case_clock import CaseClock
from edge.cycle.compensation import CompensatedForecaster
from edge.cycle.measuring import Measuring
from edge.cycle.writer import Writer
from quality.budget import MOST_OWED
from quality.case import Case, CaseKind
from quality.characteristic import LineId, PartSerial, StationId
from quality.evidence import Forecast, Measurement, NoEvidence, Reading
from quality.inspection import Cycle, Evidence, Inspection
from quality.judgement import Verdict
from quality.plan import ControlPlan, Role
from quality.ports import HistoryRow
from tests.fakes import START, FakeClock, FakeForecaster, FakeGauge, FakeRecords


def cycle(sequence: int) -> Cycle:
    serial = PartSerial(f"BM-{sequence}")
    return Cycle(LineId("line-1"), StationId("milling"), 1, sequence, serial, START)


def inspection(sequence: int, verdict: Verdict = Verdict.PASS) -> Inspection:
    return Inspection(cycle(sequence), Evidence(), (), verdict, START, "plan", ())


def open_case() -> Case:
    return Case(
        id=UUID(int=1),
        kind=CaseKind.SUSPECT_PART,
        line=LineId("line-1"),
        station=StationId("milling"),
        boot_count=1,
        cycle_sequence=2,
        serial=PartSerial("BM-2"),
        opened_at=START,
        deadline=START + timedelta(seconds=300),
        asked=Role.ENGINEER,
    )


async def test_when_nobody_answers_the_next_role_is_asked_and_the_hold_stays(
    records: FakeRecords, write: Writer, alarms: Alarms, clock: FakeClock, plan: ControlPlan
) -> None:
    records.open_case(open_case())
    running = asyncio.create_task(CaseClock(records, write, alarms, clock, plan, every_s=0.5).run())
    await clock.advance(299)
    assert not records.cases[UUID(int=1)].escalated
    await clock.advance(2)
    case = records.cases[UUID(int=1)]
    assert (case.escalated, case.asked, case.state.value) == (True, Role.SUPERVISOR, "OPEN")
    assert ("cases", "overdue") in records.alarms
    records.cases.clear()
    await clock.advance(1)
    assert not records.alarms
    running.cancel()


@pytest.fixture
def forecaster() -> FakeForecaster:
    return FakeForecaster(Forecast(("hole_x_mm",), np.array([0.10]), np.array([0.02]), "f" * 64))


async def measure(measuring: Measuring, clock: FakeClock) -> None:
    running = asyncio.create_task(measuring.run())
    await clock.advance(0)
    running.cancel()


def measuring_with(
    gauge: FakeGauge | None,
    forecaster: FakeForecaster,
    records: FakeRecords,
    write: Writer,
    alarms: Alarms,
    clock: FakeClock,
    plan: ControlPlan,
) -> Measuring:
    return Measuring(gauge, forecaster, records, write, alarms, clock, plan)


async def test_every_fifth_part_is_measured_and_learned(
    forecaster: FakeForecaster,
    records: FakeRecords,
    write: Writer,
    alarms: Alarms,
    clock: FakeClock,
    plan: ControlPlan,
) -> None:
    gauge = FakeGauge({f"BM-{n}": {"hole_x_mm": 0.01} for n in range(20)})
    measuring = measuring_with(gauge, forecaster, records, write, alarms, clock, plan)
    for sequence in range(1, 12):
        measuring.sample(inspection(sequence))
    await measure(measuring, clock)
    assert [m.cycle_sequence for m in forecaster.learned] == [5, 10]
    assert [conforming for _, conforming in records.measured] == [True, True]
    assert not records.cases


async def test_the_policy_chooses_by_risk_and_goes_on_after_a_restart(
    forecaster: FakeForecaster,
    records: FakeRecords,
    write: Writer,
    alarms: Alarms,
    clock: FakeClock,
    plan: ControlPlan,
) -> None:
    plan = replace(plan, measure_share=0.2)
    bad = set(range(60, 75))
    gauge = FakeGauge({f"BM-{n}": {"hole_x_mm": 0.5 if n in bad else 0.01} for n in range(200)})
    measuring = measuring_with(gauge, forecaster, records, write, alarms, clock, plan)
    rows: list[HistoryRow] = []
    restarted = None
    chosen: list[list[int]] = [[], []]
    for sequence in range(1, 151):
        if sequence == 80:
            restarted = measuring_with(gauge, forecaster, records, write, alarms, clock, plan)
            restarted.restore(rows)
        for one, kept in zip((measuring, restarted), chosen, strict=True):
            if one is not None:
                before = len(forecaster.learned)
                one.sample(inspection(sequence))
                await measure(one, clock)
                kept += [m.cycle_sequence for m in forecaster.learned[before:]]
        rows.append((cycle(sequence), (), tuple(forecaster.learned[-1:]) if sequence in chosen[0] else ()))
    # After the first bad part it follows the run, and it keeps to its share in the end.
    found = next(n for n in chosen[0] if n in bad)
    assert {found + 1, found + 2, found + 3} <= set(chosen[0])
    assert len(chosen[0]) <= 0.2 * 150 + MOST_OWED + 3
    assert chosen[1] == [n for n in chosen[0] if n >= 80]


async def test_a_passed_part_measured_out_is_an_escape_with_a_case(
    forecaster: FakeForecaster,
    records: FakeRecords,
    write: Writer,
    alarms: Alarms,
    clock: FakeClock,
    plan: ControlPlan,
) -> None:
    gauge = FakeGauge({"BM-5": {"hole_x_mm": 0.5}, "BM-10": {"hole_x_mm": 0.5}})
    measuring = measuring_with(gauge, forecaster, records, write, alarms, clock, plan)
    measuring.sample(inspection(5, Verdict.PASS))
    measuring.sample(inspection(10, Verdict.HOLD))
    await measure(measuring, clock)
    assert [(c.kind, c.serial) for c in records.cases.values()] == [(CaseKind.ESCAPE, "BM-5")]


async def test_a_part_that_cannot_be_measured_is_told(
    forecaster: FakeForecaster,
    records: FakeRecords,
    write: Writer,
    alarms: Alarms,
    clock: FakeClock,
    plan: ControlPlan,
) -> None:
    for gauge in (FakeGauge({}), None):
        measuring = measuring_with(gauge, forecaster, records, write, alarms, clock, plan)
        decision = UUID(int=77 if gauge else 78)
        measuring.ask(open_case(), decision)
        await measure(measuring, clock)
        assert records.travels[decision][0].value == "REFUSED"
        assert ("gauge", "no measurement") in records.alarms


def test_an_adjustment_moves_the_forecast_at_once_and_leaves_the_model_alone(
    forecaster: FakeForecaster, plan: ControlPlan
) -> None:
    compensated = CompensatedForecaster(forecaster, plan)
    offset = Reading("x_um", -90.0, "µm", START)
    moved = compensated.forecast(cycle(1), [offset])
    assert isinstance(moved, Forecast)
    assert moved.mean[0] == pytest.approx(0.01)
    compensated.learn([Measurement("hole_x_mm", 0.02, PartSerial("BM-1"), 1, START)])
    assert forecaster.learned[0].value == pytest.approx(0.11)
    unmoved = compensated.forecast(cycle(2), [Reading("x_um", 0.0, "µm", START)])
    assert isinstance(unmoved, Forecast)
    assert unmoved.mean[0] == 0.10


def test_after_a_restart_old_adjustments_are_still_taken_out(
    forecaster: FakeForecaster, plan: ControlPlan
) -> None:
    compensated = CompensatedForecaster(forecaster, plan)
    measured = Measurement("hole_x_mm", 0.02, PartSerial("BM-1"), 1, START)
    compensated.restore([(cycle(1), (Reading("x_um", 100.0, "µm", START),), (measured,))])
    assert forecaster.restored[0][2][0].value == pytest.approx(-0.08)


def test_missing_evidence_stays_missing(forecaster: FakeForecaster, plan: ControlPlan) -> None:
    forecaster.answer = NoEvidence("forecast", "no reading", "mend it")
    compensated = CompensatedForecaster(forecaster, plan)
    assert compensated.forecast(cycle(1), [Reading("x_um", 5.0, "µm", START)]) is forecaster.answer
