"""RTSP against a real server: how old the newest picture is, and that an old one is not taken for new."""

import asyncio
import os
import signal
import time

import pytest

from edge.acquisition.pictures import decode
from edge.acquisition.stream_clock import WINDOW_S, StreamClock
from quality.evidence import Frame
from tests.unit.edge.acquisition.rtsp_camera import RtspCamera, moment, needs_rtsp_server
from tests.unit.edge.acquisition.test_camera import first_frame, until, watched

WELL_UNDER_A_SECOND = 0.5
"""0.08 s on a machine with nothing else to do; a reader that lets pictures wait falls seconds behind."""


@needs_rtsp_server
async def test_the_newest_picture_of_a_stream_is_a_fraction_of_a_second_old_however_rarely_one_asks() -> None:
    with RtspCamera() as real:
        async with watched(real.settings()) as camera:
            await first_frame(camera)
            ages = []
            for _ in range(4):
                await asyncio.sleep(0.7)
                newest = camera.newest()
                assert newest is not None
                ages.append(time.monotonic() - moment(decode(newest, 1)))
            print(f"age of the newest RTSP picture: {[f'{1000 * age:.0f} ms' for age in ages]}")  # noqa: T201
            assert min(ages) < WELL_UNDER_A_SECOND


@needs_rtsp_server
async def test_a_frame_shows_what_came_after_its_trigger_when_the_latency_is_said() -> None:
    with RtspCamera() as real:
        async with watched(real.settings(latency_s=0.25)) as camera:
            await first_frame(camera)
            for _ in range(3):
                trigger = time.monotonic()
                frame = await camera.frame_after(trigger)
                assert isinstance(frame, Frame)
                assert moment(frame.pixels) > trigger


@needs_rtsp_server
async def test_pictures_that_waited_while_the_grabber_stood_still_are_not_taken_for_new() -> None:
    with RtspCamera() as real:
        async with watched(real.settings()) as camera:
            await until(lambda: camera.newest() is not None)
            await asyncio.sleep(0.5)
            pid = camera.grabber_pid
            assert pid is not None
            os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(0.45)
            trigger = time.monotonic()
            os.kill(pid, signal.SIGCONT)
            frame = await camera.frame_after(trigger)
            assert isinstance(frame, Frame)
            assert moment(frame.pixels) > trigger - 0.25  # the stream's own delay


def test_a_stream_s_picture_was_taken_when_its_stamp_says_by_the_quickest_arrival() -> None:
    clock = StreamClock()
    assert clock.captured(5.00, 100.10) == pytest.approx(100.10)
    assert clock.captured(5.04, 100.11) == pytest.approx(100.11)  # came quicker: it is the measure now
    assert clock.captured(5.08, 100.65) == pytest.approx(100.15)  # waited for half a second
    assert clock.captured(5.12, 100.66) == pytest.approx(100.19)


def test_a_stream_that_drifts_against_our_clock_is_compared_with_its_last_seconds_alone() -> None:
    clock = StreamClock()
    for second in range(600):
        captured = clock.captured(second * 0.999, 50.0 + second)
    assert 0 <= 50.0 + 599 - captured <= 0.001 * (WINDOW_S + 2)


def test_a_stream_whose_stamps_do_not_grow_is_stamped_on_arrival() -> None:
    clock = StreamClock()
    assert [clock.captured(0.0, arrived) for arrived in (7.0, 7.5, 8.0)] == [7.0, 7.5, 8.0]
    assert clock.captured(-3.0, 9.0) == 9.0
