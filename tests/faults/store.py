"""A real store in a folder, as both processes see it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from records.database import Database
from records.edge_records import EdgeRecords
from records.pictures import Pictures
from records.review_records import ReviewRecords
from tests.unit.records.making import LINE, STATION


@dataclass(frozen=True)
class Store:
    """One database, and what each process does with it."""

    database: Database
    edge: EdgeRecords
    review: ReviewRecords


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    """A new store there, closed at the end."""
    database = Database.open(f"sqlite:///{folder}/store.db", ledger_key=b"k" * 32, checkpoint=True)
    database.migrate()
    pictures = Pictures(folder / "frames")
    edge = EdgeRecords(database, pictures, LINE, STATION)
    yield Store(database, edge, ReviewRecords(database, pictures))
    edge.close()
    database.close()
