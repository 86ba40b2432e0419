"""The edge process of a trial, one life after the other: started again as `edge.supervisor` does it."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, Final

from edge.supervisor import LONGEST_BACKOFF_S, RESTART_AFTER_S, STEADY_AFTER_S
from edge.trial.loop import VirtualLoop
from edge.trial.process import Process
from edge.trial.schedule import Fault, FaultKind

MOST_TURNS: Final = 400
"""A kill comes within that many callbacks: on any await of a part's way."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A life of the edge process is over. `error` is None when it was killed."""

    at: float
    life: int
    error: BaseException | None


class Supervisor:
    """Keeps one edge process alive; `live` is its whole life."""

    def __init__(
        self,
        loop: VirtualLoop,
        live: Callable[[Process], Coroutine[Any, Any, None]],
        tell: Callable[[Ended], None],
    ) -> None:
        self._loop = loop
        self._live = live
        self._tell = tell
        self._backoff = RESTART_AFTER_S
        self._started = 0.0
        # What outlives the process must not belong to it.
        self._context = copy_context()
        self.lives = 0
        self.process: Process | None = None

    def start(self) -> None:
        """Begins a life."""
        self.lives += 1
        self._started = self._loop.time()
        self.process, task = self._loop.spawn(f"edge {self.lives}", self._live)
        self.process.when_killed.append(lambda: self._ended(None))
        task.add_done_callback(self._returned)

    def begin(self, fault: Fault) -> None:
        """Kills the process a few callbacks from now, or holds it up for a while."""
        process = self.process
        if process is None:
            return
        if fault.kind is FaultKind.EDGE_KILLED:
            process.kill_after(fault.detail % MOST_TURNS)
        else:
            process.stop()
            self._loop.call_later(fault.seconds, process.go_on)

    def _returned(self, task: asyncio.Task[None]) -> None:
        if self.process is not None and self.process.alive:
            self._ended(task.exception())

    def _ended(self, error: BaseException | None) -> None:
        self.process = None
        self._tell(Ended(self._loop.elapsed(), self.lives, error))
        lasted = self._loop.time() - self._started
        self._backoff = RESTART_AFTER_S if lasted > STEADY_AFTER_S else min(2 * self._backoff, LONGEST_BACKOFF_S)
        self._loop.call_later(self._backoff, self.start, context=self._context)
