"""Whether an event loop was kept busy: a tick every 10 ms on it, and how far apart two of them came.

On a loaded machine a tick is late because other programs have the processors. How long its thread was ready to run
and had to wait for one is the kernel's to say (Linux, `schedstat`), and is taken off.
"""

import asyncio
import contextlib
import itertools
import threading
import time
from pathlib import Path
from typing import Self

TICK_S = 0.01


class Ticker:
    """Use around what is measured, on the loop that is measured."""

    def __init__(self) -> None:
        self._statistics = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        self._ticks: list[tuple[float, float]] = []

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._tick())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    @property
    def longest_gap_s(self) -> float:
        """Between two ticks, whatever the reason."""
        return max(after[0] - before[0] for before, after in itertools.pairwise(self._ticks))

    @property
    def longest_block_s(self) -> float:
        """Between two ticks, less what the thread waited for a processor."""
        return max(
            (after[0] - before[0]) - (after[1] - before[1]) for before, after in itertools.pairwise(self._ticks)
        )

    async def _tick(self) -> None:
        while True:
            self._ticks.append((time.monotonic(), self._waited_s()))
            await asyncio.sleep(TICK_S)

    def _waited_s(self) -> float:
        try:
            return int(self._statistics.read_text().split()[1]) / 1e9
        except FileNotFoundError:
            return 0.0
