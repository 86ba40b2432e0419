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
from collections import deque
from concurrent.futures import Executor

import structlog

from edge.acquisition.examine import Shown, clock_problem, corrupt, examine
from edge.acquisition.pictures import PictureError
from edge.acquisition.settings import CameraSettings
from edge.acquisition.wire import Grabbed, Receiver
from quality.evidence import Frame, NoEvidence

log = structlog.get_logger(__name__)

KEPT_PICTURES = 8
KEPT_BYTES = 32_000_000
START_S = 10.0
"""A grabber may take this long from its start to its first word; opening an RTSP stream takes seconds."""
GRACE_S = 0.5
"""Beyond the time-out, so that a grabber can say itself what is wrong before it is replaced."""
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0

CABLE = "Check the camera's power, cable and address."


class Camera:
    """A `FrameSource` over one real camera. Use between `start` and `close`, on one event loop.

    Decoding runs in `executor`, or in the loop's own when None.
    """

    def __init__(self, settings: CameraSettings, executor: Executor | None = None) -> None:
        self.settings = settings
        self.corrupt_pictures = 0
        """How many pictures asked for did not arrive whole, since the start."""
        self.restarts = 0
        """How many times the grabber had to be replaced."""
        self.grabber_pid: int | None = None
        self._executor = executor
        self._kept: deque[Grabbed] = deque()
        self._kept_bytes = 0
        self._arrived = asyncio.Event()
        self._before: Shown | None = None
        self._stream_problem: NoEvidence | None = self._says("it has said nothing yet", CABLE)
        self._silence: NoEvidence | None = None
        self._picture_problem: NoEvidence | None = None
        self._supervision: asyncio.Task[None] | None = None

    @property
    def camera(self) -> str:
        """Its name in LINE.yaml."""
        return self.settings.name

    @property
    def problem(self) -> NoEvidence | None:
        """What is wrong with the camera now, for the alarm list; None when its pictures come and are good."""
        return self._stream_problem or self._silence or self._picture_problem

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
        """The newest encoded picture for the live view, or None when there is none yet."""
        return self._kept[-1].encoded if self._kept else None

    async def frame_after(self, monotonic: float) -> Frame | NoEvidence:
        """The first frame captured after that moment (seconds of `time.monotonic`) that is evidence.

        Corrupt pictures are passed over for the next one within the time-out, and reported. A frozen camera,
        one of the wrong size or with a wrong clock is answered at once: its next picture is no better.
        """
        skipped: NoEvidence | None = None
        count = 0
        answer: Frame | NoEvidence
        try:
            async with asyncio.timeout(self.settings.timeout_s):
                while True:
                    grabbed = await self._first_after(monotonic)
                    try:
                        answer = clock_problem(self.settings, grabbed) or await self._examine(grabbed)
                        break
                    except PictureError as error:
                        count += 1
                        self.corrupt_pictures += 1
                        skipped = corrupt(self.settings, error, count)
                        log.warning("corrupt picture", camera=self.camera, problem=error.problem)
                        monotonic = grabbed.captured.monotonic
        except TimeoutError:
            answer = skipped or self._nothing_new(monotonic)
        if isinstance(answer, Frame):
            self._before = Shown(answer.sha256, grabbed.captured)
            self._picture_problem = skipped
        elif answer not in (self._stream_problem, self._silence):
            self._picture_problem = answer
        return answer

    async def _first_after(self, monotonic: float) -> Grabbed:
        while True:
            for grabbed in self._kept:
                if grabbed.captured.monotonic > monotonic:
                    return grabbed
            await self._arrived.wait()

    async def _examine(self, grabbed: Grabbed) -> Frame | NoEvidence:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, examine, self.settings, grabbed, self._before)

    def _nothing_new(self, monotonic: float) -> NoEvidence:
        if self._stream_problem is not None:
            return self._stream_problem
        waited = f"no picture newer than the trigger came within {self.settings.timeout_s:g} s"
        newest = self._kept[-1] if self._kept else None
        if newest is not None:
            waited += f"; its newest is {time.monotonic() - newest.captured.monotonic:.2f} s old"
            if newest.received > monotonic and self.settings.clock == "camera":
                return self._says(waited, "Let the camera and this machine follow the same NTP server.")
        self._silence = self._says(waited, CABLE)
        return self._silence

    def _says(self, problem: str, mend: str) -> NoEvidence:
        return NoEvidence(self.camera, problem, mend)

    def _keep(self, grabbed: Grabbed | None) -> None:
        self._stream_problem = None
        if grabbed is None:
            return
        self._silence = None
        self._kept.append(grabbed)
        self._kept_bytes += len(grabbed.encoded)
        while len(self._kept) > KEPT_PICTURES or (self._kept_bytes > KEPT_BYTES and len(self._kept) > 1):
            self._kept_bytes -= len(self._kept.popleft().encoded)
        self._arrived.set()
        self._arrived = asyncio.Event()

    async def _supervise(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            try:
                problem = await self._grab()
            except OSError as error:
                problem = self._says(
                    f"its grabber cannot be started: {error.strerror}",
                    "Check the memory, process and open-file limits of this machine.",
                )
            pause = FIRST_PAUSE_S if self._stream_problem is None else min(pause * 2, LONGEST_PAUSE_S)
            self._stream_problem = problem
            self.restarts += 1
            log.warning("grabber ended", camera=self.camera, problem=problem.problem, mend=problem.mend)
            await asyncio.sleep(pause)

    async def _grab(self) -> NoEvidence:
        """Runs one grabber to its end and says why it ended."""
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with theirs:
            transport, receiver = await loop.create_unix_connection(lambda: Receiver(self._keep), sock=ours)
            try:
                process = await _spawn(theirs, self.settings)
                # Held by the grabber alone, so that its end is seen here.
                theirs.close()
                self.grabber_pid = process.pid
                try:
                    return await self._watch(receiver)
                finally:
                    await _end(process)
                    self.grabber_pid = None
            finally:
                transport.abort()

    async def _watch(self, receiver: Receiver) -> NoEvidence:
        started = receiver.heard
        while not receiver.ended.done():
            silent_for = self.settings.timeout_s + GRACE_S if receiver.heard > started else START_S
            remaining = receiver.heard + silent_for - time.monotonic()
            if remaining <= 0:
                return self._says(f"it has been silent for {silent_for:.1f} s", CABLE)
            # In short steps: the first word shortens what may remain.
            await asyncio.wait([receiver.ended], timeout=min(remaining, GRACE_S))
        if receiver.last_words is not None:
            return self._says(receiver.last_words.problem, receiver.last_words.mend)
        return self._says("its grabber process ended without a word", "It is being started again; see the log.")


async def _spawn(channel: socket.socket, settings: CameraSettings) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "edge.acquisition.grabber",
        str(channel.fileno()),
        str(os.getpid()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        pass_fds=(channel.fileno(),),
    )
    if process.stdin is not None:
        process.stdin.write(settings.to_json())
        process.stdin.close()
    return process


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
