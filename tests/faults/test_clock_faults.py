"""Clocks: the wall clock may be set, and the other one starts anywhere; deadlines, order and ages stay right."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from edge.assembly import Pace
from quality.case import DecisionKind
from quality.judgement import Verdict
from quality.plan import Role
from quality.station import VerdictAnswer
from records.ledger import verify
from tests.fakes import FakeClock
from tests.faults.line import DECIDE_WITHIN_S, Line, settings
from tests.faults.store import Store
from tests.unit.records.making import START, case, inspection

HOUR = timedelta(hours=1)


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """Minutes go by in these tests, so it looks around less often than a line does."""
    leisurely = Pace(beat_s=0.5, orders_s=0.5, cases_s=0.5, holds_s=0.5, cameras_s=1, show_s=10)
    return Line(settings(tmp_path, scan_ms=200), pace=leisurely)


@pytest.mark.parametrize("step", [HOUR, -HOUR])
async def test_wall_clock_set_while_running(line: Line, step: timedelta) -> None:
    async with line.running():
        await line.hold("BM-1")
        line.clock.set_by = step
        await line.clock.advance(1.1)
        direction = "ahead" if step > timedelta() else "back"
        assert f"was set {direction} by 3600 s" in line.alarm("set")
        assert (await line.judge("BM-2")).verdict is Verdict.PASS

        # The case keeps the time it was given, no more and no less.
        await line.clock.advance(DECIDE_WITHIN_S - 10)
        assert not line.case("BM-1").escalated
        assert not line.has_alarm("set"), "the clock has been steady for a minute"
        await line.clock.advance(10)
        assert line.case("BM-1").asked is Role.SUPERVISOR
        line.decide(line.case("BM-1"), DecisionKind.RELEASE)
        await line.clock.advance(1)
    assert line.plc.released == ["BM-1"]
    assert not line.records.alarms


@pytest.mark.parametrize("step", [HOUR, -HOUR])
async def test_wall_clock_set_while_the_edge_was_down(line: Line, step: timedelta) -> None:
    async with line.running():
        await line.hold("BM-1")
        line.records.rows = [(each.cycle, (), ()) for each in line.records.inspections.values()]
    line.clock.set_by = step
    async with line.running():
        await line.clock.advance(2)
        assert line.has_alarm("set") == (step < timedelta()), "a clock that is behind the last record was set back"
        assert line.case("BM-1").escalated == (step > timedelta()), "asked too soon rather than too late"
        await line.clock.advance(DECIDE_WITHIN_S + 1)
        assert line.case("BM-1").escalated, "nobody gets more time than the plan gives"
        assert line.is_held("BM-1")


async def test_monotonic_clock_starts_anew_after_a_restart(line: Line) -> None:
    async with line.running():
        await line.judge("BM-1")
        await line.hold("BM-2")
        line.plc.silent = True
        line.plc.enter("BM-3")
        await line.clock.advance(3)
        assert line.has_alarm("verdict not acknowledged")
    now = line.clock.now()
    line.clock = line.plc.clock = FakeClock(3.0)  # the computer was switched off and on
    line.clock.set_by = now - line.clock.now()
    line.plc.silent = False
    async with line.running():
        await line.clock.advance(3)
        assert line.plc.passed == ["BM-1", "BM-3"]
        assert (await line.judge("BM-4")).verdict is Verdict.PASS
        assert not line.records.alarms
        await line.clock.advance(DECIDE_WITHIN_S)
        assert line.case("BM-2").escalated
        assert line.is_held("BM-2")


def test_ledger_keeps_its_order_when_the_clock_is_set_back(store: Store) -> None:
    for number, back in ((1, 0), (2, 3600), (3, 60)):
        made = inspection(number, verdict=Verdict.HOLD)
        at = START - timedelta(seconds=back)
        cycle = replace(made.cycle, triggered_at=at)
        store.edge.record(replace(made, cycle=cycle, judged_at=at), case(number), ())
        store.edge.verdict_answered(cycle, VerdictAnswer.ACCEPTED, at - HOUR)
    assert store.edge.last_cycle() == (1, 3)
    assert [each.cycle_sequence for each in store.edge.open_cases()] == [1, 2, 3]
    assert verify(store.database).broken_at is None
