"""A store that is full, locked or damaged says which, and what is kept beside it works although it is."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from quality.judgement import Verdict
from quality.ports import StoreBroken, StoreBusy, StoreError, StoreFull
from records import sqlite
from records.database import Database
from records.edge_records import EdgeRecords
from records.failures import store_error
from records.ledger import LedgerHead, head, verify
from records.ledger_head import keep_head, newest_kept, read_head, write_head
from records.notice import Notice
from records.pictures import Pictures
from records.reserve import Reserve
from records.retention import make_room
from records.review_records import ReviewRecords
from tests.faults.disks import Ballast, small_disk
from tests.unit.records.conftest import KEY
from tests.unit.records.making import LINE, STATION, case, frame, inspection


@pytest.fixture
def store(tmp_path: Path, migrated: Path) -> Iterator[Database]:
    shutil.copy(migrated, tmp_path / "store.db")
    database = Database.open(f"sqlite:///{tmp_path}/store.db", ledger_key=KEY, checkpoint=True, patience_ms=50)
    yield database
    database.close()


@pytest.fixture
def station(store: Database, tmp_path: Path) -> Iterator[EdgeRecords]:
    records = EdgeRecords(store, Pictures(tmp_path / "frames"), LINE, STATION)
    yield records
    records.close()


def test_a_store_that_somebody_keeps_locked_is_busy_and_takes_the_same_afterwards(store, station, tmp_path):
    other = sqlite.newest_driver().connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreBusy, match="another program keeps it locked"):
        station.record(inspection(1), None, [])
    other.execute("ROLLBACK")
    other.close()
    station.record(inspection(1), None, [])
    assert station.last_cycle() == (1, 1)
    assert verify(store).broken_at is None


def test_a_full_disk_is_full_until_the_reserve_is_given_up(tmp_path: Path, migrated: Path) -> None:
    with small_disk(tmp_path / "disk", 4) as disk:
        shutil.copy(migrated, disk / "store.db")
        database = Database.open(f"sqlite:///{disk}/store.db", ledger_key=KEY, checkpoint=True)
        station = EdgeRecords(database, Pictures(disk / "frames"), LINE, STATION)
        reserve = Reserve(disk / "reserve", 1_000_000)
        assert reserve.make()
        Ballast(disk).fill()
        recorded = held_until_full(station)
        assert reserve.give_up()
        assert not reserve.kept
        station.record(inspection(recorded + 1, verdict=Verdict.HOLD), case(recorded + 1), [])
        assert len(station.open_cases()) == recorded + 1
        assert verify(database).broken_at is None
        station.close()
        database.close()


def held_until_full(station: EdgeRecords) -> int:
    """How many held parts the disk took."""
    for number in range(1, 2000):
        try:
            station.record(inspection(number, verdict=Verdict.HOLD), case(number), [])
        except StoreFull:
            return number - 1
    raise AssertionError("the disk was never full")


def test_a_picture_that_the_disk_does_not_take_is_left_out_and_the_part_recorded(
    tmp_path: Path, migrated: Path
) -> None:
    shutil.copy(migrated, tmp_path / "store.db")
    with small_disk(tmp_path / "disk", 1) as disk, opened(tmp_path) as database:
        pictures = Pictures(disk / "frames")
        Ballast(disk).fill()
        station = EdgeRecords(database, pictures, LINE, STATION)
        station.record(inspection(1, verdict=Verdict.HOLD, frames=(frame(),)), case(1), [frame()])
        station.close()
        detail = ReviewRecords(database, pictures).inspection(1)
        assert [each.kept for each in detail.frames] == [False]
        assert "Parts are recorded without" in pictures.trouble
        assert list(pictures.files()) == []


def test_pictures_leave_room_for_records(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    assert not Pictures(tmp_path / "frames", leave_free=2 * free).keep(frame())
    modest = Pictures(tmp_path / "frames", leave_free=1)
    assert modest.keep(frame())
    assert modest.trouble == ""


def test_the_oldest_pictures_make_room_but_for_those_of_open_cases(store, station, tmp_path):
    pictures = Pictures(tmp_path / "frames")
    made = [
        replace(frame(content=bytes([number]) * 1000), captured_at=frame().captured_at + timedelta(minutes=number))
        for number in range(4)
    ]
    for number, each in enumerate(made, 1):
        held = number == 1
        verdict = Verdict.HOLD if held else Verdict.PASS
        station.record(inspection(number, verdict=verdict, frames=(each,)), case(number) if held else None, [each])
    assert make_room(store, pictures, 1500) == 2
    assert [pictures.path(each.sha256) is not None for each in made] == [True, False, False, True]


def test_a_damaged_store_is_broken_and_names_the_mend(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"no database at all" * 1000)
    with pytest.raises(StoreBroken, match="jidoka restore"), opened(tmp_path) as database:
        database.migrate()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (1034, StoreBroken),
        (8, StoreBroken),
        (13, StoreFull),
        (5, StoreBusy),
        (6, StoreBusy),
        (1, None),
        (19, None),
    ],
)
def test_what_each_code_means(code: int, kind: type[StoreError] | None, tmp_path: Path) -> None:
    error = sqlite3.OperationalError("as the driver says it")
    error.sqlite_errorcode = code
    found = store_error(error, "store.db", tmp_path / "store.db")
    assert (None if found is None else type(found)) is kind


def test_a_postgres_server_that_is_gone_full_or_locked_is_told_apart() -> None:
    class OperationalError(Exception):
        sqlstate: str | None = None

    class AdminShutdown(OperationalError):  # noqa: N818 - as the driver calls it
        pass

    full, locked = OperationalError("disk full"), OperationalError("lock timeout")
    full.sqlstate, locked.sqlstate = "53100", "55P03"
    kinds = [type(store_error(error, "plant", None)) for error in (full, locked, AdminShutdown("bye"))]
    assert kinds == [StoreFull, StoreBusy, StoreBroken]
    assert store_error(ValueError("no trouble of the store"), "plant", None) is None


def test_the_log_is_written_again_at_a_start_with_the_same_bytes(store, station, tmp_path):
    station.record(inspection(1), None, [])
    log = tmp_path / "store.db-wal"
    os.utime(log, (0, 0))
    before = log.read_bytes()
    store.migrate()
    assert log.read_bytes() == before
    assert log.stat().st_mtime > 0, "it was not written"


def test_a_store_proves_that_it_writes(store):
    before = store.changed_by_anyone()
    store.prove()
    assert store.changed_by_anyone() != before


def test_a_reserve_takes_its_blocks(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "reserve", 1_000_000)
    assert not reserve.kept
    assert reserve.make()
    assert (tmp_path / "reserve").stat().st_blocks * 512 >= 1_000_000
    assert reserve.give_up()
    assert not reserve.give_up()
    nothing = Reserve(tmp_path / "none", 0)
    assert nothing.kept
    assert not nothing.give_up()


def test_a_notice_is_heard_although_the_disk_is_full(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1) as disk:
        notice = Notice(disk / "notice.txt")
        assert notice.say("")
        Ballast(disk).fill()
        assert notice.say("the disk is full")
        assert notice.read() == "the disk is full"
        notice.clear()
        assert notice.read() == ""


def test_the_review_station_passes_the_notice_on(store, station, tmp_path):
    notice = Notice(tmp_path / "notice.txt")
    review = ReviewRecords(store, Pictures(tmp_path / "frames"), notice)
    station.show_line({"store": {"ok": True, "detail": "fine"}})
    assert "not_recorded" not in review.line_state(LINE)
    before = review.changed()
    notice.say("the disk is full")
    assert review.changed() != before
    state = review.line_state(LINE)
    assert state["not_recorded"] == "the disk is full"
    assert state["store"] == {"ok": False, "detail": "the disk is full"}


def test_the_ledgers_head_is_kept_and_an_older_store_contradicts_it(store, station, tmp_path):
    file = tmp_path / "ledger.head"
    station.record(inspection(1), None, [])
    assert keep_head(store, file) == ""
    assert read_head(file) == head(store)
    assert newest_kept((tmp_path / "none", file)) == head(store)
    with store.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    shutil.copy(tmp_path / "store.db", tmp_path / "older.db")
    station.record(inspection(2), None, [])
    assert keep_head(store, file) == ""
    newest = read_head(file)
    older = Database.open(f"sqlite:///{tmp_path}/older.db", ledger_key=KEY, checkpoint=True)
    assert "an older store was put back" in keep_head(older, file)
    assert read_head(file) == newest, "the file goes on telling of it"
    older.close()
    write_head(file, LedgerHead(1, "00" * 32))
    assert "does not contain entry 1" in keep_head(store, file)
    file.write_text("nonsense")
    with pytest.raises(ValueError, match="no head"):
        keep_head(store, file)


class opened:  # noqa: N801 - reads as a verb
    """The store in that folder, closed whatever happens."""

    def __init__(self, folder: Path) -> None:
        self._url = f"sqlite:///{folder}/store.db"

    def __enter__(self) -> Database:
        self._database = Database.open(self._url, ledger_key=KEY, checkpoint=True)
        return self._database

    def __exit__(self, *_: object) -> None:
        self._database.close()
