"""A camera that has a problem is an alarm before any part asks it for a picture."""

import asyncio

from edge.cycle.alarms import Alarms
from edge.cycle.camera_watch import CameraWatch
from quality.alarm import Priority
from quality.evidence import NoEvidence
from tests.fakes import FakeClock, FakeFrameSource, FakeRecords, InlineWriter, frame

SILENT = NoEvidence("face", "it has been silent for 0.8 s", "Check its cable")


class Watched:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.records = FakeRecords()
        self.alarms = Alarms(self.records, InlineWriter(), self.clock)
        self.camera = FakeFrameSource("face", frame())
        self.watch = CameraWatch([self.camera], self.alarms, self.clock, every_s=0.1)


async def test_a_stalled_camera_is_an_alarm_that_names_it_and_its_return_clears_it() -> None:
    line = Watched()
    running = asyncio.create_task(line.watch.run())
    await line.clock.advance(5.0)
    assert line.alarms.sentence("face") == ""
    line.camera.answer = SILENT
    await line.clock.advance(0.1)
    assert line.alarms.sentence("face") == "face: it has been silent for 0.8 s. Mend: Check its cable."
    line.camera.answer = frame()
    await line.clock.advance(0.1)
    assert line.alarms.sentence("face") == ""
    running.cancel()


async def test_a_camera_that_opens_is_no_alarm_yet_but_one_that_was_open_is_at_once() -> None:
    line = Watched()
    line.camera.answer = SILENT
    running = asyncio.create_task(line.watch.run())
    await line.clock.advance(2.5)
    assert line.alarms.sentence("face") == ""
    await line.clock.advance(1.0)
    assert line.alarms.sentence("face") != ""
    running.cancel()
    line = Watched()
    await line.watch.look()
    line.camera.answer = SILENT
    await line.watch.look()
    assert line.alarms.sentence("face") != ""


async def test_one_cause_is_one_alarm() -> None:
    line = Watched()
    await line.watch.look()
    line.camera.answer = SILENT
    await line.watch.look()
    await line.alarms.raise_("face", "no evidence", Priority.HIGH, "face: no picture came with cycle 7.")
    await line.watch.look()
    assert [kind for _, kind in line.records.alarms] == ["no evidence"]
    await line.alarms.clear("face", "no evidence")
    await line.watch.look()
    assert [kind for _, kind in line.records.alarms] == ["camera"]
