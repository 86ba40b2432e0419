import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from records import sqlite
from records.database import Database, load_or_make_ledger_key
from records.edge_records import EdgeRecords
from records.ledger import verify
from records.pictures import Pictures
from records.tables import Base
from tests.unit.records.conftest import KEY
from tests.unit.records.making import LINE, STATION, inspection


def test_the_migrations_build_what_the_models_declare(database):
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_twice_or_from_two_sides_at_once_is_harmless(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    sides = [Database.open(url, ledger_key=KEY, checkpoint=index == 0) for index in range(2)]
    threads = [threading.Thread(target=side.migrate) for side in sides]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sides[0].migrate()
    for side in sides:
        with side.read() as connection:
            assert connection.execute(text("SELECT number FROM changes")).scalars().all() == [0]
        side.close()


def test_every_commit_reaches_the_disk_and_foreign_keys_hold(database):
    with database.read() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_it_says_which_way_it_runs(tmp_path):
    old = Database.open(f"sqlite:///{tmp_path}/a.db", ledger_key=KEY, checkpoint=True, driver=sqlite3)
    assert sqlite3.sqlite_version in old.description
    assert ("file lock" in old.description) is (sqlite3.sqlite_version_info < sqlite.SOUND_FROM)
    new = Database.open(f"sqlite:///{tmp_path}/a.db", ledger_key=KEY, checkpoint=True)
    assert ("side by side" in new.description) is sqlite.is_sound(sqlite.newest_driver())
    for each in (old, new):
        each.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y"])
def test_a_url_that_cannot_be_a_store_is_refused(url):
    with pytest.raises(ValueError, match="sqlite:///FILE"):
        Database.open(url, ledger_key=KEY, checkpoint=True)


def test_the_file_lock_keeps_a_second_writer_out_until_the_first_has_committed(tmp_path):
    first, second = (sqlite.FileLock(tmp_path / "lock") for _ in range(2))
    order, entered = [], threading.Event()

    def follow() -> None:
        entered.set()
        with second.held():
            order.append("second")

    follower = threading.Thread(target=follow)
    with first.held():
        follower.start()
        entered.wait()
        order.append("first")
    follower.join()
    assert order == ["first", "second"]
    first.close()
    second.close()


@pytest.mark.skipif(sqlite.is_sound(sqlite3), reason="Python's own SQLite is new enough to need no lock here")
@pytest.mark.parametrize("use", ["write", "checkpoint"])
def test_with_an_older_library_writers_and_checkpoints_wait_for_the_file_lock(tmp_path, use):
    url = f"sqlite:///{tmp_path}/store.db"
    database = Database.open(url, ledger_key=KEY, checkpoint=True, driver=sqlite3)
    database.migrate()

    def work() -> None:
        if use == "write":
            with database.write() as connection:
                connection.execute(text("UPDATE changes SET number = 1"))
        else:
            with database.connect() as connection:
                database.checkpoint(connection)

    other = sqlite.FileLock(tmp_path / "store.db.lock")
    worker = threading.Thread(target=work)
    with other.held():
        worker.start()
        worker.join(timeout=0.2)
        assert worker.is_alive()
    worker.join()
    other.close()
    database.close()


def test_only_the_edge_moves_the_log_into_the_database(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    edge = Database.open(url, ledger_key=KEY, checkpoint=True)
    review = Database.open(url, ledger_key=KEY, checkpoint=False)
    edge.migrate()
    pages = [(edge, sqlite.BACKSTOP_PAGES), (review, 0)]
    for database, expected in pages:
        with database.read() as connection:
            assert connection.execute(text("PRAGMA wal_autocheckpoint")).scalar_one() == expected
    with edge.write() as connection:
        connection.execute(text("CREATE TABLE filler (bytes BLOB)"))
        connection.execute(text("INSERT INTO filler VALUES (zeroblob(6000000))"))
    size = (tmp_path / "store.db").stat().st_size
    with edge.connect() as connection:
        edge.checkpoint(connection)
    assert (tmp_path / "store.db").stat().st_size > size
    for each in (edge, review):
        each.close()


def test_the_ledger_key_is_made_once_and_is_its_owner_s_alone(tmp_path: Path):
    path = tmp_path / "var" / "ledger.key"
    key = load_or_make_ledger_key(path)
    assert len(key) == 32
    assert load_or_make_ledger_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"short")
    with pytest.raises(ValueError, match=r"ledger\.key: 5 bytes"):
        load_or_make_ledger_key(path)


WRITER = """
import sqlite3, sys
from pathlib import Path
from records import sqlite
from records.database import Database
from records.edge_records import EdgeRecords
from records.pictures import Pictures
from tests.unit.records.making import LINE, STATION, frame, inspection

folder, mode = Path(sys.argv[1]), sys.argv[2]
driver = sqlite3 if mode == "locked" else sqlite.newest_driver()
database = Database.open(f"sqlite:///{folder}/store.db", ledger_key=b"k" * 32, checkpoint=True, driver=driver)
database.migrate()
records = EdgeRecords(database, Pictures(folder / "frames"), LINE, STATION)
number = (records.last_cycle() or (1, 0))[1]
while True:
    number += 1
    picture = frame(number.to_bytes(4, "big"))
    records.record(inspection(number, frames=(picture,)), None, [picture] if number % 3 == 0 else [])
    print(number, flush=True)
"""


@pytest.mark.parametrize("mode", ["newest", "locked"])
def test_what_was_acknowledged_survives_kill_9(tmp_path, mode):
    acknowledged = 0
    for lines in (3, 20):
        command = [sys.executable, "-c", WRITER, str(tmp_path), mode]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()) as writer:
            for _ in range(lines):
                acknowledged = int(writer.stdout.readline())
            os.kill(writer.pid, signal.SIGKILL)
            acknowledged = max([acknowledged, *map(int, writer.stdout.read().split("\n")[:-1])])
    driver = sqlite3 if mode == "locked" else sqlite.newest_driver()
    database = Database.open(f"sqlite:///{tmp_path}/store.db", ledger_key=KEY, checkpoint=True, driver=driver)
    pictures = Pictures(tmp_path / "frames")
    records = EdgeRecords(database, pictures, LINE, STATION)
    found = [cycle.sequence for cycle, _, _ in records.history(10_000)]
    assert found[:acknowledged] == list(range(1, acknowledged + 1))
    assert len(found) <= acknowledged + 1
    assert verify(database).broken_at is None
    with database.read() as connection:
        cited = connection.execute(text("SELECT sha256 FROM frames")).scalars().all()
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    assert len(cited) >= acknowledged // 3
    assert all(pictures.path(sha256) for sha256 in cited)
    records.record(inspection(len(found) + 1), None, [])
    records.close()
    database.close()
