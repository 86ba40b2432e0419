"""The one thread that writes to the store, so that nothing on the loop waits for the disk.

A store that is full or locked is asked again until it takes what it is told. Meanwhile everything that has to be
on record first waits: no verdict is given, and the PLC keeps the part. A store that is broken ends the process.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from quality.ports import StoreBroken, StoreBusy, StoreError, StoreFull
from quality.saying import told

P = ParamSpec("P")
T = TypeVar("T")

RETRY_AFTER_S = 0.25


class Writer:
    """Runs the store's blocking calls one after the other, in the order they were asked for.

    `thread` is an executor of one thread; one of its own is made when None. `relieve` makes room when the store is
    full and is False when it cannot. `say` shows a sentence where a person finds it although the store is silent,
    an empty one when there is no trouble any more. `pause` returns after that many seconds.
    """

    def __init__(
        self,
        thread: Executor | None = None,
        *,
        relieve: Callable[[], bool] = lambda: False,
        say: Callable[[str], object] = lambda _sentence: None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._thread = thread or ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._relieve = relieve
        self._say = say
        self._pause = pause
        self._turn = asyncio.Lock()
        self.trouble = ""
        """Why the store does not take what it is told, in one sentence; empty while it does."""

    async def __call__(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The call's result, once it has returned in the writer thread; what it raises is raised here.

        StoreFull and StoreBusy are not: the call is made again. Nothing overtakes it.
        """
        async with self._turn:
            while True:
                try:
                    result = await self._run(lambda: call(*args, **kwargs))
                except StoreFull as error:
                    if not await self._run(self._relieve):
                        await self._wait(error)
                except StoreBusy as error:
                    await self._wait(error)
                except StoreBroken as error:
                    await self._tell(told(error))
                    raise
                else:
                    if self.trouble:
                        await self._tell("")
                    return result

    def close(self) -> None:
        """Waits for what was asked for, then ends the thread."""
        self._thread.shutdown(wait=True)

    async def _wait(self, error: StoreError) -> None:
        if self.trouble != told(error):
            await self._tell(told(error))
        await self._pause(RETRY_AFTER_S)

    async def _tell(self, sentence: str) -> None:
        self.trouble = sentence
        await self._run(lambda: self._say(sentence))

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)
