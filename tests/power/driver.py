"""apsw as a driver like `sqlite3`, as much of one as SQLAlchemy and `records` use, on a file system of ours."""

from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

import apsw


class Error(Exception):
    """Any of them."""

    sqlite_errorcode = 0


class InterfaceError(Error):
    pass


class DatabaseError(Error):
    pass


class OperationalError(DatabaseError):
    pass


class IntegrityError(DatabaseError):
    pass


class ProgrammingError(DatabaseError):
    pass


class DataError(DatabaseError):
    pass


class InternalError(DatabaseError):
    pass


class NotSupportedError(DatabaseError):
    pass


def translated(error: apsw.Error) -> Error:
    """As the other drivers would say it."""
    kind = IntegrityError if isinstance(error, apsw.ConstraintError) else OperationalError
    told = kind(str(error))
    told.sqlite_errorcode = getattr(error, "extendedresult", 0)
    return told


class Cursor:
    """A cursor over one connection."""

    arraysize = 1

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._rows: Iterator[tuple[Any, ...]] = iter(())
        self.description: tuple[tuple[Any, ...], ...] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> "Cursor":
        raw = self._connection.raw
        before = raw.total_changes()
        cursor = raw.cursor()
        # Only before its first step does apsw tell the columns of a query that finds nothing.
        cursor.exec_trace = self._describe
        try:
            self._rows = iter(cursor.execute(self._connection.as_asked(sql), tuple(parameters)).fetchall())
        except apsw.Error as error:
            raise translated(error) from error
        self.rowcount = raw.total_changes() - before
        self.lastrowid = raw.last_insert_rowid()
        return self

    def _describe(self, cursor: apsw.Cursor, _sql: str, _parameters: object) -> bool:
        self.description = tuple((each[0], *[None] * 6) for each in cursor.get_description()) or None
        return True

    def executemany(self, sql: str, many: Sequence[Sequence[Any]]) -> "Cursor":
        changed = 0
        for parameters in many:
            changed += self.execute(sql, parameters).rowcount
        self.rowcount = changed
        return self

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        return [row for row, _ in zip(self._rows, range(size or self.arraysize), strict=False)]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)

    def close(self) -> None:
        self._rows = iter(())


class Connection:
    """A connection; transactions begin when they are told to."""

    def __init__(self, raw: apsw.Connection, as_asked: Callable[[str], str]) -> None:
        self.raw = raw
        self.as_asked = as_asked
        self.isolation_level = None

    @property
    def in_transaction(self) -> bool:
        return self.raw.in_transaction

    def cursor(self) -> Cursor:
        return Cursor(self)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Cursor:
        return self.cursor().execute(sql, parameters)

    def create_function(self, name: str, arguments: int, call: Any, *, deterministic: bool = False) -> None:
        self.raw.create_scalar_function(name, call, arguments, deterministic=deterministic)

    def commit(self) -> None:
        if self.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        if self.in_transaction:
            self.execute("ROLLBACK")

    def close(self) -> None:
        self.raw.close()


def driver_on(vfs: str, *, synchronous: str = "FULL") -> ModuleType:
    """A driver whose files are those of that file system. `synchronous` is what connections really get."""

    def as_asked(sql: str) -> str:
        return sql.replace("synchronous = FULL", f"synchronous = {synchronous}")

    def connect(file: Any, *, timeout: float = 5.0, **_: object) -> Connection:
        raw = apsw.Connection(str(file), vfs=vfs)
        raw.set_busy_timeout(int(timeout * 1000))
        return Connection(raw, as_asked)

    driver = ModuleType(f"apsw on {vfs}")
    for kind in (Error, InterfaceError, DatabaseError, OperationalError, IntegrityError, ProgrammingError):
        setattr(driver, kind.__name__, kind)
    for kind in (DataError, InternalError, NotSupportedError):
        setattr(driver, kind.__name__, kind)
    driver.__dict__.update(
        connect=connect,
        Binary=bytes,
        paramstyle="qmark",
        apilevel="2.0",
        threadsafety=1,
        sqlite_version=apsw.sqlite_lib_version(),
        sqlite_version_info=tuple(int(part) for part in apsw.sqlite_lib_version().split(".")),
    )
    return driver
