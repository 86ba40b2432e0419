"""Which picture counts, on a clock that the test holds: no camera, no process, no waiting."""

from datetime import UTC, datetime
from typing import Literal

from edge.acquisition.choice import KEPT_PICTURES, Choice
from edge.acquisition.settings import CameraSettings
from edge.acquisition.wire import Captured, Grabbed
from quality.characteristic import LineId, PartSerial, StationId
from quality.evidence import Frame, NoEvidence
from quality.inspection import Cycle
from tests.unit.edge.acquisition.mjpeg_camera import FACES, HEIGHT, WIDTH, numbered

WAIT_S = 0.5


class Line:
    """A camera's pictures by the second at which they were taken."""

    def __init__(self, trigger: Literal["free", "hardware"]) -> None:
        settings = CameraSettings(
            "face", "mjpeg", "http://camera/", WIDTH, HEIGHT, 1, timeout_s=WAIT_S, trigger=trigger, lead_s=0.2
        )
        self.now = 100.0
        self.choice = Choice(settings, lambda: self.now)
        self._sent = 0

    def picture(
        self, at: float, counter: int | None = None, *, whole: bool = True, again: int | None = None
    ) -> None:
        """The next picture, or that one of them over again."""
        self._sent += 1
        encoded = numbered(FACES[0], again or self._sent)
        self.now = at
        if not whole:
            encoded = encoded[:-40]
        self.choice.keep(Grabbed(Captured(at, 1_700_000_000 + at, counter), at, encoded))

    async def ask(self, seen: float, sequence: int) -> Frame | NoEvidence:
        cycle = Cycle(
            LineId("line"), StationId("station"), 1, sequence, PartSerial(f"BM-{sequence}"), datetime.now(UTC)
        )
        return await self.choice.frame_after(seen, cycle)


def taken_at(frame: Frame | NoEvidence) -> float:
    assert isinstance(frame, Frame), frame
    return round(frame.captured_at.timestamp() - 1_700_000_000, 3)


def problem(answer: Frame | NoEvidence) -> str:
    assert isinstance(answer, NoEvidence)
    return answer.problem


async def test_a_free_running_camera_s_first_picture_after_the_part_was_seen_counts_and_none_before() -> None:
    line = Line("free")
    for at in (100.0, 100.1, 100.2, 100.3):
        line.picture(at)
    assert taken_at(await line.ask(100.1, 1)) == 100.2
    assert "no picture newer than the trigger" in problem(await line.ask(100.3, 2))


async def test_a_triggered_camera_s_picture_may_come_just_before_the_part_was_seen_but_not_long_before() -> None:
    line = Line("hardware")
    line.picture(100.0, 7)
    assert "7 came with cycle 1" in problem(await line.ask(100.1, 1))
    line.picture(101.0, 8)
    assert taken_at(await line.ask(101.1, 2)) == 101.0
    line.picture(102.0, 9)
    assert "no picture of cycle 3 came within 0.5 s, where count 9 was due" in problem(await line.ask(102.3, 3))


async def test_two_pictures_with_one_part_are_no_evidence() -> None:
    line = Line("hardware")
    line.picture(100.0, 7)
    await line.ask(100.1, 1)
    line.picture(101.0, 8)
    line.picture(101.1, 9)
    assert "2 pictures, counted 8, 9, came with cycle 2" in problem(await line.ask(101.1, 2))
    line.picture(102.0, 10)
    assert taken_at(await line.ask(102.1, 3)) == 102.0


async def test_a_triggered_camera_s_corrupt_picture_is_answered_without_waiting_for_the_next() -> None:
    line = Line("hardware")
    line.picture(100.0, 7)
    await line.ask(100.1, 1)
    line.picture(101.0, 8, whole=False)
    assert "corrupt" in problem(await line.ask(101.1, 2))
    line.picture(102.0, 9)
    assert taken_at(await line.ask(102.1, 3)) == 102.0, "its count was right"


async def test_after_the_source_failed_the_pairing_is_made_anew() -> None:
    line = Line("hardware")
    for sequence in (1, 2):
        line.picture(100.0 + sequence, sequence)
        await line.ask(100.1 + sequence, sequence)
    line.choice.fail(line.choice.says("it broke", "Mend it."))
    assert line.choice.failed
    line.picture(103.0, 3)
    assert not line.choice.failed
    assert "3 came with cycle 3" in problem(await line.ask(103.1, 3))


async def test_pictures_without_a_count_are_no_evidence_of_a_triggered_camera() -> None:
    line = Line("hardware")
    line.picture(100.0)
    assert "carry no count" in problem(await line.ask(100.1, 1))


async def test_a_picture_from_long_ago_under_a_new_stamp_is_no_evidence() -> None:
    line = Line("free")
    for at in range(KEPT_PICTURES * 5):
        line.picture(100.0 + at)
    line.picture(200.0, again=3)
    assert "it is frozen" in problem(await line.ask(199.9, 1))
    line.picture(201.0)
    assert taken_at(await line.ask(200.5, 2)) == 201.0


async def test_only_the_newest_pictures_are_kept() -> None:
    line = Line("free")
    for at in range(KEPT_PICTURES + 3):
        line.picture(100.0 + at)
    assert taken_at(await line.ask(99.0, 1)) == 103.0
