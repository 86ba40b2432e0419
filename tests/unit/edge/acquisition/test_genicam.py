"""GenICam cameras, on the virtual camera that the genicam wheel ships."""

import asyncio
import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.acquisition import genicam_source
from edge.acquisition.settings import CameraSettings
from edge.acquisition.wire import SourceError
from quality.evidence import Frame
from tests.unit.edge.acquisition.test_camera import first_frame, until, watched

genicam = pytest.importorskip("genicam", reason="the extra is missing: pip install 'jidoka[genicam]'")
core = pytest.importorskip("harvesters.core", reason="the extra is missing: pip install 'jidoka[genicam]'")

VIRTUAL = Path(genicam.__file__).with_name("viky.cti")
SIDE = 400


def settings(source: str = f"{VIRTUAL}#VikyTL_DEV_green", **changes: object) -> CameraSettings:
    plain: dict[str, object] = {"width": SIDE, "height": SIDE, "channels": 3}
    return CameraSettings("face", "genicam", source, **(plain | changes))  # type: ignore[arg-type] - named by tests


@contextlib.contextmanager
def acquiring() -> Iterator[Any]:
    """The virtual camera, in this process."""
    harvester = core.Harvester()
    harvester.add_file(str(VIRTUAL))
    harvester.update()
    acquirer = harvester.create({"serial_number": "1"})
    acquirer.num_buffers = 4
    acquirer.start()
    try:
        yield acquirer
    finally:
        acquirer.destroy()
        harvester.reset()


@pytest.fixture
def camera() -> Iterator[Any]:
    with acquiring() as acquirer:
        yield acquirer


async def test_a_frame_of_a_genicam_camera_is_the_sensor_s_picture_without_loss() -> None:
    async with watched(settings()) as camera:
        await first_frame(camera)
        trigger = time.monotonic()
        frame = await camera.frame_after(trigger)
        assert isinstance(frame, Frame)
        assert frame.encoded.startswith(b"\x89PNG")
        assert frame.pixels.shape == (SIDE, SIDE, 3)
        # A white field and, in BGR, the green of the camera's ball: no colour in between is made up.
        assert {tuple(colour) for colour in np.unique(frame.pixels.reshape(-1, 3), axis=0)} >= {(255, 255, 255)}
        assert camera.problem is None


@pytest.mark.parametrize(("pixel_format", "shape"), [("RGBa8", (SIDE, SIDE, 3)), ("Mono8", (SIDE, SIDE))])
def test_pixels_are_those_of_the_buffer_in_gray_or_blue_green_red(
    camera: Any, pixel_format: str, shape: tuple[int, ...]
) -> None:
    camera.stop()
    camera.remote_device.node_map.PixelFormat.value = pixel_format
    camera.start()
    with camera.fetch(timeout=2) as buffer:
        pixels = genicam_source._pixels(buffer)
        raw = np.array(buffer.payload.components[0].data).reshape(SIDE, SIDE, -1)
    assert pixels.shape == shape
    expected = raw[:, :, 0] if pixel_format == "Mono8" else np.stack([raw[:, :, c] for c in (2, 1, 0)], axis=2)
    assert np.array_equal(pixels, expected)


def test_every_picture_has_the_camera_s_own_count_when_it_is_triggered(camera: Any) -> None:
    found = []
    for item in genicam_source._acquire(settings(trigger="hardware"), camera):
        if item is not None:
            found.append(item[0].counter)
        if len(found) == 4:
            break
    assert found == list(range(found[0], found[0] + 4))


def test_a_triggered_camera_at_rest_is_alive_and_a_free_running_one_has_stalled(camera: Any) -> None:
    camera.remote_device.node_map.AcquisitionStop.execute()
    resting = genicam_source._acquire(settings(trigger="hardware"), camera)
    assert any(next(resting) is None for _ in range(10))
    with pytest.raises(SourceError, match="stands still"):
        list(genicam_source._acquire(settings(), camera))


def test_pictures_that_waited_in_the_camera_s_buffers_are_not_taken_for_new(camera: Any) -> None:
    acquired = genicam_source._acquire(settings(), camera)
    assert next(acquired) is not None
    time.sleep(0.3)  # nobody takes them: the producer's buffers fill
    resumed = time.monotonic()
    waiting = [next(acquired) for _ in range(3)]
    assert all(item is not None and item[0].monotonic < resumed - 0.2 for item in waiting)
    fresh = next(item for item in acquired if item is not None and item[0].monotonic > resumed)
    assert fresh[0].monotonic <= time.monotonic()


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("/nowhere/producer.cti#1", "there is no GenTL producer /nowhere/producer.cti"),
        (f"{VIRTUAL}#17", r"no such camera; there is: 0 \(VikyTL_DEV_red\), 1 \(VikyTL_DEV_green\)"),
        (str(VIRTUAL), "several cameras"),
        (__file__, "refuses"),
    ],
)
def test_a_camera_that_cannot_be_opened_is_named_with_those_that_are_there(source: str, problem: str) -> None:
    with pytest.raises(SourceError, match=problem):
        next(genicam_source.pictures(settings(source)))


def test_without_the_extra_the_command_that_installs_it_is_named() -> None:
    hidden = {
        name: module for name, module in sys.modules.items() if name.split(".")[0] in ("harvesters", "genicam")
    }
    sys.modules.update(dict.fromkeys(hidden, None))  # type: ignore[arg-type] - None: the import fails
    try:
        with pytest.raises(SourceError) as caught:
            next(genicam_source.pictures(settings()))
    finally:
        sys.modules.update(hidden)
    assert "pip install 'jidoka[genicam]'" in caught.value.mend


async def test_two_genicam_cameras_run_side_by_side() -> None:
    async with watched(settings()) as green, watched(settings(f"{VIRTUAL}#0")) as red:
        await until(lambda: green.newest() is not None and red.newest() is not None)
        trigger = time.monotonic()
        frames = await asyncio.gather(green.frame_after(trigger), red.frame_after(trigger))
        assert all(isinstance(frame, Frame) for frame in frames)
    assert threading.active_count() < 20
