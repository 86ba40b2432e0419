"""Folders and OpenCV's video sources as cameras, and the messages that carry pictures between processes."""

import asyncio
import contextlib
import os
import socket
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.acquisition import opencv_source
from edge.acquisition.camera import Camera
from edge.acquisition.pictures import encode_png
from edge.acquisition.settings import CameraSettings
from edge.acquisition.wire import (
    HEADER,
    Captured,
    Grabbed,
    Receiver,
    SourceError,
    alive_message,
    picture_header,
    problem_message,
)
from quality.evidence import Frame, NoEvidence
from tests.unit.edge.acquisition.mjpeg_camera import FACES, HEIGHT, WIDTH
from tests.unit.edge.acquisition.test_camera import until, watched


def folder_settings(folder: Path, timeout_s: float = 3.0) -> CameraSettings:
    return CameraSettings("face", "folder", str(folder), WIDTH, HEIGHT, 1, "arrival", timeout_s)


async def write(path: Path, content: bytes) -> None:
    await asyncio.to_thread(path.write_bytes, content)


async def watching(camera: Camera) -> None:
    """The folder's grabber has had its first look."""
    await until(lambda: camera.grabber_pid is not None)
    await asyncio.sleep(0.5)


async def test_a_new_file_is_a_frame_and_is_left_alone(tmp_path: Path) -> None:
    await write(tmp_path / "before.jpg", FACES[0])
    async with watched(folder_settings(tmp_path)) as camera:
        await watching(camera)
        assert camera.newest() is None
        trigger = time.monotonic()
        await asyncio.sleep(0.05)
        await write(tmp_path / "part-1.jpg", FACES[1])
        frame = await camera.frame_after(trigger)
        assert isinstance(frame, Frame)
        assert frame.encoded == FACES[1]
        assert sorted(entry.name for entry in os.scandir(tmp_path)) == ["before.jpg", "part-1.jpg"]
        trigger = time.monotonic()
        await asyncio.sleep(0.05)
        await write(tmp_path / "part-1.jpg", FACES[2])
        again = await camera.frame_after(trigger)
        assert isinstance(again, Frame)
        assert again.encoded == FACES[2]


@pytest.mark.whole_machine
async def test_a_file_counts_only_once_it_is_whole_and_of_the_right_ending(tmp_path: Path) -> None:
    async with watched(folder_settings(tmp_path)) as camera:
        await watching(camera)
        trigger = time.monotonic()
        await asyncio.sleep(0.05)
        picture = encode_png(np.full((HEIGHT, WIDTH), 90, np.uint8))
        await write(tmp_path / "part.txt", FACES[2])
        await write(tmp_path / ".hidden.jpg", FACES[2])
        with (tmp_path / "part.png").open("wb") as growing:
            for at in range(0, len(picture), len(picture) // 12):
                growing.write(picture[at : at + len(picture) // 12])
                growing.flush()
                await asyncio.sleep(0.005)
        frame = await camera.frame_after(trigger)
        assert isinstance(frame, Frame)
        assert frame.encoded == picture
        assert camera.corrupt_pictures == 0


async def test_an_idle_folder_is_no_problem_and_a_missing_one_is(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    async with watched(folder_settings(folder, timeout_s=0.2)) as camera:
        await until(lambda: camera.problem is None)
        await asyncio.sleep(1.0)
        assert camera.restarts == 0
        folder.rmdir()
        await until(lambda: camera.restarts == 1)
        answer = await camera.frame_after(time.monotonic())
        assert isinstance(answer, NoEvidence)
        assert str(folder) in answer.problem


async def test_a_camera_that_cannot_be_opened_is_tried_ever_more_rarely(tmp_path: Path) -> None:
    async with watched(folder_settings(tmp_path / "nowhere")) as camera:
        await asyncio.sleep(2.0)
        assert 1 <= camera.restarts <= 5, "at once, and 0.1, 0.3, 0.7 and 1.5 s later at the earliest"


def test_the_modification_time_is_the_capture_time_when_the_camera_s_clock_is_trusted(tmp_path: Path) -> None:
    from edge.acquisition import folder

    settings = CameraSettings("face", "folder", str(tmp_path), WIDTH, HEIGHT, 1, "camera")
    pictures = folder.pictures(settings)
    assert next(pictures) is None
    path = tmp_path / "part.jpg"
    path.write_bytes(FACES[0])
    os.utime(path, (1_700_000_000, 1_700_000_000))
    found = next(item for item in pictures if item is not None)
    assert found[0].epoch == pytest.approx(1_700_000_000, abs=1e-3)
    assert found[1] == FACES[0]


def video(path: Path, frames: int) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (WIDTH, HEIGHT))
    assert writer.isOpened()
    for index in range(frames):
        writer.write(np.full((HEIGHT, WIDTH, 3), (index * 9 % 256, 40, 200), np.uint8))
    writer.release()


def video_settings(path: Path) -> CameraSettings:
    return CameraSettings("face", "rtsp", str(path), WIDTH, HEIGHT, 3)


def test_a_video_source_gives_every_picture_then_says_that_it_ended(tmp_path: Path) -> None:
    video(tmp_path / "faces.avi", 20)
    received: list[tuple[Captured, NDArray[np.uint8]]] = []
    with pytest.raises(SourceError, match="ended"):
        received.extend(opencv_source.pictures(video_settings(tmp_path / "faces.avi")))
    assert len(received) >= 18  # unbuffered, FFmpeg may skip the first
    captured, pixels = received[-1]
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert abs(captured.monotonic - time.monotonic()) < 1


def test_a_video_source_that_is_not_there_is_refused() -> None:
    with pytest.raises(SourceError, match="cannot be opened"):
        next(opencv_source.pictures(video_settings(Path("/nonexistent.avi"))))
    with pytest.raises(SourceError, match="cannot be opened") as caught:
        next(opencv_source.pictures(CameraSettings("face", "v4l2", "/dev/video97", WIDTH, HEIGHT, 3)))
    assert "group" in caught.value.mend


async def test_a_video_source_s_pictures_reach_the_edge_process_as_jpegs(tmp_path: Path) -> None:
    await asyncio.to_thread(video, tmp_path / "faces.avi", 60)
    before = time.monotonic()
    async with watched(video_settings(tmp_path / "faces.avi")) as camera:
        await until(lambda: camera.newest() is not None)
        frame = await camera.frame_after(before)
        assert isinstance(frame, Frame)
        assert frame.encoded.startswith(b"\xff\xd8")
        assert np.abs(frame.pixels[:, :, 2].astype(int) - 200).max() < 12


def test_a_clock_that_a_kind_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="carry no capture time"):
        CameraSettings("face", "rtsp", "rtsp://camera/", WIDTH, HEIGHT, 3, clock="camera")


def test_settings_survive_the_way_to_the_grabber() -> None:
    settings = CameraSettings("face", "mjpeg", "http://ä/", WIDTH, HEIGHT, 3, "camera", 0.5, 0.1)
    assert CameraSettings.from_json(settings.to_json()) == settings


async def received(*messages: bytes) -> tuple[Receiver, list[Grabbed | None]]:
    pictures: list[Grabbed | None] = []
    ours, theirs = socket.socketpair()
    transport, receiver = await asyncio.get_running_loop().create_unix_connection(
        lambda: Receiver(pictures.append), sock=ours
    )
    with theirs:
        for message in messages:
            with contextlib.suppress(BrokenPipeError):
                await asyncio.to_thread(theirs.sendall, message)
    await asyncio.wait_for(asyncio.shield(receiver.ended), 3)
    transport.abort()
    return receiver, pictures


async def test_messages_arrive_in_order_however_they_are_sliced() -> None:
    captured = Captured(1.5, 2.5)
    text = (
        alive_message()
        + picture_header(captured, 3)
        + b"one"
        + picture_header(captured, 3)
        + b"two"
        + problem_message(SourceError("it ended", "Look."))
    )
    for step in (1, 7, len(text)):
        receiver, pictures = await received(*(text[at : at + step] for at in range(0, len(text), step)))
        assert pictures[0] is None
        whole = [(grabbed.captured, grabbed.encoded) for grabbed in pictures if grabbed is not None]
        assert whole == [(captured, b"one"), (captured, b"two")]
        assert receiver.last_words is not None
        assert receiver.last_words.mend == "Look."


async def test_a_length_beyond_the_bound_ends_the_connection() -> None:
    receiver, pictures = await received(HEADER.pack(1, 0, 0, -1, 20_000_001), b"rest")
    assert receiver.ended.done()
    assert pictures == []
