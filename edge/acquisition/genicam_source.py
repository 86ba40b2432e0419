"""GenICam cameras, through the GenTL producer that their maker ships.

The camera's features (exposure, gain, pixel format, trigger) are set with the maker's tool and saved in the
camera; nothing is changed here. What comes is the sensor's own picture, so it is handed on as pixels and kept
without loss.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge.acquisition.settings import CameraSettings
from edge.acquisition.wire import Captured, SourceError, captured_at_monotonic
from quality.saying import saying

with suppress(ImportError):
    # Takes half a second, which a grabber that waits for its camera has; who needs it finds it missing below.
    import harvesters.core  # noqa: F401

if TYPE_CHECKING:
    from harvesters.core import Buffer, Harvester, ImageAcquirer

WAIT_STEP_S = 0.005
LONGEST_STEP_S = 0.02
"""The most by which an arrival can be taken for later than it was."""
ALIVE_EVERY_S = 0.1
"""While a triggered camera has nothing to send."""
BUFFERS = 4
FORMATS = {
    "Mono8": (1, slice(1)),
    "BGR8": (3, slice(3)),
    "RGB8": (3, slice(None, None, -1)),
    "BGRa8": (4, slice(3)),
    "RGBa8": (4, slice(2, None, -1)),
}
"""Of each pixel format: its bytes for a pixel, and which of them are gray, or blue, green and red."""

EXTRA = saying("pip install 'jidoka[genicam]' (there are wheels for Python 3.11 to 3.14).")
PRODUCER = saying("Write source: FILE.cti#SERIAL in LINE.yaml, with the producer that the camera's maker ships")
CAMERA = saying("Check the camera's power and cable, and that no other program has it open")
FORMAT = saying(
    "Set the camera's PixelFormat to one of {formats} with its maker's tool, and save it there",
    formats=", ".join(FORMATS),
)

Item = tuple[Captured, NDArray[np.uint8]] | None


def pictures(settings: CameraSettings) -> Iterator[Item]:
    """Every picture of the camera, gray [height, width] or BGR [height, width, 3], by arrival less the latency.

    Of a triggered camera also None while it waits for its trigger. Raises SourceError when the producer or the
    camera cannot be opened, when a free-running one stands still for `stalled_s`, and when what it sends is of
    another pixel format.
    """
    try:
        from genicam import genapi, gentl  # noqa: PLC0415 - the extra may be missing
        from harvesters.core import Harvester  # noqa: PLC0415
    except ImportError as error:
        raise SourceError(saying("GenICam cameras need an extra that is not installed"), EXTRA) from error
    try:
        with ExitStack() as opened:
            harvester = Harvester()
            opened.callback(harvester.reset)
            camera = _open(harvester, settings.source)
            opened.callback(camera.destroy)
            camera.num_buffers = BUFFERS
            camera.start()
            yield from _acquire(settings, camera)
    except (gentl.GenericException, genapi.GenericException, OSError) as error:
        raise SourceError(saying("its GenTL producer refuses: {error}", error=str(error)), CAMERA) from error


def _open(harvester: "Harvester", source: str) -> "ImageAcquirer":
    file, _, wanted = source.partition("#")
    if not Path(file).is_file():
        raise SourceError(saying("there is no GenTL producer {file}", file=file), PRODUCER)
    harvester.add_file(file, check_validity=True)
    harvester.update()
    found = [(info.serial_number, info.id_) for info in harvester.device_info_list]
    matching = [index for index, names in enumerate(found) if not wanted or wanted in names]
    if len(matching) != 1:
        known = ", ".join(f"{serial} ({device})" for serial, device in found) or saying("none")
        what = saying("several cameras") if matching else saying("no such camera")
        raise SourceError(
            saying("{file} finds {what}; there is: {known}", file=file, what=what, known=known),
            PRODUCER if found else CAMERA,
        )
    return harvester.create(matching[0])


def _acquire(settings: CameraSettings, camera: "ImageAcquirer") -> Iterator[Item]:
    """Takes every picture as soon as it is there.

    What had to be waited for arrived when it came. What was there already may have waited for us while this
    process got no CPU, since there was last nothing: so long it is taken to be old.
    """
    triggered = settings.trigger == "hardware"
    heard = nothing_at = time.monotonic()
    waited = True
    while True:
        began = time.monotonic()
        buffer = camera.try_fetch(timeout=WAIT_STEP_S)
        now = time.monotonic()
        stood_still = now - began > LONGEST_STEP_S
        if buffer is not None:
            arrived = now if waited and not stood_still else nothing_at
            waited, heard = False, now
            with buffer:
                counter = int(buffer.frame_id) if triggered else None
                yield captured_at_monotonic(arrived - settings.latency_s, counter), _pixels(buffer)
            continue
        # A picture that arrived incomplete is dropped and looks like nothing, but at once.
        waited = now - began >= WAIT_STEP_S
        nothing_at = began if stood_still else now
        if triggered and now - heard >= ALIVE_EVERY_S:
            heard = now
            yield None
        elif now - heard > settings.stalled_s:
            raise SourceError(
                saying("it stands still: no whole picture within {within} s", within=f"{settings.stalled_s:g}"),
                CAMERA,
            )


def _pixels(buffer: "Buffer") -> NDArray[np.uint8]:
    image = buffer.payload.components[0]
    if image.data_format not in FORMATS:
        raise SourceError(saying("its pixel format is {format}", format=str(image.data_format)), FORMAT)
    depth, channels = FORMATS[image.data_format]
    width, height = int(image.width), int(image.height)
    if image.data.size != width * height * depth:
        raise SourceError(
            saying(
                "its {width}×{height} picture has {size} bytes", width=width, height=height, size=image.data.size
            ),
            FORMAT,
        )
    pixels = image.data.reshape(height, width, depth)[:, :, channels]
    return np.array(pixels[:, :, 0] if depth == 1 else pixels, np.uint8, order="C")
