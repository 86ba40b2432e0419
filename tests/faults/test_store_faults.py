"""Faults of the disk under a real line: nothing passes that is not on record, a person is told, it comes back."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from quality.alarm import Priority
from quality.judgement import Verdict
from records import sqlite
from records.ledger import verify
from records.views import AlarmView
from tests.faults.disks import Ballast, small_disk, syncs_fail
from tests.system.running import RunningLine, inspections, wait_until

FULL_SPEED = ("--takt", "0", "--lane", "100000", "--gauge-seconds", "0")
SEEN_WITHIN_S = 2.0
STILL_S = 1.5

pytestmark = pytest.mark.slow


@pytest.fixture
def line(tmp_path: Path) -> Iterator[RunningLine]:
    """A line whose store is on a disk of 16 MB, of which 2 are the reserve; it and its reviewers run."""
    with small_disk(tmp_path / "disk", 16) as disk:
        made = RunningLine(disk / "line", "--seed", "31", *FULL_SPEED)
        try:
            made.start_review()
            made.start("edge")
            wait_until(lambda: made_parts(made) >= 10, "ten parts", 90)
            yield made
        finally:
            made.close()


def made_parts(line: RunningLine) -> int:
    return len(line.truth())


def reasons(line: RunningLine) -> str:
    """Why the review station says the line is not ready."""
    try:
        with urllib.request.urlopen(f"{line.review_address}/readyz", timeout=5) as answer:
            ready = json.load(answer)
    except urllib.error.HTTPError as error:
        ready = json.load(error)
    return " ".join(ready["reasons"])


def alarms(line: RunningLine, kind: str) -> list[AlarmView]:
    with line.records() as records:
        return [alarm for alarm in records.alarms(line.settings.line, standing_only=False) if alarm.kind == kind]


def stands_still(line: RunningLine) -> bool:
    """No part comes or goes."""
    before = line.truth()
    time.sleep(STILL_S)
    return line.truth() == before


def comes_back(line: RunningLine) -> None:
    """Parts are made again, and what passed so far was allowed to."""
    count = made_parts(line)
    wait_until(lambda: made_parts(line) >= count + 5, "parts again", 60)
    wait_until(lambda: reasons(line) == "", "the review station finds nothing wrong")
    parts = {part["serial"]: part for part in line.truth()}
    with line.records() as records:
        verdicts = {row.serial: row.verdict for row in inspections(records)}
    for serial, part in parts.items():
        if part["passed_by"]:
            assert verdicts[serial] is Verdict.PASS, part
        if part["held"]:
            assert verdicts[serial] is not Verdict.PASS, part
    with line.database() as database:
        assert verify(database).broken_at is None


def test_disk_full(line: RunningLine) -> None:
    """The reserve takes records; when that is used up too nothing passes, and room brings everything back."""
    reserve = line.folder / "var" / "reserve"
    assert reserve.stat().st_size == 2_000_000
    ballast = Ballast(line.folder.parent)
    ballast.fill()
    wait_until(lambda: not reserve.exists(), "the reserve given up", 60)
    count = made_parts(line)
    wait_until(lambda: made_parts(line) > count, "parts recorded in the reserve's room")
    wait_until(lambda: bool(alarms(line, "disk full")), "the alarm")
    (alarm,) = alarms(line, "disk full")
    assert alarm.priority == Priority.URGENT
    assert "Delete or move away what does not belong there" in alarm.sentence

    def used_up() -> bool:
        ballast.fill()
        return "its disk is full" in reasons(line)

    wait_until(used_up, "the person told that nothing can be recorded", 60)
    assert stands_still(line)
    ballast.remove()
    comes_back(line)
    wait_until(reserve.exists, "the reserve taken again")
    wait_until(lambda: all(a.cleared_at for a in alarms(line, "disk full")), "the alarm cleared")
    assert "process ended" not in line.log("edge")


def test_fsync_eio(line: RunningLine) -> None:
    """The process ends rather than trust its memory of the disk, and judges again only once a sync succeeds."""
    edge = line._processes[-1]
    with syncs_fail(edge.pid):
        wait_until(lambda: edge.poll() is not None, "the process to end", 20)
        assert edge.returncode == 1
    assert "its disk fails" in line.log("edge")
    assert stands_still(line)
    again = line.start("edge")
    with syncs_fail(again.pid):
        wait_until(lambda: "the store does not write" in line.log("edge"), "the start that waits", 60)
        wait_until(lambda: "its disk fails" in reasons(line), "the person told")
        assert stands_still(line)
        assert again.poll() is None, "it does not start in a loop"
    comes_back(line)


def test_store_locked(line: RunningLine) -> None:
    """Parts wait while somebody else has the store, the person is told within 2 s, and then everything goes on."""
    locked = sqlite.newest_driver().connect(line.folder / "var" / "jidoka.db", isolation_level=None)
    locked.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    wait_until(lambda: "another program keeps it locked" in reasons(line), "the person told")
    assert time.monotonic() - began < SEEN_WITHIN_S + STILL_S
    assert stands_still(line)
    locked.execute("ROLLBACK")
    locked.close()
    comes_back(line)
    wait_until(lambda: all(a.cleared_at for a in alarms(line, "not writable")), "the alarm cleared")
    (alarm,) = alarms(line, "not writable")
    assert alarm.priority == Priority.URGENT
