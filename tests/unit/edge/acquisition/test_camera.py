"""Cameras over real processes and sockets: a frame is newer than its trigger and whole, or said to be missing."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from hashlib import sha256

import numpy as np
import pytest

from edge.acquisition.camera import Camera
from edge.acquisition.settings import CameraSettings
from quality.evidence import Frame, NoEvidence
from quality.ports import FrameSource
from tests.unit.edge.acquisition.mjpeg_camera import HEIGHT, WIDTH, MjpegCamera, face


@contextlib.asynccontextmanager
async def watched(settings: CameraSettings) -> AsyncIterator[Camera]:
    camera = Camera(settings)
    await camera.start()
    try:
        yield camera
    finally:
        await camera.close()


async def until(true: Callable[[], bool], seconds: float = 8.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - another process decides when
            await asyncio.sleep(0.01)


async def first_frame(camera: Camera) -> Frame:
    await until(lambda: camera.newest() is not None)
    frame = await camera.frame_after(time.monotonic())
    assert isinstance(frame, Frame), frame
    return frame


async def missing(camera: Camera) -> NoEvidence:
    answer = await camera.frame_after(time.monotonic())
    assert isinstance(answer, NoEvidence)
    assert answer.device == "face"
    assert answer.mend
    return answer


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_frame_is_the_camera_s_bytes_with_digest_pixels_and_time() -> None:
    async with MjpegCamera() as real, watched(real.settings(channels=3)) as camera:
        source: FrameSource = camera
        frame = await first_frame(camera)
        assert source.camera == frame.camera == "face"
        assert frame.pixels.shape == (HEIGHT, WIDTH, 3)
        assert frame.pixels.dtype == np.uint8
        assert frame.sha256 == sha256(frame.encoded).hexdigest()
        assert frame.captured_at.timestamp() == pytest.approx(real.sent_at(frame.encoded), abs=1e-4)
        assert frame.captured_at.tzinfo is UTC
        assert camera.problem is None


async def test_at_two_parts_a_second_each_frame_is_the_first_after_its_trigger() -> None:
    async with MjpegCamera(interval_s=1 / 30) as real, watched(real.settings()) as camera:
        await first_frame(camera)
        for _ in range(3):
            await asyncio.sleep(0.5)
            trigger_epoch, trigger = time.time(), time.monotonic()
            frame = await camera.frame_after(trigger)
            assert isinstance(frame, Frame)
            # A loaded machine may lose one to the next: the newest wins.
            assert real.sent_at(frame.encoded) in [stamp for stamp in real.sent if stamp > trigger_epoch][:2]


async def test_on_the_arrival_clock_a_frame_is_newer_than_its_trigger_too() -> None:
    async with MjpegCamera(stamped=False) as real, watched(real.settings(clock="arrival")) as camera:
        await first_frame(camera)
        before = datetime.now(UTC)
        frame = await camera.frame_after(time.monotonic())
        assert isinstance(frame, Frame)
        assert before <= frame.captured_at <= datetime.now(UTC)


async def test_pictures_that_waited_while_the_grabber_got_no_cpu_are_not_taken_for_new() -> None:
    async with (
        MjpegCamera(stamped=False, interval_s=0.05) as real,
        watched(real.settings(clock="arrival", timeout_s=3)) as camera,
    ):
        await first_frame(camera)
        pid = camera.grabber_pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(0.5)
        trigger_epoch, trigger = time.time(), time.monotonic()
        os.kill(pid, signal.SIGCONT)
        frame = await camera.frame_after(trigger)
        assert isinstance(frame, Frame)
        assert real.sent_at(frame.encoded) > trigger_epoch - 0.005


async def test_a_stream_without_lengths_is_cut_at_its_boundaries() -> None:
    async with MjpegCamera(declare_length=False) as real, watched(real.settings()) as camera:
        await first_frame(camera)


async def test_a_trigger_asked_again_gets_its_frame_again() -> None:
    async with MjpegCamera() as real, watched(real.settings()) as camera:
        await first_frame(camera)
        trigger = time.monotonic()
        first, second = await camera.frame_after(trigger), await camera.frame_after(trigger)
        assert isinstance(first, Frame)
        assert isinstance(second, Frame)
        assert first.sha256 == second.sha256


async def test_a_killed_grabber_is_replaced_and_frames_come_again() -> None:
    async with MjpegCamera() as real, watched(real.settings(timeout_s=3)) as camera:
        await first_frame(camera)
        killed = camera.grabber_pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        await until(lambda: camera.restarts == 1)
        assert camera.problem is not None
        assert isinstance(await camera.frame_after(time.monotonic()), Frame)
        assert camera.grabber_pid != killed
        assert camera.problem is None


async def test_a_stopped_grabber_is_killed_and_replaced() -> None:
    async with MjpegCamera() as real, watched(real.settings(timeout_s=0.3)) as camera:
        await first_frame(camera)
        stopped = camera.grabber_pid
        assert stopped is not None
        os.kill(stopped, signal.SIGSTOP)
        await missing(camera)
        await until(lambda: camera.restarts == 1)
        assert camera.problem is not None
        assert "silent" in camera.problem.problem
        assert not alive(stopped)
        await until(lambda: camera.problem is None)
        await first_frame(camera)


async def test_a_stalled_stream_is_missing_evidence_within_the_time_out_and_connected_anew() -> None:
    async with MjpegCamera() as real, watched(real.settings(timeout_s=0.3)) as camera:
        await first_frame(camera)
        real.mode = "stalled"
        started = time.monotonic()
        await missing(camera)
        assert time.monotonic() - started < 0.6
        await until(lambda: camera.restarts >= 1)
        assert camera.problem is not None
        assert "stands still" in camera.problem.problem
        assert "stands still" in (await missing(camera)).problem
        real.mode = "live"
        await until(lambda: camera.problem is None)
        await first_frame(camera)


async def test_a_camera_that_is_gone_is_named_with_what_to_check() -> None:
    async with MjpegCamera() as real:
        settings = real.settings(timeout_s=0.3)
    async with watched(settings) as camera:
        await until(lambda: "reached" in repr(camera.problem))
        answer = await missing(camera)
        assert f"127.0.0.1:{real.port} cannot be reached" in answer.problem
        assert camera.restarts == 0, "no process is started in vain"
        assert camera.problem == answer
        assert camera.newest() is None


async def test_a_frozen_stream_is_noticed_at_the_first_part() -> None:
    async with MjpegCamera(mode="frozen") as real, watched(real.settings()) as camera:
        await until(lambda: camera.newest() is not None)
        assert "frozen" in (await missing(camera)).problem
        assert camera.problem is not None
        real.mode = "live"
        await until(lambda: len(real.sent) > 10)
        await asyncio.sleep(2 * real.interval_s)
        await first_frame(camera)
        assert camera.problem is None


async def test_a_corrupt_picture_is_passed_over_counted_and_reported() -> None:
    async with MjpegCamera() as real, watched(real.settings()) as camera:
        await first_frame(camera)
        real.mode = "every second corrupt"
        for _ in range(4):
            assert isinstance(await camera.frame_after(time.monotonic()), Frame)
        assert camera.corrupt_pictures > 0


async def test_a_stream_of_corrupt_pictures_is_missing_evidence() -> None:
    async with MjpegCamera(mode="corrupt") as real, watched(real.settings(timeout_s=0.4)) as camera:
        await until(lambda: camera.newest() is not None)
        assert "corrupt" in (await missing(camera)).problem
        assert camera.problem is not None
        real.mode = "live"
        await asyncio.sleep(3 * real.interval_s)
        await first_frame(camera)
        assert camera.problem is None


async def test_a_picture_of_another_size_is_missing_evidence() -> None:
    async with MjpegCamera(picture=face(1, 80, 60)) as real, watched(real.settings()) as camera:
        await until(lambda: camera.newest() is not None)
        assert "80×60, not 160×120" in (await missing(camera)).problem


async def test_a_clock_that_is_ahead_or_behind_is_noticed() -> None:
    async with MjpegCamera(clock_ahead_s=30) as real, watched(real.settings(timeout_s=0.3)) as camera:
        await until(lambda: camera.newest() is not None)
        assert "ahead" in (await missing(camera)).problem
        real.clock_ahead_s = -30
        await asyncio.sleep(0.4)
        answer = await missing(camera)
        assert "no picture newer than the trigger" in answer.problem
        assert "its newest is 30." in answer.problem
        assert "NTP" in answer.mend


async def test_a_sign_in_is_sent_and_a_refusal_is_told_without_the_password() -> None:
    async with MjpegCamera(status="401 Unauthorized") as real:
        settings = CameraSettings("face", "mjpeg", f"http://eye:s3cret@127.0.0.1:{real.port}/", WIDTH, HEIGHT, 1)
        async with watched(settings) as camera:
            await until(lambda: camera.restarts >= 1)
            assert camera.problem is not None
            assert "sign-in" in camera.problem.problem
            assert "s3cret" not in repr(camera.problem)
            assert b"Authorization: Basic ZXllOnMzY3JldA==" in real.requests[0]


async def test_no_grabber_outlives_its_camera() -> None:
    async with MjpegCamera() as real, watched(real.settings()) as camera:
        await first_frame(camera)
        pid = camera.grabber_pid
        assert pid is not None
        await camera.close()
        assert not alive(pid)


PARENT = """
import asyncio, sys
from edge.acquisition.camera import Camera
from edge.acquisition.settings import CameraSettings
async def main():
    camera = Camera(CameraSettings.from_json(sys.argv[1].encode()))
    await camera.start()
    while camera.newest() is None:
        await asyncio.sleep(0.01)
    print(camera.grabber_pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_no_grabber_outlives_a_killed_edge_process() -> None:
    async with MjpegCamera() as real:
        parent = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PARENT, real.settings().to_json().decode(), stdout=subprocess.PIPE
        )
        assert parent.stdout is not None
        pid = int(await parent.stdout.readline())
        assert alive(pid)
        parent.kill()
        await parent.communicate()
        await until(lambda: not alive(pid))
