"""Opens the line's store as its settings say; both processes and the store's verbs come through here."""

from pathlib import Path
from types import ModuleType

from edge.settings import LineSettings
from records.database import Database, load_or_make_ledger_key


def open_database(settings: LineSettings, *, checkpoint: bool, driver: ModuleType | None = None) -> Database:
    """The store, migrated. `checkpoint` is for the edge process alone; `driver` as in `Database.open`."""
    key = load_or_make_ledger_key(settings.store.ledger_key)
    database = Database.open(settings.store.url, ledger_key=key, checkpoint=checkpoint, driver=driver)
    database.migrate()
    return database


def live_folder(settings: LineSettings) -> Path:
    """Where the edge process puts the newest pictures for the review station."""
    return settings.store.frames.with_name(f"{settings.store.frames.name}-live")
