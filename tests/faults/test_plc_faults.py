"""Faults of the PLC and its switch on a real line: simulator and edge as processes of their own."""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from quality.judgement import Verdict
from records.views import AlarmView
from tests.system.running import RunningLine, inspections, wait_until
from tests.system.truth import compared

FULL_SPEED = ("--takt", "0", "--lane", "100000", "--gauge-seconds", "0")
PARTS = 30
BUSY_S = 10.0
"""Then the test ends it, after it has looked; left alone it would be busy for longer."""
SETTLED_S = 0.5
"""A PASS that the PLC took just before it became busy has opened the gate by then."""
ALARM_WITHIN_S = 2.0
RECOVERED_WITHIN_S = 1.0

pytestmark = pytest.mark.slow


def answered(line: RunningLine) -> int:
    with line.records() as records:
        return sum(row.answer is not None for row in inspections(records))


def passed(line: RunningLine) -> int:
    return sum(part["passed_by"] is not None for part in line.truth())


def alarm(line: RunningLine, kind: str, since: datetime) -> AlarmView | None:
    """The first alarm of that kind raised since then."""
    with line.records() as records:
        alarms = records.alarms(line.settings.line, standing_only=False)
    raised = [each for each in alarms if each.kind == kind and each.raised_at >= since]
    return min(raised, key=lambda each: each.raised_at, default=None)


def is_cleared(line: RunningLine, kind: str, since: datetime) -> bool:
    raised = alarm(line, kind, since)
    return raised is not None and raised.cleared_at is not None


def begin(line: RunningLine, fault: str, seconds: float = 0) -> datetime:
    """The moment just before the fault."""
    at = datetime.now(UTC)
    line.fault(fault, seconds)
    return at


def running(make_line: Callable[..., RunningLine], seed: int) -> RunningLine:
    line = make_line("--seed", str(seed), "--parts", str(PARTS), *FULL_SPEED)
    line.start("edge")
    wait_until(lambda: answered(line) >= 10, "ten parts", 60)
    return line


def nothing_false_at_the_end(line: RunningLine) -> None:
    wait_until(lambda: answered(line) == PARTS, "every part answered", 120)
    with line.records() as records:
        found = compared(records, line)
    assert found["parts"] == PARTS
    assert found["parts without evidence"] == 0


def test_plc_busy_for_ten_seconds(make_line: Callable[..., RunningLine]) -> None:
    line = running(make_line, 31)
    begun = begin(line, "plc_busy", BUSY_S + 60)
    wait_until(lambda: alarm(line, "no answer", begun) is not None, "the alarm", 5)
    raised = alarm(line, "no answer", begun)
    assert raised is not None
    assert "exception 6: it is busy" in raised.sentence
    time.sleep(SETTLED_S)
    before, parts = answered(line), passed(line)
    over = begun + timedelta(seconds=BUSY_S)
    wait_until(lambda: datetime.now(UTC) >= over, "ten seconds of the line's own time", BUSY_S)
    assert (answered(line), passed(line)) == (before, parts), "a part went on while the PLC was busy"
    free = begin(line, "plc_busy", 0)
    while answered(line) == before:
        assert datetime.now(UTC) < free + timedelta(seconds=5)
    recovered = (datetime.now(UTC) - free).total_seconds()
    wait_until(lambda: is_cleared(line, "no answer", begun), "a good scan", 5)
    cleared = alarm(line, "no answer", begun)
    assert cleared is not None
    assert cleared.cleared_at is not None
    alarmed, seen = (raised.raised_at - begun).total_seconds(), (cleared.cleared_at - free).total_seconds()
    sys.stdout.write(f"alarm {alarmed:.3f} s, good scan {seen:.3f} s, next verdict {recovered:.3f} s after\n")
    assert alarmed <= ALARM_WITHIN_S
    assert seen <= RECOVERED_WITHIN_S
    assert recovered <= RECOVERED_WITHIN_S
    nothing_false_at_the_end(line)


def test_plc_heartbeat_frozen(make_line: Callable[..., RunningLine]) -> None:
    line = running(make_line, 32)
    begun = begin(line, "stuck_registers", 4)
    wait_until(lambda: alarm(line, "heartbeat frozen", begun) is not None, "the alarm", 5)
    raised = alarm(line, "heartbeat frozen", begun)
    assert raised is not None
    assert (raised.raised_at - begun).total_seconds() <= ALARM_WITHIN_S
    nothing_false_at_the_end(line)


def test_bypass_switch_turned_on_and_off(make_line: Callable[..., RunningLine]) -> None:
    line = make_line("--seed", "33", *FULL_SPEED)
    line.start("edge")
    wait_until(lambda: answered(line) >= 3, "three parts", 60)
    begun = begin(line, "bypass_on")
    wait_until(lambda: alarm(line, "bypass", begun) is not None, "the alarm", 5)
    raised = alarm(line, "bypass", begun)
    assert raised is not None
    assert (raised.raised_at - begun).total_seconds() <= ALARM_WITHIN_S
    wait_until(lambda: any(part["passed_by"] == "bypass" for part in line.truth()), "a part without a verdict", 20)
    begin(line, "bypass_off")
    under_the_switch = {part["serial"] for part in line.truth()}
    wait_until(lambda: is_cleared(line, "bypass", begun), "the alarm's end", 5)
    wait_until(lambda: len(line.truth()) >= len(under_the_switch) + 8, "parts after it", 30)
    with line.records() as records:
        passed = {row.serial for row in inspections(records) if row.verdict is Verdict.PASS}
    for part in line.truth():
        if part["serial"] not in under_the_switch and part["passed_by"] is not None:
            assert part["passed_by"] == "PASS"
            assert part["serial"] in passed
