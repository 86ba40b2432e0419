"""Keeps the ledger's head outside the store, and notices a store that is older than the head kept before."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.cycle.alarms import Alarms
from quality.alarm import Priority
from quality.ports import Clock, StoreBusy, StoreFull
from quality.saying import saying, told

KEEP_EVERY_S = 10.0


class Witness:
    """`keep` writes the newest head into a file; when that file's head is not in the ledger it says so instead."""

    def __init__(
        self,
        files: Sequence[Path],
        keep: Callable[[Path], str],
        alarms: Alarms,
        clock: Clock,
        *,
        every_s: float = KEEP_EVERY_S,
    ) -> None:
        self._files = files
        self._keep = keep
        self._alarms = alarms
        self._clock = clock
        self._every_s = every_s

    async def run(self) -> None:
        """Keeps the head for ever, from the start on."""
        while True:
            await self.look()
            await self._clock.sleep(self._every_s)

    async def look(self) -> None:
        """Keeps it once in each place."""
        cut: dict[str, str] = {}
        not_kept: dict[str, str] = {}
        for file in self._files:
            # A store that does not answer now will the next time.
            with contextlib.suppress(StoreFull, StoreBusy):
                try:
                    contradiction = await asyncio.to_thread(self._keep, file)
                except (OSError, ValueError) as error:
                    not_kept[str(file)] = saying(
                        "The ledger's head is not kept in {file}: {trouble}. Mend the place.",
                        file=str(file),
                        trouble=told(error),
                    )
                    continue
                if contradiction:
                    cut[str(file)] = contradiction
        await self._alarms.only("ledger cut", Priority.URGENT, cut)
        await self._alarms.only("ledger head not kept", Priority.LOW, not_kept)
