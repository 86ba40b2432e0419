"""Notices when a model's files are no longer those that were loaded. What was loaded stays in force."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from edge.cycle.alarms import Alarms
from quality.alarm import Priority
from quality.ports import Clock

LOOK_EVERY_S = 10.0


class BundleWatch:
    """`bundles` are each model's name and a call that says how its files differ from what runs ("" when not).

    The calls read whole files, so they run in `thread`.
    """

    def __init__(
        self, bundles: Sequence[tuple[str, Callable[[], str]]], thread: Executor, alarms: Alarms, clock: Clock
    ) -> None:
        self._bundles = tuple(bundles)
        self._thread = thread
        self._alarms = alarms
        self._clock = clock

    async def run(self) -> None:
        """Looks for ever."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """One alarm for each model whose files differ, while they do."""
        differing = {}
        for name, difference in self._bundles:
            if sentence := await asyncio.wrap_future(self._thread.submit(difference)):
                differing[f"model {name}"] = sentence
        await self._alarms.only("files changed", Priority.HIGH, differing)
