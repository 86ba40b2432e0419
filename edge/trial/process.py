"""A process on the virtual loop: what it does can be ended or held up at any await, and its `finally` with it."""

import asyncio
from collections.abc import Callable
from contextvars import Context, ContextVar
from typing import Any


class PowerCut(BaseException):
    """Raised where a process has just been killed in the midst of a call, so that nothing more of it runs."""


class Process:
    """A process on the loop. Its callbacks run until it is killed, and none after that, `finally` or not."""

    def __init__(self, name: str, take_up: Callable[[list[Any]], None]) -> None:
        self.name = name
        self.alive = True
        self.stopped = False
        self.watched = False
        """True when the loop has to ask before its callbacks and tell it behind them."""
        self.when_killed: list[Callable[[], None]] = []
        """What the system does when the process is killed: closes its files and connections."""
        self.tasks: set[asyncio.Task[Any]] = set()
        self.last_turns: int | None = None
        """How many callbacks are left to it, once a kill is due."""
        self._take_up = take_up
        self._backlog: list[Any] = []

    def kill(self) -> None:
        """Ends it at once, as `kill -9` or a power cut does."""
        if not self.alive:
            return
        self.alive, self.watched = False, True
        for end in self.when_killed:
            end()

    def kill_after(self, callbacks: int) -> None:
        """Kills it when that many more of its callbacks have run: on whichever await that is."""
        self.last_turns, self.watched = callbacks, True

    def stop(self) -> None:
        """Lets none of its callbacks run until it goes on, as SIGSTOP does or a machine that swaps."""
        self.stopped = self.watched = True

    def go_on(self) -> None:
        """Runs what has come meanwhile."""
        self.stopped = False
        backlog, self._backlog = self._backlog, []
        self._take_up(backlog)

    def may_run(self, handle: object) -> bool:
        """Asked before each of its callbacks; one that may not run is kept for later, or for ever."""
        if self.stopped or not self.alive:
            self._backlog.append(handle)
            return False
        return True

    def raise_from_the_dead(self) -> None:
        """For the end of a trial alone: what it was doing can be tidied up."""
        self.alive, self.last_turns = True, None
        self.go_on()

    def has_run(self) -> None:
        """Told behind each of its callbacks."""
        if self.last_turns is not None:
            self.last_turns -= 1
            if self.last_turns < 0:
                self.kill()


_process: ContextVar[Process | None] = ContextVar("process", default=None)


def current_process() -> Process | None:
    """The process whose callback runs, or None when it is the world's."""
    return _process.get()


def process_of(context: Context) -> Process | None:
    """The process that owns what is scheduled in that context."""
    return context.get(_process)


def enter(context: Context, process: Process) -> None:
    """What is scheduled in that context belongs to the process from now on."""
    context.run(_process.set, process)
