"""The camera of a trial: it looks at the part in the station; its pictures go through acquisition's own checks.

A picture is tiny and says how damaged the face is: its left half is as bright as that, its right half is noise, so
that no two are alike.
"""

import hashlib
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Final

import numpy as np

from edge.acquisition.choice import Choice
from edge.acquisition.pictures import encode_jpeg
from edge.acquisition.settings import CameraSettings
from edge.acquisition.wire import Captured, Grabbed
from edge.simulator.part import Part
from edge.trial.chronicle import Chronicle, Exposed
from edge.trial.line import CAMERA, FACE_PIXELS
from edge.trial.parts import Kind, kind_of
from edge.trial.schedule import FaultKind
from quality.evidence import Frame, NoEvidence
from quality.inspection import Cycle
from quality.ports import Clock
from quality.saying import saying

BRIGHTNESS: Final = {Kind.GOOD: 20, Kind.OUT: 20, Kind.DOUBTFUL: 128, Kind.DEFECT: 235}
"""Of the left half. An empty station looks as harmless as a good part does."""
EVERY_S: Final = 0.3
IDLE_EVERY_S: Final = 10.0
BUFFERED: Final = 6
"""Fewer than acquisition keeps: an old picture under a new stamp can be told by its bytes alone."""
CLOCK_AHEAD_S: Final = 30.0
SETTINGS: Final = CameraSettings(
    name=CAMERA,
    kind="mjpeg",
    source="http://camera/",
    width=FACE_PIXELS,
    height=FACE_PIXELS,
    channels=1,
    clock="camera",
    timeout_s=1.0,
)


class Face:
    """The `FrameSource` of one life of the edge process."""

    def __init__(self, clock: Clock) -> None:
        self.choice = Choice(SETTINGS, clock.monotonic)

    @property
    def camera(self) -> str:
        """Its name."""
        return SETTINGS.name

    @property
    def problem(self) -> NoEvidence | None:
        """What is wrong with the camera now."""
        return self.choice.problem

    async def frame_after(self, monotonic: float, cycle: Cycle) -> Frame | NoEvidence:
        """As acquisition chooses."""
        return await self.choice.frame_after(monotonic, cycle)

    async def glance(self) -> bytes | None:
        """Nobody watches a trial."""
        return None


class TrialCamera:
    """The device, which outlives the edge process. `part` gives what stands before it, `now` the shift's time."""

    def __init__(
        self,
        clock: Clock,
        part: Callable[[], Part | None],
        chronicle: Chronicle,
        now: Callable[[], float],
        random: Random,
    ) -> None:
        self._clock = clock
        self._part = part
        self._chronicle = chronicle
        self._now = now
        self._random = random
        self._faces: list[Face] = []
        self._until: dict[FaultKind, float] = {}
        self._details: dict[FaultKind, int] = {}
        self._looked_at = 0.0
        self._newest: tuple[bytes, Captured] | None = None
        self._handed: deque[tuple[Part | None, bytes, Captured]] = deque(maxlen=BUFFERED)
        """What a camera that lags may hand over once more: what each picture shows, and the picture."""

    def watched_by(self, face: Face) -> None:
        """From now on the pictures go there; the process that watched before is gone."""
        self._faces = [face]
        face.choice.keep(None)

    def begin(self, kind: FaultKind, seconds: float, detail: int) -> None:
        """The fault is there from now on, for that long."""
        self._until[kind] = self._now() + seconds
        self._details[kind] = detail

    def step(self) -> None:
        """Takes a picture when it is time."""
        part = self._part()
        now = self._now()
        if now - self._looked_at < (IDLE_EVERY_S if part is None else EVERY_S):
            return
        self._looked_at = now
        if self._active(FaultKind.CAMERA_HANG):
            return
        if self._active(FaultKind.CAMERA_GONE):
            for face in self._faces:
                face.choice.fail(
                    NoEvidence(CAMERA, saying("it refuses the connection"), saying("Check its power and cable."))
                )
            return
        encoded, captured = self._taken(part)
        self._hand_over(encoded, captured)

    def _taken(self, part: Part | None) -> tuple[bytes, Captured]:
        """The picture of this moment, or what a faulty camera gives for it."""
        captured = Captured(self._clock.monotonic(), self._clock.now().timestamp())
        if self._active(FaultKind.CAMERA_CLOCK):
            captured = Captured(captured.monotonic + CLOCK_AHEAD_S, captured.epoch + CLOCK_AHEAD_S)
        if self._active(FaultKind.CAMERA_FROZEN) and self._newest is not None:
            return self._newest[0], captured
        if self._active(FaultKind.PREVIOUS_FRAME) and (earlier := self._previous(part)) is not None:
            return earlier[0], captured if self._details[FaultKind.PREVIOUS_FRAME] % 2 else earlier[1]
        wide = FACE_PIXELS + 8 * self._active(FaultKind.WRONG_RESOLUTION)
        encoded = self._expose(part, wide)
        sound = wide == FACE_PIXELS
        if self._active(FaultKind.CAMERA_CORRUPT):
            encoded, sound = self._spoilt(encoded), False
        self._chronicle.tell(
            Exposed(self._now(), part.serial if part else None, hashlib.sha256(encoded).hexdigest(), sound)
        )
        self._newest = encoded, captured
        self._handed.append((part, encoded, captured))
        return encoded, captured

    def _expose(self, part: Part | None, wide: int) -> bytes:
        pixels = np.full((FACE_PIXELS, wide), BRIGHTNESS[kind_of(part) if part else Kind.GOOD], np.uint8)
        noise = self._random.randbytes(FACE_PIXELS * wide // 2)
        pixels[:, wide - wide // 2 :] = np.frombuffer(noise, np.uint8).reshape(FACE_PIXELS, wide // 2)
        return encode_jpeg(pixels)

    def _spoilt(self, encoded: bytes) -> bytes:
        """Cut short, or run over by the next picture."""
        cut = self._random.randrange(len(encoded) // 4, len(encoded) - 8)
        return encoded[:cut] if self._details[FaultKind.CAMERA_CORRUPT] % 2 else encoded[:cut] + encoded

    def _previous(self, part: Part | None) -> tuple[bytes, Captured] | None:
        """The newest picture of another part than the one that stands there, if the camera still has one."""
        if part is None:
            return None
        for shown, encoded, captured in reversed(self._handed):
            if shown is not None and shown is not part:
                return encoded, captured
        return None

    def _hand_over(self, encoded: bytes, captured: Captured) -> None:
        received = self._clock.monotonic()
        for face in self._faces:
            face.choice.keep(Grabbed(captured, received, encoded))

    def _active(self, kind: FaultKind) -> bool:
        return self._now() < self._until.get(kind, 0.0)
