"""The tests' RTSP camera, as a process that can be stopped, killed and started again."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Self

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.acquisition.settings import CameraSettings

PYTHON = "/usr/bin/python3"
SERVER = Path(__file__).with_name("rtsp_server.py")
WIDTH, HEIGHT, SQUARE, SQUARES_A_ROW = 320, 240, 16, 16

NEEDS = (
    "python3-gi gir1.2-gst-rtsp-server-1.0"
    " gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly"
)
PROBE = """
import gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
assert Gst.ElementFactory.find("x264enc") and Gst.ElementFactory.find("rtph264pay")
"""


def _served() -> bool:
    return (
        Path(PYTHON).exists()
        and not subprocess.run([PYTHON, "-c", PROBE], capture_output=True, check=False).returncode
    )


needs_rtsp_server = pytest.mark.skipif(not _served(), reason=f"no gst-rtsp-server here: apt-get install {NEEDS}")


def moment(pixels: NDArray[np.uint8]) -> float:
    """When the picture was drawn, in seconds of the monotonic clock (gray pixels)."""
    middles = [divmod(bit, SQUARES_A_ROW) for bit in range(32)]
    lit = [int(pixels[row * SQUARE + SQUARE // 2, column * SQUARE + SQUARE // 2]) > 128 for row, column in middles]
    return sum(1 << bit for bit, one in enumerate(lit) if one) / 1000


class RtspCamera:
    """Serves between `with` and its end; `port` stays the same when it is started again."""

    def __init__(self) -> None:
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [PYTHON, str(SERVER), str(self.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def settings(self, latency_s: float = 0.0) -> CameraSettings:
        source = f"rtsp://127.0.0.1:{self.port}/face"
        return CameraSettings("face", "rtsp", source, WIDTH, HEIGHT, 1, latency_s=latency_s)
