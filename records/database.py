"""The database: one URL, one engine, and the two ways to use it, reading and writing.

SQLite is the store of an edge device, PostgreSQL that of a plant. Whatever differs between them is here and in
`records.sqlite`; queries are the same for both.
"""

import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text, update
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from quality.ports import StoreBroken, StoreBusy, StoreError, StoreFull
from records import sqlite
from records.failures import disk_error, store_error
from records.tables import changes

KEY_BYTES = 32
IDLE_CONNECTIONS = 8
BUSY_CONNECTIONS = 40
"""As many as a web server has threads, so that none waits for a connection."""
_MIGRATION_LOCK = 0x4A44
_COUNT_UP = update(changes).values(number=changes.c.number + 1)
_COUNT = text("SELECT number FROM changes")


def load_or_make_ledger_key(path: Path) -> bytes:
    """The ledger's key, 32 bytes; made (mode 0600) when the file is not there.

    Raises ValueError when the file is no key, for a shorter one would make a chain that can be forged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(file, "wb") as made:
            made.write(secrets.token_bytes(KEY_BYTES))
            made.flush()
            os.fsync(made.fileno())
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise ValueError(
            f"ledger key {path}: {len(key)} bytes instead of {KEY_BYTES}. Put your copy of the key back;"
            " without it the ledger cannot be verified."
        )
    return key


class Database:
    """The store's connections, by URL: `sqlite:///FILE` or `postgresql+psycopg://...`.

    Whatever it does with the database raises StoreError when the database is full, locked or broken.
    """

    def __init__(self, engine: Engine, ledger_key: bytes, description: str, lock: sqlite.FileLock | None) -> None:
        self._engine = engine
        self._place = str(engine.url.database)
        self._file = Path(self._place)
        self._lock = lock
        self._watcher: Connection | None = None
        self._watching = threading.Lock()
        self.ledger_key = ledger_key
        self.description = description
        """How it runs, in one sentence: which database, and whether writers take the file lock."""

    @classmethod
    def open(
        cls,
        url: str,
        *,
        ledger_key: bytes,
        checkpoint: bool,
        patience_ms: int = sqlite.BUSY_TIMEOUT_MS,
        driver: ModuleType | None = None,
    ) -> "Database":
        """Connects to a database that may still be empty; `migrate` comes next.

        `checkpoint` is true in the one process (edge) that moves SQLite's write-ahead log into the database.
        `patience_ms` is how long a writer waits for others before it is told that the store is busy.
        `driver` is the module like `sqlite3` to use, the newest there is when None.
        Raises ValueError for a URL that is neither SQLite in a file nor PostgreSQL.
        """
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            engine = create_engine(parsed, pool_size=IDLE_CONNECTIONS, max_overflow=BUSY_CONNECTIONS)
            return cls(engine, ledger_key, f"PostgreSQL at {parsed.host or 'a local socket'}", None)
        if parsed.get_backend_name() != "sqlite" or parsed.database in {None, "", ":memory:"}:
            raise ValueError(f"store url {url}: give sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME.")
        path = Path(str(parsed.database))
        path.parent.mkdir(parents=True, exist_ok=True)
        driver = driver or sqlite.newest_driver()
        lock = sqlite.FileLock(path.with_name(path.name + ".lock"))
        try:
            with lock.held(), _told(driver, str(path), path):
                sqlite.use_write_ahead_log(driver, path)
        except StoreError:
            lock.close()
            raise
        engine = _sqlite_engine(url, driver, checkpoint=checkpoint, patience_ms=patience_ms)
        name = f"SQLite {driver.sqlite_version} ({driver.__name__.partition('.')[0]})"
        if sqlite.is_sound(driver):
            lock.close()
            return cls(engine, ledger_key, f"{name}, writers side by side", None)
        needed = ".".join(map(str, sqlite.SOUND_FROM))
        return cls(engine, ledger_key, f"{name}, older than {needed}: writers take a file lock", lock)

    @property
    def is_sqlite(self) -> bool:
        """True for SQLite, false for PostgreSQL."""
        return self._engine.dialect.name == "sqlite"

    @property
    def path(self) -> Path:
        """SQLite's file."""
        return self._file

    def connect(self) -> Connection:
        """A connection to keep, for `reading` and `writing` by one thread at a time."""
        with self._telling():
            return self._engine.connect()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection from the pool that sees one state of the database."""
        with self._pooled() as connection, self.reading(connection):
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection from the pool in the only write transaction there is; durable once it is left."""
        with self._pooled() as connection, self.writing(connection):
            yield connection

    @contextmanager
    def reading(self, connection: Connection) -> Iterator[Connection]:
        """As `read`, on a connection that is kept."""
        connection.info["begin"] = "BEGIN"
        with self._telling(), connection.begin():
            yield connection

    @contextmanager
    def writing(self, connection: Connection) -> Iterator[Connection]:
        """As `write`, on a connection that is kept.

        Writers go one after the other, so that what one has read cannot change before it writes: SQLite's
        BEGIN IMMEDIATE, PostgreSQL's row lock on the count of changes.
        """
        connection.info["begin"] = "BEGIN IMMEDIATE"
        with self._telling(), self._alone(), connection.begin():
            if not self.is_sqlite:
                connection.execute(_COUNT_UP)
            yield connection

    def changed(self, connection: Connection) -> int:
        """A number that differs after another connection has committed. Costs some microseconds."""
        if self.is_sqlite:
            with self._telling():
                return sqlite.data_version(_raw(connection))
        with self.reading(connection):
            return int(connection.execute(_COUNT).scalar_one())

    def changed_by_anyone(self) -> int:
        """As `changed`, for every connection there is, those of this process too."""
        with self._watching:
            if self._watcher is None:
                self._watcher = self.connect()
            return self.changed(self._watcher)

    def checkpoint(self, connection: Connection) -> None:
        """Moves SQLite's write-ahead log into the database as far as readers and the disk's room let it."""
        if self.is_sqlite:
            # What is in the log is safe there; a database that cannot grow now will at a later checkpoint.
            with suppress(StoreFull, StoreBusy), self._telling(), self._alone():
                _raw(connection).execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def prove(self) -> None:
        """Commits something that changes nothing, to see that the store takes it."""
        with self.write() as connection:
            connection.execute(_COUNT_UP)

    def copy_to(self, file: Path) -> None:
        """Writes SQLite's database as it is now into a new file, while others go on writing."""
        if not self.is_sqlite:
            raise ValueError(f"{self.description}: use its own tools (pg_dump, pg_restore).")
        copy: Any = self._engine.dialect.loaded_dbapi.connect(file)
        try:
            with self._telling(), self.connect() as connection:
                _raw(connection).backup(copy)
        finally:
            copy.close()

    def migrate(self) -> None:
        """Brings the schema to this version; safe when both processes do it at once."""
        config = Config()
        config.set_main_option("script_location", "records:migrations")
        with self._telling(), self._engine.connect() as connection:
            connection.info["begin"] = "BEGIN IMMEDIATE"
            with self._alone(), connection.begin():
                if not self.is_sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
                else:
                    self._write_log_again()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")

    def close(self) -> None:
        """Gives every connection back. The last one to leave an SQLite database moves its log into it."""
        with self._alone():
            if self._watcher is not None:
                self._watcher.close()
                self._watcher = None
            self._engine.dispose()
        if self._lock is not None:
            self._lock.close()

    @contextmanager
    def _pooled(self) -> Iterator[Connection]:
        with self.connect() as connection:
            try:
                yield connection
            except StoreBroken:
                # Whoever asks next starts from what is durable, on a new one.
                connection.invalidate()
                raise

    def _write_log_again(self) -> None:
        try:
            sqlite.write_log_again(self.path)
        except OSError as error:
            raise disk_error(error, str(self.path)) from error

    def _alone(self) -> AbstractContextManager[None]:
        return self._lock.held() if self._lock else nullcontext()

    def _telling(self) -> AbstractContextManager[None]:
        driver = self._engine.dialect.loaded_dbapi
        return _told(driver, self._place, self._file if self.is_sqlite else None)


@contextmanager
def _told(driver: Any, place: str, file: Path | None) -> Iterator[None]:
    """What the driver or SQLAlchemy raises of the store's trouble, as the port's errors."""
    try:
        yield
    except (DBAPIError, driver.Error) as error:
        trouble = store_error(error, place, file)
        if trouble is None:
            raise
        raise trouble from error


def _raw(connection: Connection) -> Any:
    """The driver's own connection, for what is not worth a statement's way through SQLAlchemy."""
    return connection.connection.driver_connection


def _sqlite_engine(url: str, driver: ModuleType, *, checkpoint: bool, patience_ms: int) -> Engine:
    engine = create_engine(
        url,
        module=driver,
        pool_size=IDLE_CONNECTIONS,
        max_overflow=BUSY_CONNECTIONS,
        # The driver's own ideas of when a transaction begins are off; the hook below says it.
        connect_args={
            "isolation_level": None,
            "check_same_thread": False,
            "timeout": patience_ms / 1000,
        },
    )

    def on_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        sqlite.prepare(connection, checkpoint=checkpoint, patience_ms=patience_ms)  # type: ignore[arg-type]  # it is the driver's own class

    def on_begin(connection: Connection) -> None:
        _raw(connection).execute(connection.info["begin"])

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
    return engine
