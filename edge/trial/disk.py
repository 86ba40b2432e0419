"""The disk under the store: the product's own store on a real SQLite file; slow, full, failing, cut off by a kill.

Faults come in where they do in reality, at the driver: a statement that fails, a commit that is never heard of.
The driver is the one that the store would have taken, with its connections watched.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from random import Random
from types import ModuleType
from typing import Any, Final

from edge.store import PATIENCE_MS
from edge.trial.loop import VirtualExecutor, VirtualLoop
from edge.trial.process import PowerCut, Process
from edge.trial.schedule import Fault, FaultKind
from records.sqlite import newest_driver

CALL_S: Final = (0.0003, 0.004)
SLOW_CALL_S: Final = (0.05, 0.8)
FAILS_SHARE: Final = 0.5
"""Share of the writes that fail while the disk does."""
KILL_WITHIN: Final = 8
"""A kill waits for one of that many transactions to come, so that over many seeds each kind of them is hit."""
SQLITE_BUSY, SQLITE_IOERR_FSYNC, SQLITE_FULL = 5, 1034, 13
_CHANGES: Final = ("INSERT", "UPDATE", "DELETE")


class StoreThread(VirtualExecutor):
    """The thread in which a process calls the store; slower when the disk is."""

    def __init__(self, delay: Callable[[], float]) -> None:
        super().__init__()
        self._delay = delay

    def delay(self) -> float:
        """As the disk is now."""
        return self._delay()


class Disk:
    """One disk, and the processes that keep a database on it."""

    def __init__(self, loop: VirtualLoop, random: Random) -> None:
        self.loop = loop
        self._random = random
        self._base = newest_driver()
        self._until: dict[FaultKind, float] = {}
        self._kills: list[FaultKind] = []
        self._transactions_left = 0
        self._statements_left: int | None = None
        self.cuts: list[tuple[float, FaultKind]] = []
        """When a process was killed here, and by which fault."""

    def begin(self, fault: Fault) -> None:
        """The fault is there from now on; a kill comes with one of the next transactions."""
        if fault.kind.name.startswith("KILLED_"):
            self._kills.append(fault.kind)
            self._transactions_left = 1 + fault.detail % KILL_WITHIN
        else:
            self._until[fault.kind] = self.loop.time() + fault.seconds

    def thread(self) -> Executor:
        """For one process."""
        return StoreThread(self._call_s)

    def driver(self, process: Process | None) -> ModuleType:
        """The module like `sqlite3` for one process; its connections close when that is killed.

        None is the review station, of which a kill cuts off the one call that is being made.
        """
        disk, base = self, self._base

        class Cursor(base.Cursor):  # type: ignore[name-defined,misc]  # of a module chosen at run time
            def execute(self, sql: str, *parameters: Any) -> Any:
                disk.before_statement(process, sql)
                return super().execute(sql, *parameters)

        class Connection(base.Connection):  # type: ignore[name-defined,misc]  # likewise
            def cursor(self, factory: type[Any] = Cursor) -> Any:
                return super().cursor(factory)

            def commit(self) -> None:
                disk.commit(process, super().commit)

        def connect(*where: Any, **options: Any) -> Any:
            connection = base.connect(*where, factory=Connection, **options)
            if process is not None:
                process.when_killed.append(connection.close)
            return connection

        driver = ModuleType(f"trial_{base.__name__.partition('.')[0]}")
        driver.__dict__.update(base.__dict__)
        driver.__dict__["connect"] = connect
        return driver

    def before_statement(self, process: Process | None, sql: str) -> None:
        """Asked before each statement; raises what the disk does to it."""
        if sql == "BEGIN IMMEDIATE":
            if self._has(FaultKind.STORE_LOCKED):
                raise self._error(SQLITE_BUSY, "database is locked")
            self._on_transaction(process)
        elif self._statements_left is not None:
            self._statements_left -= 1
            if self._statements_left <= 0:
                self._cut(process)
        if sql.startswith(_CHANGES):
            if self._has(FaultKind.STORE_FULL):
                raise self._error(SQLITE_FULL, "database or disk is full")
            if self._fails():
                raise self._error(SQLITE_IOERR_FSYNC, "disk I/O error")

    def commit(self, process: Process | None, commit: Callable[[], None]) -> None:
        """Commits; a disk that fails may have done so or not when it says so."""
        if self._statements_left is not None:
            self._cut(process)
        if self._fails():
            if self._random.random() < 0.5:  # noqa: PLR2004 - the flush failed, the bytes may be there all the same
                commit()
            raise self._error(SQLITE_IOERR_FSYNC, "disk I/O error")
        commit()
        if self._kills and self._transactions_left == 0:
            self._cut(process)

    def _on_transaction(self, process: Process | None) -> None:
        if not self._kills:
            return
        self._transactions_left = max(0, self._transactions_left - 1)
        if self._transactions_left:
            return
        if self._kills[0] is FaultKind.KILLED_BEFORE_COMMIT:
            self._cut(process)
        if self._kills[0] is FaultKind.KILLED_IN_TRANSACTION:
            self._statements_left = self._random.randint(1, 6)

    def _cut(self, process: Process | None) -> None:
        self.cuts.append((self.loop.elapsed(), self._kills.pop(0)))
        self._statements_left = None
        if process is not None:
            process.kill()
        raise PowerCut

    def _call_s(self) -> float:
        seconds = self._random.uniform(*(SLOW_CALL_S if self._has(FaultKind.STORE_SLOW) else CALL_S))
        if self._has(FaultKind.STORE_LOCKED):
            # SQLite waits that long by itself before it gives up.
            seconds += min(PATIENCE_MS / 1000, self._until[FaultKind.STORE_LOCKED] - self.loop.time())
        return seconds

    def _fails(self) -> bool:
        return self._has(FaultKind.STORE_BROKEN) and self._random.random() < FAILS_SHARE

    def _has(self, kind: FaultKind) -> bool:
        return self.loop.time() < self._until.get(kind, 0.0)

    def _error(self, code: int, sentence: str) -> Exception:
        error: Exception = self._base.OperationalError(sentence)
        error.sqlite_errorcode = code  # type: ignore[attr-defined]  # as the driver does
        return error


class Desk:
    """The tablet's way to the store, through the review station; the answer may not come back."""

    def __init__(self, loop: VirtualLoop, disk: Disk, random: Random) -> None:
        self._loop = loop
        self._random = random
        self._thread = disk.thread()
        self._until = 0.0

    def begin(self, fault: Fault) -> None:
        """The tablet is out of reach of its network from now on."""
        self._until = self._loop.time() + fault.seconds

    async def __call__(self, call: Callable[..., Any], *args: Any) -> Any:
        """The call's result once it is durable, or None when the answer was lost on its way to the tablet."""
        answer = await self._loop.run_in_executor(self._thread, partial(_unless_cut, call, *args))
        out_of_reach = self._loop.time() < self._until and self._random.random() < FAILS_SHARE
        return None if out_of_reach else answer


def _unless_cut(call: Callable[..., Any], *args: Any) -> Any:
    try:
        return call(*args)
    except PowerCut:
        return None
