"""The edge's heartbeat as this test keeps it, and stops it on purpose."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from quality.ports import Clock, EquipmentError

BEAT_S: Final = 0.25
"""The contract's: docs/plc.md, command block."""


class Heart:
    """Calls `beat` every 250 ms between `start` and `stop`, as a task beside the checks."""

    def __init__(self, beat: Callable[[], Awaitable[None]], clock: Clock) -> None:
        self._beat = beat
        self._clock = clock
        self._beating: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()
        self.last = clock.monotonic()
        """When the last beat was confirmed, clock seconds."""
        self.begun = False
        """True once a beat was confirmed."""
        self.missed = ""
        """Why the newest beat that failed did so."""

    async def once(self) -> None:
        """One beat. Raises EquipmentError."""
        async with self._writing:
            await self._beat()
            self.last = self._clock.monotonic()
            self.begun = True

    def start(self) -> None:
        """Beats from now on; nothing changes when it does already."""
        if self._beating is None:
            self._beating = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Returns when no beat is on its way any more; none is cut short, which would cost the connection."""
        if self._beating is None:
            return
        async with self._writing:
            self._beating.cancel()
        with suppress(asyncio.CancelledError):
            await self._beating
        self._beating = None

    async def _run(self) -> None:
        while True:
            try:
                await self.once()
            except EquipmentError as error:
                self.missed = str(error)
            await self._clock.sleep(BEAT_S)
