"""Faults of cameras: what is no evidence holds the part and names the camera; nobody waits for a dead one."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime

import pytest

from edge.acquisition import genicam_source
from edge.acquisition.camera import Camera
from edge.acquisition.wire import SourceError
from quality.characteristic import LineId, PartSerial, StationId
from quality.evidence import Frame, NoEvidence
from quality.inspection import Cycle
from tests.faults.ticker import Ticker
from tests.unit.edge.acquisition.mjpeg_camera import MjpegCamera, Mode, face
from tests.unit.edge.acquisition.rtsp_camera import RtspCamera, needs_rtsp_server
from tests.unit.edge.acquisition.test_camera import first_frame, missing, until, watched

# What is timed here has the machine to itself.
pytestmark = pytest.mark.whole_machine

KNOWN_WITHIN_S = 1.0
"""After the last picture was due."""
BACK_WITHIN_S = 2.0
LONGEST_BLOCK_S = 0.05
MJPEG_INTERVAL_S = 1 / 30
RTSP_INTERVAL_S = 1 / 25


async def test_camera_freeze() -> None:
    async with MjpegCamera() as real, watched(real.settings()) as camera:
        await first_frame(camera)
        real.mode = "frozen"
        await asyncio.sleep(0.3)
        assert "frozen" in (await missing(camera)).problem
        assert camera.problem is not None
        real.mode = "live"
        await asyncio.sleep(0.3)
        await first_frame(camera)
        assert camera.problem is None


async def test_previous_part_s_frame() -> None:
    # Its pictures are on their way for 0.3 s: those that come first after a trigger show the part before.
    async with MjpegCamera(clock_ahead_s=-0.3) as real, watched(real.settings()) as camera:
        await first_frame(camera)
        for _ in range(3):
            triggered_at, trigger = datetime.now(UTC), time.monotonic()
            frame = await camera.frame_after(trigger)
            assert isinstance(frame, Frame)
            assert frame.captured_at > triggered_at
            assert time.monotonic() - trigger > 0.29
        real.mode = "stalled"
        await asyncio.sleep(0.05)
        await missing(camera)  # nor is the last one kept good


async def test_corrupt_jpeg() -> None:
    await _damaged("corrupt")


async def test_truncated_jpeg() -> None:
    await _damaged("truncated")


async def test_wrong_resolution() -> None:
    async with MjpegCamera() as real, watched(real.settings()) as camera:
        await first_frame(camera)
        real.picture = face(1, 80, 60)
        await asyncio.sleep(0.3)
        assert "its picture is 80×60, not 160×120" in (await missing(camera)).problem
        real.picture = None
        await asyncio.sleep(0.3)
        await first_frame(camera)


async def test_capture_hang() -> None:
    """A driver that blocks for ever, as a process that stands still does."""
    async with MjpegCamera() as real, watched(real.settings()) as camera:

        async def hang() -> None:
            assert camera.grabber_pid is not None
            os.kill(camera.grabber_pid, signal.SIGSTOP)

        await _stalls_and_is_back(camera, MJPEG_INTERVAL_S, hang)
        assert camera.restarts == 1


async def test_stream_stalled_in_the_middle_of_a_picture() -> None:
    async with MjpegCamera() as real, watched(real.settings()) as camera:

        async def stall() -> None:
            real.mode = "stalled in a picture"

        async def resume() -> None:
            real.mode = "live"

        await _stalls_and_is_back(camera, MJPEG_INTERVAL_S, stall, resume)


@needs_rtsp_server
async def test_rtsp_camera_stands_still() -> None:
    with RtspCamera() as real:
        async with watched(real.settings()) as camera:

            async def stop() -> None:
                real.send(signal.SIGSTOP)

            async def resume() -> None:
                real.send(signal.SIGCONT)

            await _stalls_and_is_back(camera, RTSP_INTERVAL_S, stop, resume)


def test_genicam_acquisition_stops() -> None:
    pytest.importorskip("harvesters", reason="the extra is missing: pip install 'jidoka[genicam]'")
    from tests.unit.edge.acquisition.test_genicam import acquiring, settings

    with acquiring() as virtual:
        pictures = genicam_source._acquire(settings(), virtual)
        interval_s = 1 / virtual.remote_device.node_map.AcquisitionFrameRate.value
        for _ in range(5):
            next(pictures)
        virtual.remote_device.node_map.AcquisitionStop.execute()
        last, said = _to_the_end(pictures)
        known_after_s = time.monotonic() - last - interval_s
    assert "stands still" in said.problem
    print(f"known {known_after_s:.2f} s after the picture was due")  # noqa: T201
    assert known_after_s <= KNOWN_WITHIN_S
    with acquiring() as virtual:
        assert next(genicam_source._acquire(settings(), virtual)) is not None


async def test_camera_gone_and_back() -> None:
    real = MjpegCamera()
    async with contextlib.AsyncExitStack() as plugged:
        await plugged.enter_async_context(real)
        async with watched(real.settings()) as camera:

            async def unplug() -> None:
                await plugged.aclose()

            async def plug_in() -> None:
                await plugged.enter_async_context(real)

            await _stalls_and_is_back(camera, MJPEG_INTERVAL_S, unplug, plug_in, gone_s=3.0)


@needs_rtsp_server
async def test_rtsp_camera_gone_and_back() -> None:
    with RtspCamera() as real:
        async with watched(real.settings()) as camera:

            async def unplug() -> None:
                await asyncio.to_thread(real.kill)

            async def plug_in() -> None:
                await asyncio.to_thread(real.start)

            await _stalls_and_is_back(camera, RTSP_INTERVAL_S, unplug, plug_in, gone_s=3.0)


@pytest.fixture
async def triggered() -> AsyncIterator[tuple[MjpegCamera, Camera]]:
    """A camera that the test triggers, and its pictures."""
    async with MjpegCamera(counter=40) as real, watched(real.settings(trigger="hardware")) as camera:
        await until(lambda: camera.problem is None)
        await asyncio.sleep(1.2)
        assert camera.restarts == 0, "a camera at rest has not stalled"
        yield real, camera


def cycle(sequence: int, boot: int = 1) -> Cycle:
    return Cycle(
        LineId("line"), StationId("station"), boot, sequence, PartSerial(f"BM-{sequence}"), datetime.now(UTC)
    )


async def part(
    real: MjpegCamera, camera: Camera, sequence: int, triggers: int = 1, boot: int = 1
) -> Frame | NoEvidence:
    """The part of that cycle enters, and so many triggers come with it; one that is too many comes before it."""
    for left in reversed(range(triggers)):
        real.trigger()
        await asyncio.sleep(0.3 if left else 0.02)
    answer = await camera.frame_after(time.monotonic(), cycle(sequence, boot))
    # Until the next part, so that the window of the next trigger is its own.
    await asyncio.sleep(0.25)
    return answer


async def test_trigger_counter_mismatch(triggered: tuple[MjpegCamera, Camera]) -> None:
    real, camera = triggered
    first = await part(real, camera, 1)
    assert isinstance(first, NoEvidence)
    assert "41 came with cycle 1" in first.problem
    assert isinstance(await part(real, camera, 2), Frame)
    assert isinstance(await part(real, camera, 3), Frame)

    extra = await part(real, camera, 4, triggers=2)
    assert isinstance(extra, NoEvidence)
    assert extra.device == "face"
    assert "picture of cycle 4 is counted 45 where 44 was due" in extra.problem
    assert isinstance(await part(real, camera, 5), Frame)

    missed = await part(real, camera, 6, triggers=0)
    assert isinstance(missed, NoEvidence)
    assert "no picture of cycle 6 came within 1 s, where count 47 was due" in missed.problem
    after = await part(real, camera, 7)
    assert isinstance(after, NoEvidence)
    assert "picture of cycle 7 is counted 47 where 48 was due: a trigger was missed" in after.problem
    assert isinstance(await part(real, camera, 8), Frame)
    assert camera.problem is None


async def test_trigger_counter_after_the_camera_or_the_plc_starts_anew(
    triggered: tuple[MjpegCamera, Camera],
) -> None:
    real, camera = triggered
    await part(real, camera, 1)
    assert isinstance(await part(real, camera, 2), Frame)
    real.counter = 0
    anew = await part(real, camera, 3)
    assert isinstance(anew, NoEvidence)
    assert "cycle 3 is counted 1 where 43 was due" in anew.problem
    assert isinstance(await part(real, camera, 4), Frame)

    assert isinstance(await part(real, camera, 1, boot=2), NoEvidence), "the PLC counts anew too"
    assert isinstance(await part(real, camera, 2, boot=2), Frame)

    assert camera.grabber_pid is not None
    os.kill(camera.grabber_pid, signal.SIGKILL)
    await until(lambda: camera.restarts == 1 and camera.problem is None)
    assert isinstance(await part(real, camera, 3, boot=2), NoEvidence), (
        "what the camera did meanwhile is not known"
    )
    assert isinstance(await part(real, camera, 4, boot=2), Frame)


def _to_the_end(pictures: Iterator[object]) -> tuple[float, SourceError]:
    """When the last picture came, and what was said when none came any more."""
    last = time.monotonic()
    try:
        for _ in pictures:
            last = time.monotonic()
    except SourceError as said:
        return last, said
    raise AssertionError("the camera ended without a word")


async def _damaged(mode: Mode) -> None:
    async with MjpegCamera() as real, watched(real.settings(timeout_s=0.6)) as camera:
        await first_frame(camera)
        real.mode = mode
        await asyncio.sleep(0.3)
        assert "corrupt" in (await missing(camera)).problem
        assert camera.corrupt_pictures > 0
        assert camera.problem is not None
        real.mode = "live"
        await asyncio.sleep(0.3)
        await first_frame(camera)
        assert camera.problem is None


async def _stalls_and_is_back(
    camera: Camera,
    interval_s: float,
    stall: Callable[[], Awaitable[None]],
    resume: Callable[[], Awaitable[None]] | None = None,
    *,
    gone_s: float = 1.5,
) -> None:
    """The stall is known in time, nothing on the loop waits for it, and there is evidence soon after its end."""
    await first_frame(camera)
    await asyncio.sleep(0.3)
    pid = camera.grabber_pid
    async with Ticker() as ticker:
        await stall()
        await until(lambda: camera.problem is not None, 5)
        # What was on its way when it stopped arrives still; the next is due after the last that did.
        known_after_s = time.monotonic() - camera._choice._kept[-1].received - interval_s
        if resume is not None:
            await asyncio.sleep(gone_s)
            assert camera.problem is not None
            await resume()
        returned = time.monotonic()
        await until(lambda: camera.problem is None)
        while not isinstance(await camera.frame_after(time.monotonic()), Frame):
            pass
        back_after_s = time.monotonic() - returned
    print(  # noqa: T201
        f"known {known_after_s:.2f} s after the picture was due,"
        f" evidence again {back_after_s:.2f} s after its return;"
        f" longest gap on the loop {1000 * ticker.longest_gap_s:.0f} ms,"
        f" of it blocked {1000 * ticker.longest_block_s:.0f} ms"
    )
    assert known_after_s <= KNOWN_WITHIN_S
    assert back_after_s <= BACK_WITHIN_S
    assert ticker.longest_block_s <= LONGEST_BLOCK_S
    assert camera.grabber_pid != pid
