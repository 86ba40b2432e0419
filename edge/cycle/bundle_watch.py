"""Says when a model is not the one that was meant: another judges instead, or its files are no longer those that
were loaded. What was loaded stays in force.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor

from edge.cycle.alarms import Alarms
from quality.alarm import Priority
from quality.ports import Clock

LOOK_EVERY_S = 10.0


class BundleWatch:
    """`bundles` are each model's name and a call that says how its files differ from what runs ("" when not).

    The calls read whole files, so they run in `thread`. `instead` says for each model that judges in place of a
    refused one why it does.
    """

    def __init__(
        self,
        bundles: Sequence[tuple[str, Callable[[], str]]],
        thread: Executor,
        alarms: Alarms,
        clock: Clock,
        *,
        instead: Mapping[str, str] | None = None,
    ) -> None:
        self._instead = instead or {}
        self._bundles = tuple(bundles)
        self._thread = thread
        self._alarms = alarms
        self._clock = clock

    async def run(self) -> None:
        """Looks for ever."""
        await self.begin()
        while True:
            await self.look()
            await self._clock.sleep(LOOK_EVERY_S)

    async def begin(self) -> None:
        """One alarm for each model that judges in place of a refused one, until the next start."""
        for name, sentence in self._instead.items():
            await self._alarms.raise_(f"model {name}", "bundle refused", Priority.URGENT, sentence)

    async def look(self) -> None:
        """One alarm for each model whose files differ, while they do."""
        differing = {}
        for name, difference in self._bundles:
            if sentence := await asyncio.wrap_future(self._thread.submit(difference)):
                differing[f"model {name}"] = sentence
        await self._alarms.only("files changed", Priority.HIGH, differing)
