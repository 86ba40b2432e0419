"""An asyncio loop on virtual time, and processes on it that can be killed or stopped at any await.

Time stands while there is something to run, and jumps to the next timer when there is nothing. There are no
sockets and no threads: connections come from a virtual network, and what would run in a thread runs in the loop
after a virtual delay. A callback belongs to the process in whose context it was scheduled.
"""

import asyncio
import heapq
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context, copy_context
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, Protocol, TypeVar

from edge.trial.process import PowerCut, Process, enter, process_of

T = TypeVar("T")

WAKES_AT: Final = 1000.0
"""Where virtual seconds begin: not at 0, so that nothing can take a time for "never"."""
SHIFT_BEGINS: Final = datetime(2026, 3, 2, 6, tzinfo=UTC)
MOST_AT_ONE_MOMENT: Final = 100_000
"""Callbacks without time going on, after which something must be turning in a circle."""
MOST_TURNS_AT_END: Final = 1000
THREAD_S: Final = (0.001, 0.006)
"""How long a call in a thread takes."""
HEARS_S: Final = 0.0002
"""From the end of a call in a thread until its caller hears of it."""


class StandstillError(Exception):
    """The trial cannot go on: nothing is left to happen, or time moves no more. A mistake in the trial."""


class Connecting(Protocol):
    """What the loop needs from the network."""

    async def connect(
        self, factory: Callable[[], asyncio.Protocol], host: str, port: int
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """Opens a connection. Raises OSError."""
        ...


class _Handle(events.TimerHandle):
    """A callback and the process it belongs to; made a few hundred thousand times in a shift."""

    __slots__ = ("process",)

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: "VirtualLoop",
        context: Context,
    ) -> None:
        # Not asyncio's own: it asks for the debug mode each time, which takes longer than the rest.
        self._when, self._callback, self._args = when, callback, args
        self._loop, self._context = loop, context
        self._cancelled = self._scheduled = False
        self._repr = self._source_traceback = None
        self.process = process_of(context)


class VirtualExecutor(Executor):
    """Stands for one thread: what it is given runs in the loop, one after the other, each a while later."""

    def __init__(self, seconds: float = THREAD_S[0]) -> None:
        self.seconds = seconds
        self.free_at = 0.0

    def delay(self) -> float:
        """Virtual seconds that the next call takes."""
        return self.seconds


class VirtualLoop(asyncio.AbstractEventLoop):
    """The loop. `random` draws how long calls in threads take; `network` is set before anything connects."""

    def __init__(self, random: Random) -> None:
        self.network: Connecting | None = None
        self.callbacks = 0
        """How many have run."""
        self._random = random
        self._now = WAKES_AT
        self._ready: deque[_Handle] = deque()
        self._timers: list[tuple[float, int, _Handle]] = []
        self._numbered = 0
        self._running = False
        self._closed = False
        self._processes: list[Process] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        """Those of no process."""
        self._failure: BaseException | None = None

    def time(self) -> float:
        """Virtual seconds."""
        return self._now

    def elapsed(self) -> float:
        """Virtual seconds since the shift's start."""
        return self._now - WAKES_AT

    def get_debug(self) -> bool:
        """Never: it costs, and a trial has the trace."""
        return False

    def is_running(self) -> bool:
        """True inside `run_until_complete`."""
        return self._running

    def is_closed(self) -> bool:
        """True after `close`."""
        return self._closed

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Takes note of what a callback raised, which ends the trial. What a task raised is its awaiter's."""
        if "handle" in context:
            self._failure = context["exception"]

    def call_soon(  # type: ignore[override]  # typeshed's signature ties the arguments to the callback
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> events.Handle:
        """Runs it in its turn, without time going on."""
        handle = _Handle(self._now, callback, args, self, copy_context() if context is None else context)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]  # as above

    def call_later(  # type: ignore[override]  # as above
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> events.TimerHandle:
        """Runs it that many virtual seconds later."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]  # as above
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> events.TimerHandle:
        """Runs it at that virtual time; timers of one moment run in the order in which they were set."""
        handle = _Handle(when, callback, args, self, copy_context() if context is None else context)
        self._numbered += 1
        heapq.heappush(self._timers, (when, self._numbered, handle))
        return handle

    def _timer_handle_cancelled(self, handle: events.TimerHandle) -> None:
        """Nothing to do: a cancelled timer is passed over when its time comes."""

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]  # the stub's overloads say no more
        self, coro: Coroutine[Any, Any, T], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[T]:
        """A task in the process whose context it gets."""
        context = copy_context() if context is None else context
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        owner = process_of(context)
        among = self._tasks if owner is None else owner.tasks
        among.add(task)
        task.add_done_callback(among.discard)
        return task

    def run_in_executor(  # type: ignore[override]  # as above
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Runs it here a little later, as long as the process lives and its caller has not given up before.

        The caller hears of it later still, so that a process can die between the two.
        """
        starts, seconds = self._now, self._random.uniform(*THREAD_S)
        if isinstance(executor, VirtualExecutor):
            starts, seconds = max(starts, executor.free_at), executor.delay()
            executor.free_at = starts + seconds
        waiting: asyncio.Future[T] = self.create_future()

        def answer(settle: Callable[[Any], None], outcome: T | Exception) -> None:
            if not waiting.done():
                settle(outcome)

        def run() -> None:
            if waiting.done():
                return
            try:
                outcome = func(*args)
            except PowerCut:
                return
            except Exception as error:  # noqa: BLE001 - whatever it is belongs to the caller
                self.call_later(HEARS_S, answer, waiting.set_exception, error)
            else:
                self.call_later(HEARS_S, answer, waiting.set_result, outcome)

        self.call_at(starts + seconds, run)
        return waiting

    async def create_connection(  # type: ignore[override]  # of what asyncio offers, what is used
        self,
        protocol_factory: Callable[[], asyncio.Protocol],
        host: str,
        port: int,
        **_options: object,
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """A connection through the network. Raises OSError."""
        if self.network is None:
            raise OSError("there is no network")
        return await self.network.connect(protocol_factory, host, port)

    def spawn(
        self, name: str, main: Callable[["Process"], Coroutine[Any, Any, None]]
    ) -> tuple[Process, asyncio.Task[None]]:
        """A new process that runs `main`, and its first task."""
        process = Process(name, self._ready.extend)
        # Kept to the end, since collecting what a dead process was doing would run its `finally` blocks.
        self._processes.append(process)
        context = copy_context()
        enter(context, process)
        return process, self.create_task(main(process), name=name, context=context)

    def run_until_complete(self, future: Any) -> Any:
        """Runs until it is done, and gives its result. Raises StandstillError, and whatever a callback raised."""
        main = asyncio.ensure_future(future, loop=self)
        self._running = True
        events._set_running_loop(self)
        try:
            while not main.done():
                self._turn()
                if self._failure is not None:
                    failure, self._failure = self._failure, None
                    raise failure
        finally:
            events._set_running_loop(None)
            self._running = False
        return main.result()

    def _turn(self) -> None:
        """Everything that is to run at this moment; time goes on when there is nothing."""
        ready, timers = self._ready, self._timers
        if not ready:
            if not timers:
                raise StandstillError("nothing is left to happen")
            self._now = max(self._now, timers[0][0])
            while timers and timers[0][0] <= self._now:
                ready.append(heapq.heappop(timers)[2])
        turns = 0
        while ready and self._failure is None:
            handle = ready.popleft()
            process = handle.process
            if handle._cancelled or (process is not None and process.watched and not process.may_run(handle)):
                continue
            turns += 1
            handle._run()
            if process is not None and process.watched:
                process.has_run()
            if turns > MOST_AT_ONE_MOMENT:
                raise StandstillError(f"time stands at {self._now:.3f}: {handle!r} and others turn in a circle")
        self.callbacks += turns

    def close(self) -> None:
        """Ends what still runs, of dead processes too, so that nothing of this trial reaches into the next.

        Their `finally` blocks run now, when nobody looks any more and no connection and no store is open.
        """
        self.network = None
        self._running = True
        events._set_running_loop(self)
        left = set(self._tasks)
        for process in self._processes:
            process.raise_from_the_dead()
            left |= process.tasks
        try:
            for _ in range(MOST_TURNS_AT_END):
                left = {task for task in left if not task.done()}
                if not left:
                    break
                for task in left:
                    task.cancel()
                self._turn()
                self._failure = None
        finally:
            events._set_running_loop(None)
            self._running = False
            self._closed = True
        self._ready.clear()
        self._timers.clear()


class VirtualClock:
    """`quality.ports.Clock` on the loop's time. The wall clock can be set; `monotonic` never notices."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The wall clock of the edge device."""
        return SHIFT_BEGINS + timedelta(seconds=self._loop.elapsed()) + self._ahead

    def monotonic(self) -> float:
        """Virtual seconds."""
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Returns after that many virtual seconds."""
        await asyncio.sleep(seconds)

    def jump(self, seconds: float) -> None:
        """Somebody, or NTP, sets the wall clock: forward, or back when negative."""
        self._ahead += timedelta(seconds=seconds)
