"""Removes pictures that are too old or too many, once in a while."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from quality.ports import Clock

CLEAN_EVERY_S = 600.0


class Housekeeping:
    """Calls `prune` with the time, now and every ten minutes; it returns how many pictures it removed."""

    def __init__(self, prune: Callable[[datetime], int], clock: Clock) -> None:
        self._prune = prune
        self._clock = clock

    async def run(self) -> None:
        """Cleans for ever, in a thread of its own: the writer must not wait for a sweep over folders."""
        while True:
            await asyncio.to_thread(self._prune, self._clock.now())
            await self._clock.sleep(CLEAN_EVERY_S)
