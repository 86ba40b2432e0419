import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from records import sqlite
from records.database import Database
from records.edge_records import EdgeRecords
from records.pictures import Pictures
from records.review_records import ReviewRecords
from tests.unit.records.making import LINE, START, STATION

KEY = b"k" * 32


class HandClock:
    """A wall clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store as the migrations build it, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "store.db"
    database = Database.open(f"sqlite:///{file}", ledger_key=KEY, checkpoint=True)
    database.migrate()
    database.close()
    return file


POSTGRES = os.environ.get("JIDOKA_TEST_POSTGRES")
"""URL of an empty PostgreSQL database that the tests may wipe, to run them on it as well."""


@pytest.fixture(params=["newest", "locked", *(["postgres"] if POSTGRES else [])])
def database(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> Iterator[Database]:
    """Both ways SQLite runs: with the library that is sound, and with Python's own behind the file lock."""
    if request.param == "postgres":
        yield from wiped(str(POSTGRES))
        return
    driver = sqlite.newest_driver() if request.param == "newest" else sqlite3
    shutil.copy(migrated, tmp_path / "store.db")
    database = Database.open(f"sqlite:///{tmp_path}/store.db", ledger_key=KEY, checkpoint=True, driver=driver)
    yield database
    database.close()


def wiped(url: str) -> Iterator[Database]:
    """The PostgreSQL database of that URL, emptied and migrated."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    database = Database.open(url, ledger_key=KEY, checkpoint=True)
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    return Pictures(tmp_path / "frames")


@pytest.fixture
def edge(database: Database, pictures: Pictures, clock: HandClock) -> Iterator[EdgeRecords]:
    records = EdgeRecords(database, pictures, LINE, STATION, clock.now)
    yield records
    records.close()


@pytest.fixture
def review(database: Database, pictures: Pictures, clock: HandClock) -> ReviewRecords:
    return ReviewRecords(database, pictures, now=clock.now)
