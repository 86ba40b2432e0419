"""Removes pictures that are too old or too many, once in a while."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from quality.ports import Clock, StoreBusy, StoreFull

CLEAN_EVERY_S = 600.0

log = structlog.get_logger()


class Housekeeping:
    """Calls `prune` with the time, now and every ten minutes; it returns how many pictures it removed."""

    def __init__(self, prune: Callable[[datetime], int], clock: Clock) -> None:
        self._prune = prune
        self._clock = clock

    async def run(self) -> None:
        """Cleans for ever, in a thread of its own: the writer must not wait for a sweep over folders."""
        while True:
            try:
                await asyncio.to_thread(self._prune, self._clock.now())
            except (StoreFull, StoreBusy, OSError) as error:
                # What is not cleaned now is cleaned later; the writer and the room say what is wrong.
                log.warning("pictures are not cleaned", why=str(error))
            await self._clock.sleep(CLEAN_EVERY_S)
