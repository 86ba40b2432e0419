"""Faults of the camera on a real line: simulator and edge as processes of their own."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from edge.store import live_folder
from quality.judgement import Verdict
from records.views import AlarmView, InspectionRow
from tests.system.running import RunningLine, inspections, wait_until

pytestmark = pytest.mark.slow

ALARM_WITHIN_S = 1.5
"""A second after the next picture was due, and the way into the store."""


def newest_first(line: RunningLine) -> list[InspectionRow]:
    with line.records() as records:
        return [row for row in inspections(records) if row.answer is not None]


def said_of_camera(row: InspectionRow) -> str:
    """What was missing of the camera's picture, or an empty text."""
    values = [reason.values for j in row.judgements for reason in j.reasons if j.subject == "evidence:face"]
    return str(values[0]["problem"]) if values else ""


def alarm(line: RunningLine, kind: str, since: datetime) -> AlarmView | None:
    with line.records() as records:
        alarms = records.alarms(line.settings.line, standing_only=False)
    return next((a for a in alarms if a.source == "face" and a.kind == kind and a.raised_at >= since), None)


def test_camera_gone_while_no_part_comes(make_line: Callable[..., RunningLine]) -> None:
    line = make_line("--takt", "600")
    line.start("edge")
    wait_until(lambda: bool(newest_first(line)), "the only part", 60)
    # It has been seen to run, by the picture of the part or by the one that is shown live.
    wait_until((live_folder(line.settings) / "face.jpg").exists, "the camera", 30)
    gone_at = datetime.now(UTC)
    line.fault("camera_gone", 4)
    wait_until(lambda: alarm(line, "camera", gone_at) is not None, "an alarm that names the camera", 10)
    raised = alarm(line, "camera", gone_at)
    assert raised is not None
    assert raised.sentence.startswith("face: ")
    assert (raised.raised_at - gone_at).total_seconds() <= ALARM_WITHIN_S
    wait_until(lambda: (alarm(line, "camera", gone_at) or raised).cleared_at is not None, "its end", 20)


def test_trigger_counter_mismatch_on_a_line(make_line: Callable[..., RunningLine]) -> None:
    line = make_line("--takt", "1.0", "--lane", "1000", "--gauge-seconds", "0", "--camera-trigger", "hardware")
    text = line.path.read_text(encoding="utf-8")
    line.path.write_text(
        text.replace("    clock: camera ", "    trigger: hardware\n    clock: camera "), encoding="utf-8"
    )
    line.start("edge")
    first = good_after(line, 0)
    for fault, words in (("camera_missed_trigger", "a trigger was missed"), ("camera_extra_trigger", "too often")):
        line.fault(fault, 1.2)
        held = found(line, first, lambda row, words=words: words in said_of_camera(row))  # type: ignore[misc]
        assert held.verdict is Verdict.HOLD
        assert f"cycle {held.cycle_sequence} is counted" in said_of_camera(held)
        first = good_after(line, held.cycle_sequence)
        assert first == held.cycle_sequence + 1, "two cycles in a row agree: the second is evidence"


def good_after(line: RunningLine, sequence: int) -> int:
    """The first cycle after that one whose picture is evidence."""
    return found(line, sequence, lambda row: not said_of_camera(row)).cycle_sequence


def found(line: RunningLine, after: int, wanted: Callable[[InspectionRow], bool]) -> InspectionRow:
    """The first part after that cycle of which it is so."""

    def rows() -> list[InspectionRow]:
        return [row for row in reversed(newest_first(line)) if row.cycle_sequence > after and wanted(row)]

    wait_until(lambda: bool(rows()), "such a part", 60)
    return rows()[0]
