"""RTSP streams and local video devices, through OpenCV.

`read()` may block for ever, which is why it happens in a grabber: the edge process replaces a grabber that
has fallen silent.
"""

import os
import time
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.acquisition.settings import CameraSettings
from edge.acquisition.stream_clock import StreamClock
from edge.acquisition.wire import Captured, SourceError, captured_at_monotonic
from quality.saying import saying

OPEN_TIMEOUT_MS = 5000

NETWORK = saying(
    "Check the camera's power, its cable and its source in LINE.yaml; `ffprobe SOURCE` must show the stream"
)
DEVICE = saying(
    "Check the cable, that no other program holds the device, and that the user is in the group `video`"
)


def pictures(settings: CameraSettings) -> Iterator[tuple[Captured, NDArray[np.uint8]]]:
    """Every picture of the stream as BGR pixels, by its arrival less the latency and what it waited in buffers.

    Raises SourceError when the source cannot be opened or ends.
    """
    mend = DEVICE if settings.kind == "v4l2" else NETWORK
    capture = _device(settings) if settings.kind == "v4l2" else _stream(settings)
    try:
        if not capture.isOpened():
            raise SourceError(saying("the video source cannot be opened"), mend)
        clock = StreamClock()
        while capture.grab():
            arrived = clock.captured(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, time.monotonic())
            captured = captured_at_monotonic(arrived - settings.latency_s)
            retrieved, pixels = capture.retrieve()
            if not retrieved:
                raise SourceError(saying("the video source sends what cannot be decoded"), mend)
            yield captured, np.asarray(pixels, np.uint8)
        raise SourceError(saying("the video source ended"), mend)
    finally:
        capture.release()


def _stream(settings: CameraSettings) -> cv2.VideoCapture:
    # Over TCP nothing is lost on the way; FFmpeg must not collect pictures before it shows the first, nor look at
    # twenty of them to find out how many come in a second.
    options = "rtsp_transport;tcp|fflags;nobuffer|flags;low_delay|fpsprobesize;0"
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", options)
    return cv2.VideoCapture(
        settings.source,
        cv2.CAP_FFMPEG,
        [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            OPEN_TIMEOUT_MS,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            int(settings.stalled_s * 1000),
        ],
    )


def _device(settings: CameraSettings) -> cv2.VideoCapture:
    # Compressed by the camera: uncompressed pictures of this size do not fit through USB at full rate.
    return cv2.VideoCapture(
        settings.source,
        cv2.CAP_V4L2,
        [
            cv2.CAP_PROP_FOURCC,
            cv2.VideoWriter.fourcc(*"MJPG"),
            cv2.CAP_PROP_FRAME_WIDTH,
            settings.width,
            cv2.CAP_PROP_FRAME_HEIGHT,
            settings.height,
        ],
    )
