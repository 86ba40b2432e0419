"""Which of a camera's pictures is the evidence for a trigger, and what is wrong with the camera meanwhile.

Knows pictures and times alone: where they come from is told to it, and its clock is handed in, so that the same
rules judge a real camera's pictures and those of a simulation on a clock of its own.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor

import structlog

from edge.acquisition.examine import Shown, clock_problem, corrupt, examine
from edge.acquisition.pairing import MEND, Pairing
from edge.acquisition.pictures import PictureError
from edge.acquisition.settings import CameraSettings
from edge.acquisition.wire import Grabbed
from quality.evidence import Frame, NoEvidence
from quality.inspection import Cycle
from quality.saying import Saying, saying

log = structlog.get_logger(__name__)

KEPT_PICTURES = 8
KEPT_BYTES = 32_000_000
REMEMBERED_PICTURES = 1000
"""By their digest alone, long after they are gone: half a minute of a fast camera, many minutes of a slow one."""

RESTART = saying("Restart the camera; no two exposures are identical")
CABLE = saying("Check the camera's power, cable and address")


class Choice:
    """The newest pictures of one camera, and the choice among them.

    `now` gives the seconds of the clock that stamps the pictures. Decoding runs in `executor`, or in the loop's
    own when None.
    """

    def __init__(
        self, settings: CameraSettings, now: Callable[[], float], executor: Executor | None = None
    ) -> None:
        self._settings = settings
        self._now = now
        self._executor = executor
        self.corrupt_pictures = 0
        """How many pictures asked for did not arrive whole, since the start."""
        self._kept: deque[Grabbed] = deque()
        self._kept_bytes = 0
        self._came: deque[bytes] = deque(maxlen=REMEMBERED_PICTURES)
        self._arrived = asyncio.Event()
        self._before: Shown | None = None
        self._pairing = Pairing()
        self._stream_problem: NoEvidence | None = self.says(saying("it has said nothing yet"), CABLE)
        self._silence: NoEvidence | None = None
        self._picture_problem: NoEvidence | None = None

    @property
    def problem(self) -> NoEvidence | None:
        """What is wrong with the camera now; None when its pictures come and are good."""
        return self._stream_problem or self._silence or self._picture_problem

    @property
    def failed(self) -> bool:
        """True from `fail` until the source has a word again."""
        return self._stream_problem is not None

    def newest(self) -> bytes | None:
        """The newest encoded picture, or None when there is none yet."""
        return self._kept[-1].encoded if self._kept else None

    def says(self, problem: Saying, mend: Saying) -> NoEvidence:
        """Missing evidence that names this camera."""
        return NoEvidence(self._settings.name, problem, mend)

    def fail(self, problem: NoEvidence) -> None:
        """The source has failed; no picture comes until it says something again."""
        self._stream_problem = problem
        self._pairing.forget()

    def keep(self, grabbed: Grabbed | None) -> None:
        """Takes in a picture, or the word (None) that the source is watched and has none."""
        self._stream_problem = None
        if grabbed is None:
            return
        self._silence = None
        self._kept.append(grabbed)
        self._kept_bytes += len(grabbed.encoded)
        self._came.append(_digest(grabbed))
        while len(self._kept) > KEPT_PICTURES or (self._kept_bytes > KEPT_BYTES and len(self._kept) > 1):
            self._kept_bytes -= len(self._kept.popleft().encoded)
        self._arrived.set()
        self._arrived = asyncio.Event()

    async def frame_after(self, monotonic: float, cycle: Cycle | None = None) -> Frame | NoEvidence:
        """The frame of the cycle whose part was seen at that moment (seconds of `now`), or why there is none.

        It is the first one captured after that moment. Corrupt pictures are passed over for the next one within
        the time-out, and reported. A frozen camera, one of the wrong size or with a wrong clock is answered at
        once: its next picture is no better. A triggered camera takes one picture for each part, perhaps just
        before the part is seen: that one counts or none, and its count has to be the cycle's.
        """
        triggered = cycle if self._settings.trigger == "hardware" else None
        since = monotonic - self._settings.lead_s if triggered else monotonic
        skipped: NoEvidence | None = None
        count = 0
        answer: Frame | NoEvidence
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                while True:
                    grabbed = await self._first_after(since)
                    refusal = clock_problem(self._settings, grabbed) or self._miscounted(triggered, since)
                    if refusal is None and triggered is None:
                        refusal = await self._frozen(grabbed)
                    try:
                        answer = refusal or await self._examine(grabbed)
                        break
                    except PictureError as error:
                        count += 1
                        self.corrupt_pictures += 1
                        answer = skipped = corrupt(self._settings, error, count)
                        log.warning("corrupt picture", camera=self._settings.name, problem=error.problem)
                        if triggered:
                            break
                        since = grabbed.captured.monotonic
        except TimeoutError:
            answer = skipped or self._nothing_new(since, triggered)
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

    async def _frozen(self, grabbed: Grabbed) -> NoEvidence | None:
        """A picture that came under another stamp too, byte for byte, does not show the moment of its stamp.

        The first of a stream is compared with the one behind it, since nothing came before.
        """
        if len(self._came) == 1 and self._settings.kind != "folder":
            await self._first_after(grabbed.captured.monotonic)
        if self._came.count(_digest(grabbed)) == 1:
            return None
        return self.says(saying("it is frozen: the same picture came before, byte for byte"), RESTART)

    def _miscounted(self, triggered: Cycle | None, since: float) -> NoEvidence | None:
        if triggered is None:
            return None
        came = [kept.captured.counter for kept in self._kept if kept.captured.monotonic > since]
        counters = tuple(counter for counter in came if counter is not None)
        if len(counters) < len(came):
            return self.says(saying("its pictures carry no count"), MEND)
        problem = self._pairing.problem(triggered, counters)
        return None if problem is None else self.says(problem, MEND)

    async def _examine(self, grabbed: Grabbed) -> Frame | NoEvidence:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, examine, self._settings, grabbed, self._before)

    def _nothing_new(self, monotonic: float, triggered: Cycle | None) -> NoEvidence:
        if self._stream_problem is not None:
            return self._stream_problem
        waited, mend = self._waited_for(triggered), CABLE if triggered is None else MEND
        newest = self._kept[-1] if self._kept else None
        if newest is not None:
            age = f"{self._now() - newest.captured.monotonic:.2f}"
            waited = saying("{waited}; its newest is {age} s old", waited=waited, age=age)
            if newest.received > monotonic and self._settings.clock == "camera":
                return self.says(waited, saying("Let the camera and this machine follow the same NTP server"))
        self._silence = self.says(waited, mend)
        return self._silence

    def _waited_for(self, triggered: Cycle | None) -> Saying:
        within = f"{self._settings.timeout_s:g}"
        if triggered is None:
            return saying("no picture newer than the trigger came within {within} s", within=within)
        due = self._pairing.due(triggered)
        if due is None:
            return saying(
                "no picture of cycle {cycle} came within {within} s", cycle=triggered.sequence, within=within
            )
        return saying(
            "no picture of cycle {cycle} came within {within} s, where count {due} was due",
            cycle=triggered.sequence,
            within=within,
            due=due,
        )


def _digest(grabbed: Grabbed) -> bytes:
    return hashlib.sha256(grabbed.encoded).digest()
