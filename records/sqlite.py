"""SQLite as the store wants it: a library without the WAL-reset fault, or a file lock in its stead.

Libraries before 3.51.3 can corrupt a database in WAL mode when two connections write or checkpoint at the same
moment (https://sqlite.org/wal.html, "the WAL-reset bug"). With such a library every write and every checkpoint
takes one advisory lock on a file beside the database, so that no two coincide.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Protocol

SOUND_FROM = (3, 51, 3)
BUSY_TIMEOUT_MS = 10_000
"""How long a writer waits for another one before it is told that the store is busy."""
BACKSTOP_PAGES = 4000
"""Pages of WAL at which a commit checkpoints by itself; edge does it much earlier, between parts."""


class Driver(Protocol):
    """What is used of a module like `sqlite3`."""

    sqlite_version: str
    sqlite_version_info: tuple[int, int, int]


class Cursor(Protocol):
    """What is used of a cursor."""

    def fetchone(self) -> tuple[int, ...] | None:
        """The next row."""
        ...


class RawConnection(Protocol):
    """What is used of a connection of such a module."""

    def execute(self, sql: str, /) -> Cursor:
        """Runs one statement."""
        ...


def newest_driver() -> ModuleType:
    """`pysqlite3`, which carries its own library, where it is installed and newer; else Python's `sqlite3`."""
    try:
        from pysqlite3 import dbapi2  # noqa: PLC0415 - there is no wheel of it for arm64
    except ImportError:
        return sqlite3
    bundled: ModuleType = dbapi2
    return bundled if bundled.sqlite_version_info > sqlite3.sqlite_version_info else sqlite3


def is_sound(driver: ModuleType) -> bool:
    """True when its library is free of the WAL-reset fault."""
    return bool(driver.sqlite_version_info >= SOUND_FROM)


def use_write_ahead_log(driver: ModuleType, file: Path) -> None:
    """Makes the file a database with a write-ahead log, which it stays. To be done by one process at a time."""
    connection = driver.connect(file)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def write_log_again(file: Path) -> None:
    """Writes the database's write-ahead log over itself and syncs it; to be done inside a write transaction.

    After an fsync that failed, Linux keeps what was written in its memory and calls it clean, though the disk may
    not have it: a process that starts then would read commits that the next power cut takes away, and every later
    one with them. Written once more, what is read is what is on the disk. Raises OSError.
    """
    log = file.with_name(file.name + "-wal")
    if not log.exists():
        return
    with log.open("r+b") as handle:
        content = handle.read()
        handle.seek(0)
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())


def prepare(connection: RawConnection, *, checkpoint: bool, patience_ms: int) -> None:
    """Sets a new connection up: an fsync with every commit, and waiting instead of failing."""
    for pragma in (
        f"busy_timeout = {patience_ms}",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"wal_autocheckpoint = {BACKSTOP_PAGES if checkpoint else 0}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def data_version(connection: RawConnection) -> int:
    """A number that differs after a commit of any other connection. Costs some microseconds."""
    row = connection.execute("PRAGMA data_version").fetchone()
    return row[0] if row else 0


class FileLock:
    """One writer at a time, among the threads of this process and among processes."""

    def __init__(self, path: Path) -> None:
        self._threads = threading.Lock()
        self._file = path.open("ab")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Waits for the lock and holds it."""
        with self._threads:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Gives the file back."""
        self._file.close()
