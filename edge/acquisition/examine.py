"""When a picture counts as evidence: newer than its trigger, whole, of the right size and not a frozen one."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from edge.acquisition.pictures import PictureError, decode
from edge.acquisition.settings import CameraSettings
from edge.acquisition.wire import Captured, Grabbed
from quality.evidence import Frame, NoEvidence
from quality.saying import saying

CLOCK_TOLERANCE_S = 0.05
"""A picture cannot have been taken after it was received, except for the error of synchronised clocks."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The picture that was evidence for the part before: its digest and when it was taken."""

    sha256: str
    captured: Captured


def clock_problem(settings: CameraSettings, grabbed: Grabbed) -> NoEvidence | None:
    """A stamp from the future makes an old picture look newer than its trigger, so it is refused."""
    ahead = grabbed.captured.monotonic - grabbed.received
    if ahead <= CLOCK_TOLERANCE_S:
        return None
    return NoEvidence(
        settings.name,
        saying("its clock is {ahead} s ahead", ahead=f"{ahead:.2f}"),
        saying("Synchronise the camera and this machine to the same NTP server, or set clock: arrival"),
    )


def examine(settings: CameraSettings, grabbed: Grabbed, before: Shown | None) -> Frame | NoEvidence:
    """The frame, or why the picture is none. Raises PictureError when it did not arrive whole.

    Takes milliseconds and holds no lock on Python while decoding, so it belongs into a thread.
    """
    sha256 = hashlib.sha256(grabbed.encoded).hexdigest()
    if before is not None and before.sha256 == sha256 and before.captured != grabbed.captured:
        return NoEvidence(
            settings.name,
            saying("it is frozen: the picture is byte for byte that of the part before"),
            saying("Restart the camera; no two exposures are identical"),
        )
    pixels = decode(grabbed.encoded, settings.channels)
    height, width = pixels.shape[:2]
    if (width, height) != (settings.width, settings.height):
        return NoEvidence(
            settings.name,
            saying(
                "its picture is {size}, not {wanted}",
                size=f"{width}×{height}",
                wanted=f"{settings.width}×{settings.height}",
            ),
            saying("Set the camera's resolution, or width and height in LINE.yaml"),
        )
    captured_at = datetime.fromtimestamp(grabbed.captured.epoch, UTC)
    return Frame(settings.name, captured_at, sha256, grabbed.encoded, pixels)


def corrupt(settings: CameraSettings, error: PictureError, count: int) -> NoEvidence:
    """What is reported of pictures that did not arrive whole."""
    if count == 1:
        problem = saying("1 picture was corrupt: {problem}", problem=error.problem)
    else:
        problem = saying("{count} pictures were corrupt: {problem}", count=count, problem=error.problem)
    return NoEvidence(settings.name, problem, error.mend)
