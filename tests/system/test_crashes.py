"""Real processes, real signals: what was recorded is kept, and nothing passes that was not judged."""

import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from quality.case import Case, CaseState, Decision, DecisionKind
from quality.judgement import Verdict
from quality.plan import Role
from quality.station import VerdictAnswer
from tests.system.running import RunningLine, inspections, wait_until

FULL_SPEED = ("--takt", "0", "--lane", "100000", "--gauge-seconds", "0")

pytestmark = pytest.mark.slow


def answered(line: RunningLine) -> int:
    with line.records() as records:
        return sum(row.answer is not None for row in inspections(records))


def test_a_stopped_edge_closes_the_gate_and_only_judged_parts_pass_after_it(
    make_line: Callable[..., RunningLine],
) -> None:
    line = make_line("--seed", "12", *FULL_SPEED)
    edge = line.start("edge")
    wait_until(lambda: answered(line) >= 5, "five parts")
    edge.send_signal(signal.SIGSTOP)
    time.sleep(0.3)
    before = line.truth()
    time.sleep(3)
    during = line.truth()
    assert len(during) == len(before), "a part passed while nobody judged"
    assert line.watchdog_tripped()
    edge.send_signal(signal.SIGCONT)
    wait_until(lambda: len(line.truth()) > len(during) + 3, "parts pass again")
    edge.terminate()
    edge.wait()
    with line.records() as records:
        passed = {row.serial for row in inspections(records) if row.verdict is Verdict.PASS}
    assert {part["serial"] for part in line.truth() if part["passed_by"]} <= passed


def test_a_rebooted_plc_is_followed(make_line: Callable[..., RunningLine]) -> None:
    line = make_line("--seed", "13", *FULL_SPEED)
    line.start("edge")
    wait_until(lambda: answered(line) >= 3, "three parts")
    line.fault("plc_reboot")
    count = len(line.truth())
    wait_until(lambda: len(line.truth()) >= count + 5, "parts after the reboot", 60)
    with line.records() as records:
        rows = inspections(records)
    assert "plc has restarted" in line.log("edge")
    assert {row.boot_count for row in rows} == {1, 2}
    parts = {part["serial"]: part for part in line.truth()}
    for row in rows:
        if row.verdict is not Verdict.PASS and row.answer == VerdictAnswer.ACCEPTED:
            assert parts[row.serial]["passed_by"] is None


def test_the_coils_profile_keeps_a_held_part_until_it_is_released(make_line: Callable[..., RunningLine]) -> None:
    line = make_line("--seed", "14", "--profile", "coils", "--parts", "30", "--takt", "0", "--gauge-seconds", "0")
    text = line.path.read_text(encoding="utf-8")
    registers = "coils: {cycle_address: 6, serial_address: 8, boot_address: 4}"
    line.path.write_text(text.replace("profile: block ", f"profile: coils\n  {registers} "), encoding="utf-8")
    line.start("edge")
    wait_until(lambda: bool(open_cases(line)), "a held part", 60)
    (held,) = open_cases(line)
    kept = next(part for part in line.truth() if part["serial"] == held.serial)
    assert (kept["held"], kept["passed_by"]) == (True, None)
    before = len(line.truth())
    with line.records() as records:
        records.decide(release(held), line.settings.control_plan(), None)
    wait_until(lambda: len(line.truth()) > before, "the next part", 30)
    passed_by = {part["serial"]: part["passed_by"] for part in line.truth()}
    assert passed_by[held.serial] == "release"
    with line.records() as records:
        passed = {row.serial for row in inspections(records) if row.verdict is Verdict.PASS}
    assert {serial for serial, by in passed_by.items() if by == "PASS"} <= passed


def open_cases(line: RunningLine) -> list[Case]:
    with line.records() as records:
        return [row.case for row in records.cases(line.settings.line, frozenset({CaseState.OPEN})).rows]


def release(case: Case) -> Decision:
    return Decision(
        id=uuid4(),
        kind=DecisionKind.RELEASE,
        line=case.line,
        decided_by="engineer",
        role=Role.ENGINEER,
        decided_at=datetime.now(UTC),
        reason="looked at",
        case_id=case.id,
        case_version=case.version,
    )
