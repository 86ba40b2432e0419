"""Removes pictures that are too old or too many, once in a while."""

from collections.abc import Callable
from datetime import datetime

from edge.writer import Writer
from quality.ports import Clock

CLEAN_EVERY_S = 600.0


class Housekeeping:
    """Calls `prune` with the time, now and every ten minutes; it returns how many pictures it removed."""

    def __init__(self, prune: Callable[[datetime], int], write: Writer, clock: Clock) -> None:
        self._prune = prune
        self._write = write
        self._clock = clock

    async def run(self) -> None:
        """Cleans for ever."""
        while True:
            await self._write(self._prune, self._clock.now())
            await self._clock.sleep(CLEAN_EVERY_S)
