"""Notices when the computer's wall clock is set: nothing on the line waits on it, but records carry its time."""

from datetime import datetime

from edge.cycle.alarms import Alarms
from quality.alarm import Priority
from quality.ports import Clock
from quality.saying import saying

LOOK_EVERY_S = 1.0
STEP_S = 1.0
"""What a daemon that slews the clock corrects by in a second is far less."""
STEADY_AFTER_S = 60.0


class WallClock:
    """Compares the wall clock with the one that is never set. `newest` is the latest time on record."""

    def __init__(self, alarms: Alarms, clock: Clock, newest: datetime | None) -> None:
        self._alarms = alarms
        self._clock = clock
        self._newest = newest
        self._seen: tuple[datetime, float] | None = None
        self._set_at = 0.0

    async def run(self) -> None:
        """Looks for ever."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Raises an alarm for a step since the last look, or since the last record; it ends a minute later."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        step = 0.0
        if self._seen is not None:
            step = (now - self._seen[0]).total_seconds() - (monotonic - self._seen[1])
        elif self._newest is not None:
            step = min(0.0, (now - self._newest).total_seconds())
        self._seen = now, monotonic
        if abs(step) >= STEP_S:
            self._set_at = monotonic
            await self._alarms.again(
                "clock",
                "set",
                Priority.LOW,
                saying(
                    "This computer's clock was set {by}, to {now} UTC: times on record before and after do not fit"
                    " together. Have its time synchronisation looked at.",
                    by=saying("ahead by {step} s", step=f"{step:.0f}")
                    if step > 0
                    else saying("back by {step} s", step=f"{-step:.0f}"),
                    now=f"{now:%Y-%m-%d %H:%M:%S}",
                ),
            )
        elif monotonic - self._set_at >= STEADY_AFTER_S:
            await self._alarms.clear("clock", "set")
