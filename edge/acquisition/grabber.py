"""The process that reads one camera.

`python -m edge.acquisition.grabber FD PARENT_PID KIND`, then the settings on standard input when it may begin.

It reads everything the camera sends, so that nothing grows old in a buffer, and hands over the newest. It
repairs nothing: what fails is said once and ends the process, and the edge process starts another.
"""

import ctypes
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from edge.acquisition.settings import CameraSettings
from edge.acquisition.wire import Captured, SourceError, alive_message, picture_header, problem_message

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Item = tuple[Captured, bytes | NDArray[np.uint8]] | None

PR_SET_PDEATHSIG = 1


def main() -> int:
    """Runs until the camera fails (exit code 1) or the edge process is gone (0)."""
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        _die_with(parent=int(sys.argv[2]))
        kind = sys.argv[3]
        pictures = _source(kind)
        # Ready; it begins when it is told where the camera is.
        settings = CameraSettings.from_json(sys.stdin.buffer.read())
        handover = Handover(channel, lossless=kind == "genicam")
        try:
            for item in pictures(settings):
                handover.offer(item)
        except SourceError as error:
            handover.finish(error)
    return 1


def _die_with(parent: int) -> None:
    """No orphans: the kernel kills this process when the edge process dies, however it dies."""
    # Ctrl-C reaches the whole group; the edge process ends its grabbers itself, in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


def _source(kind: str) -> "Callable[[CameraSettings], Iterator[Item]]":
    """What reads that kind, and nothing else: a grabber that needs no OpenCV stays at 15 MB."""
    if kind == "mjpeg":
        from edge.acquisition import mjpeg  # noqa: PLC0415

        return mjpeg.pictures
    if kind == "folder":
        from edge.acquisition import folder  # noqa: PLC0415

        return folder.pictures
    if kind == "genicam":
        from edge.acquisition import genicam_source  # noqa: PLC0415

        return genicam_source.pictures
    from edge.acquisition import opencv_source  # noqa: PLC0415

    return opencv_source.pictures


class Handover:
    """One place for the newest picture, and the thread that sends it on.

    While the edge process is busy the place is overwritten; the source is never kept waiting. Pixels are encoded
    here, as PNG when `lossless`, else as JPEG: what was compressed on its way gains nothing from more.
    """

    def __init__(self, channel: socket.socket, *, lossless: bool) -> None:
        self._channel = channel
        self._lossless = lossless
        self._changed = threading.Condition()
        self._newest: tuple[Captured, bytes | NDArray[np.uint8]] | None = None
        self._alive = False
        self._last_words: SourceError | None = None
        self._thread = threading.Thread(target=self._send_all, daemon=True)
        self._thread.start()

    def offer(self, item: "Item") -> None:
        """Puts a picture into the place, or says that the source is watched and has none."""
        with self._changed:
            if item is None:
                self._alive = True
            else:
                self._newest = item
            self._changed.notify()

    def finish(self, error: SourceError) -> None:
        """Sends what is still there, then the last words."""
        with self._changed:
            self._last_words = error
            self._changed.notify()
        self._thread.join()

    def _send_all(self) -> None:
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._newest or self._alive or self._last_words)
                    item, self._newest = self._newest, None
                    self._alive = False
                    last_words = self._last_words
                if item is not None:
                    self._send_picture(*item)
                elif last_words is not None:
                    self._channel.sendall(problem_message(last_words))
                    return
                else:
                    self._channel.sendall(alive_message())
        except OSError:
            # The edge process has closed its end. The source may be blocked, so nobody else can end this.
            os._exit(0)

    def _send_picture(self, captured: Captured, picture: "bytes | NDArray[np.uint8]") -> None:
        if not isinstance(picture, bytes):
            from edge.acquisition.pictures import encode_jpeg, encode_png  # noqa: PLC0415

            picture = encode_png(picture) if self._lossless else encode_jpeg(picture)
        header = picture_header(captured, len(picture))
        sent = self._channel.sendmsg([header, picture]) - len(header)
        if sent < 0:
            self._channel.sendall(header[sent:])
            sent = 0
        self._channel.sendall(memoryview(picture)[sent:])


if __name__ == "__main__":
    sys.exit(main())
