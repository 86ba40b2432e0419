"""One camera, seen from the edge process: its newest pictures, its grabber kept alive, its frames checked.

Reading a camera may block for ever or crash in a driver, so it happens in a process of its own that is
killed and started again; here nothing waits for longer than the camera's time-out. Times are those of the
machine's monotonic clock, which the grabber shares: pictures come from the real world at its own pace.
"""

import asyncio
import contextlib
import os
import socket
import sys
import time
from concurrent.futures import Executor

import structlog

from edge.acquisition.choice import CABLE, Choice
from edge.acquisition.pictures import PictureError, Scale, decode, encode_jpeg
from edge.acquisition.reach import unreachable
from edge.acquisition.settings import CameraSettings, Kind
from edge.acquisition.wire import Receiver
from quality.evidence import Frame, NoEvidence
from quality.inspection import Cycle
from quality.saying import saying

log = structlog.get_logger(__name__)

START_S = 10.0
"""A grabber may take this long from its start to its first word; opening an RTSP stream takes seconds."""
LOOK_S = 0.1
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0
"""Between two processes; so short that a camera that is back gives evidence again within two seconds."""
REACH_EVERY_S = 0.3
"""Between two looks whether a network camera is back."""

GLANCE_WIDTH = 640
"""Pixels of a picture that a tablet looks at over its Wi-Fi, or up to twice as many."""
GLANCE_QUALITY = 70


def small(encoded: bytes, width: int) -> bytes:
    """The picture, `width` pixels wide, as a JPEG for a glance. Raises PictureError when it is not whole."""
    scale: Scale = 4 if width >= 4 * GLANCE_WIDTH else 2 if width >= 2 * GLANCE_WIDTH else 1
    return encode_jpeg(decode(encoded, 3, scale), GLANCE_QUALITY)


class Camera:
    """A `FrameSource` over one real camera. Use between `start` and `close`, on one event loop.

    Decoding runs in `executor`, or in the loop's own when None.
    """

    def __init__(self, settings: CameraSettings, executor: Executor | None = None) -> None:
        self.settings = settings
        self.restarts = 0
        """How many times the grabber had to be replaced."""
        self.grabber_pid: int | None = None
        self._choice = Choice(settings, time.monotonic, executor)
        self._supervision: asyncio.Task[None] | None = None

    @property
    def camera(self) -> str:
        """Its name in LINE.yaml."""
        return self.settings.name

    @property
    def problem(self) -> NoEvidence | None:
        """What is wrong with the camera now, for the alarm list; None when its pictures come and are good."""
        return self._choice.problem

    @property
    def corrupt_pictures(self) -> int:
        """How many pictures asked for did not arrive whole, since the start."""
        return self._choice.corrupt_pictures

    async def start(self) -> None:
        """Starts the grabber and keeps one running; does not wait for the camera."""
        self._supervision = asyncio.create_task(self._supervise(), name=f"camera {self.camera}")

    async def close(self) -> None:
        """Ends the grabber; returns when its process is gone."""
        if self._supervision is None:
            return
        self._supervision.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._supervision
        self._supervision = None

    def newest(self) -> bytes | None:
        """The newest picture as it came, or None when there is none yet."""
        return self._choice.newest()

    async def glance(self) -> bytes | None:
        """The newest picture, small, for the live view; None when there is none, or it did not arrive whole."""
        newest = self.newest()
        if newest is None:
            return None
        # Not in the executor of the evidence: no part's picture waits for one that is only looked at.
        shrinking = asyncio.get_running_loop().run_in_executor(None, small, newest, self.settings.width)
        try:
            return await shrinking
        except PictureError:
            return None

    async def frame_after(self, monotonic: float, cycle: Cycle | None = None) -> Frame | NoEvidence:
        """The first frame captured after that moment (seconds of `time.monotonic`) that is evidence, or why none.

        `cycle` is None when no part is asked about.
        """
        return await self._choice.frame_after(monotonic, cycle)

    async def _supervise(self) -> None:
        pause = 0.0
        while True:
            problem = await self._grab(pause)
            self.restarts += 1
            again = min(2 * pause, LONGEST_PAUSE_S) if self._choice.failed else 0.0
            pause = max(again, FIRST_PAUSE_S)
            self._fail(problem)

    def _fail(self, problem: NoEvidence) -> None:
        if problem != self.problem:
            log.warning("camera failed", camera=self.camera, problem=problem.problem, mend=problem.mend)
        self._choice.fail(problem)

    async def _grab(self, pause: float) -> NoEvidence:
        """Runs one grabber to its end and says why it ended, or why it could not be started."""
        try:
            return await self._run_grabber(pause)
        except OSError as error:
            await asyncio.sleep(pause)
            return self._choice.says(
                saying("its grabber cannot be started: {why}", why=str(error.strerror)),
                saying("Check the memory, process and open-file limits of this machine"),
            )

    async def _run_grabber(self, pause: float) -> NoEvidence:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with theirs:
            transport, receiver = await loop.create_unix_connection(lambda: Receiver(self._choice.keep), sock=ours)
            try:
                process = await _spawn(theirs, self.settings.kind)
                # Held by the grabber alone, so that its end is seen here.
                theirs.close()
                self.grabber_pid = process.pid
                try:
                    # It makes itself ready meanwhile, so that a camera that is back is read at once.
                    await self._await_camera(pause, receiver)
                    _begin(process, self.settings)
                    return await self._watch(receiver)
                finally:
                    await _end(process)
                    self.grabber_pid = None
            finally:
                transport.abort()

    async def _await_camera(self, pause: float, receiver: Receiver) -> None:
        """Returns when it is time to read the camera and it can be reached, or the grabber has ended."""
        await asyncio.wait([receiver.ended], timeout=pause)
        while not receiver.ended.done() and (problem := await unreachable(self.settings)) is not None:
            self._fail(problem)
            await asyncio.wait([receiver.ended], timeout=REACH_EVERY_S)

    async def _watch(self, receiver: Receiver) -> NoEvidence:
        started = receiver.heard = time.monotonic()
        while not receiver.ended.done():
            silent_for = self.settings.silent_s if receiver.heard > started else START_S
            remaining = receiver.heard + silent_for - time.monotonic()
            if remaining <= 0:
                return self._choice.says(
                    saying("it has been silent for {silent} s", silent=f"{silent_for:.1f}"), CABLE
                )
            # In short steps: the first word shortens what may remain.
            await asyncio.wait([receiver.ended], timeout=min(remaining, LOOK_S))
        if receiver.last_words is not None:
            return self._choice.says(receiver.last_words.problem, receiver.last_words.mend)
        return self._choice.says(
            saying("its grabber process ended without a word"),
            saying("It is being started again; see the log"),
        )


async def _spawn(channel: socket.socket, kind: Kind) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "edge.acquisition.grabber",
        str(channel.fileno()),
        str(os.getpid()),
        kind,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        pass_fds=(channel.fileno(),),
    )


def _begin(process: asyncio.subprocess.Process, settings: CameraSettings) -> None:
    """It reads the camera from now on."""
    if process.stdin is not None:
        process.stdin.write(settings.to_json())
        process.stdin.close()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Gone when this returns or raises; SIGKILL also ends a driver that blocks."""
    if process.returncode is None:
        process.kill()
    gone = asyncio.ensure_future(process.wait())
    try:
        await asyncio.shield(gone)
    except asyncio.CancelledError:
        await gone
        raise
