"""Watches the cameras while no part asks for a picture: a dead one is known before a part is held for it."""

from collections.abc import Sequence

from edge.cycle.alarms import Alarms
from quality.alarm import Priority
from quality.ports import Clock, FrameSource
from quality.saying import saying

OPEN_WITHIN_S = 3.0
"""A camera may take this long to open; only after that its silence is worth an alarm."""


class CameraWatch:
    """Raises an alarm for each camera that has a problem, and clears it when the pictures come again.

    A part that was held for the same camera has raised its own alarm: that one stands alone, so that one cause
    shows once.
    """

    def __init__(self, cameras: Sequence[FrameSource], alarms: Alarms, clock: Clock, *, every_s: float) -> None:
        self._cameras = cameras
        self._alarms = alarms
        self._clock = clock
        self._every_s = every_s
        self._began = clock.monotonic()
        self._opened: set[str] = set()

    async def run(self) -> None:
        """Looks for ever."""
        while True:
            await self.look()
            await self._clock.sleep(self._every_s)

    async def look(self) -> None:
        """One look at every camera."""
        told = self._alarms.sources("no evidence")
        for camera in self._cameras:
            problem = camera.problem
            if problem is None:
                self._opened.add(camera.camera)
            if problem is None or camera.camera in told:
                await self._alarms.clear(camera.camera, "camera")
            elif camera.camera in self._opened or self._clock.monotonic() - self._began > OPEN_WITHIN_S:
                sentence = saying(
                    "{device}: {problem}. Mend: {mend}.",
                    device=problem.device,
                    problem=problem.problem,
                    mend=problem.mend,
                )
                await self._alarms.raise_(camera.camera, "camera", Priority.HIGH, sentence)
