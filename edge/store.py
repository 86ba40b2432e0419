"""Opens the line's store as its settings say; both processes and the store's verbs come through here."""

import asyncio
from pathlib import Path
from types import ModuleType

import structlog

from edge.settings import LineSettings
from quality.ports import Clock, StoreBroken, StoreError, StoreFull
from records.database import Database, load_or_make_ledger_key
from records.notice import Notice
from records.reserve import Reserve
from records.sqlite import BUSY_TIMEOUT_MS

PATIENCE_MS = 1000
"""How long the edge process waits for another writer before it says so; others have more time."""
RETRY_AFTER_S = 1.0
_MEGABYTE = 1_000_000

log = structlog.get_logger()


def open_database(settings: LineSettings, *, checkpoint: bool, driver: ModuleType | None = None) -> Database:
    """The store, migrated. `checkpoint` is for the edge process alone; `driver` as in `Database.open`."""
    key = load_or_make_ledger_key(settings.store.ledger_key)
    patience_ms = PATIENCE_MS if checkpoint else BUSY_TIMEOUT_MS
    database = Database.open(
        settings.store.url, ledger_key=key, checkpoint=checkpoint, patience_ms=patience_ms, driver=driver
    )
    try:
        database.migrate()
    except StoreError:
        database.close()
        raise
    return database


async def open_when_it_writes(
    settings: LineSettings, reserve: Reserve, notice: Notice, clock: Clock, driver: ModuleType | None = None
) -> Database:
    """The edge process's store, however long it takes until something can be committed to it.

    Nothing is judged before that. A person is told through the notice, and the PLC by our silence. `driver` as in
    `Database.open`.
    """
    while True:
        try:
            database = await asyncio.to_thread(_proven, settings, driver)
        except StoreError as error:
            if isinstance(error, StoreFull) and reserve.give_up():
                continue
            notice.say(str(error))
            log.error("the store does not write", trouble=str(error))  # noqa: TRY400 - the sentence says it all
            await clock.sleep(RETRY_AFTER_S)
        else:
            notice.clear()
            return database


def _proven(settings: LineSettings, driver: ModuleType | None) -> Database:
    database = open_database(settings, checkpoint=True, driver=driver)
    try:
        database.prove()
    except StoreError:
        database.close()
        raise
    return database


def live_folder(settings: LineSettings) -> Path:
    """Where the edge process puts the newest pictures for the review station."""
    return settings.store.frames.with_name(f"{settings.store.frames.name}-live")


def notice(settings: LineSettings) -> Notice:
    """What the edge process says when the store is silent, for the review station."""
    return Notice(live_folder(settings) / "notice.txt")


def reserve(settings: LineSettings) -> Reserve:
    """The room kept on the store's disk."""
    return Reserve(store_folder(settings) / "reserve", settings.store.reserve_mb * _MEGABYTE)


def store_folder(settings: LineSettings) -> Path:
    """The folder on the disk whose room counts: SQLite's, or the pictures' when the database is elsewhere."""
    if settings.store.url.startswith("sqlite:///"):
        return Path(settings.store.url.removeprefix("sqlite:///")).parent
    return settings.store.frames


def ledger_heads(settings: LineSettings) -> tuple[Path, ...]:
    """Where the ledger's head is kept: beside its key, and in the second place that the settings name."""
    beside = settings.store.ledger_key.with_name("ledger.head")
    return (beside,) if settings.store.ledger_head is None else (beside, settings.store.ledger_head)


def said(error: BaseException) -> StoreBroken | None:
    """The trouble of the store in an error or a group of them, if that is what ended the process."""
    if isinstance(error, BaseExceptionGroup):
        return next((found for each in error.exceptions if (found := said(each))), None)
    return error if isinstance(error, StoreBroken) else None
