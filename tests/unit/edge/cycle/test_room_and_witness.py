"""Room on the disk, the hold lane, and the ledger's head outside the store: what is done and what is said."""

from pathlib import Path

import pytest

from edge.cycle import room
from edge.cycle.alarms import Alarms
from edge.cycle.lane import LOOK_EVERY_S, SURE_AFTER_S, Lane
from edge.cycle.witness import Witness
from edge.cycle.writer import Writer
from quality.alarm import Priority
from tests.fakes import FakeClock, FakeRecords


class FakeReserve:
    """100 bytes that are there or not."""

    size = 100

    def __init__(self) -> None:
        self.kept = True

    def make(self) -> bool:
        self.kept = True
        return True


class Disk:
    """Says how much is free, and what pictures were taken away for."""

    def __init__(self) -> None:
        self.free = 1000
        self.asked_for: list[int] = []
        self.pictures_trouble = ""

    def make_room(self, wanted: int) -> int:
        self.asked_for.append(wanted)
        return 1


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def reserve() -> FakeReserve:
    return FakeReserve()


@pytest.fixture
def looked_after(disk: Disk, reserve: FakeReserve, write: Writer, alarms: Alarms, clock: FakeClock) -> room.Room:
    return room.Room(
        lambda: disk.free, "/var/lib", reserve, disk.make_room, lambda: disk.pictures_trouble, write, alarms, clock
    )


async def test_with_room_enough_nothing_is_done_and_nothing_said(
    looked_after: room.Room, disk: Disk, records: FakeRecords
) -> None:
    await looked_after.make()
    await looked_after.tell()
    assert (disk.asked_for, records.alarms) == ([], {})


async def test_old_pictures_go_before_the_reserve_does(
    looked_after: room.Room, disk: Disk, records: FakeRecords, clock: FakeClock
) -> None:
    disk.free = 60
    await looked_after.make()
    await looked_after.make()
    assert disk.asked_for == [140], "once, and not at every look"
    await clock.advance(room.PRUNE_EVERY_S)
    await looked_after.make()
    assert disk.asked_for == [140, 140]
    await looked_after.tell()
    assert records.alarms["store", "disk nearly full"].priority is Priority.HIGH
    disk.free = 1000
    await looked_after.tell()
    assert records.alarms == {}


async def test_pictures_that_cannot_be_taken_away_end_nothing(
    disk: Disk, reserve: FakeReserve, write: Writer, alarms: Alarms, clock: FakeClock, records: FakeRecords
) -> None:
    def read_only(_: int) -> int:
        raise OSError("read-only file system")

    disk.free = 60
    looked_after = room.Room(lambda: disk.free, "/var/lib", reserve, read_only, lambda: "", write, alarms, clock)
    await looked_after.make()
    await looked_after.tell()
    assert set(records.alarms) == {("store", "disk nearly full")}


async def test_a_reserve_that_is_used_is_an_urgent_alarm_until_it_is_taken_back(
    looked_after: room.Room, disk: Disk, reserve: FakeReserve, records: FakeRecords
) -> None:
    reserve.kept, disk.free = False, 150
    await looked_after.make()
    await looked_after.tell()
    assert not reserve.kept, "that room is for records now"
    alarm = records.alarms["store", "disk full"]
    assert alarm.priority is Priority.URGENT
    assert "Delete or move away" in alarm.sentence
    disk.free = 200
    await looked_after.make()
    await looked_after.tell()
    assert (reserve.kept, records.alarms) == (True, {})


async def test_what_kept_the_store_silent_is_on_record_afterwards(
    looked_after: room.Room, write: Writer, records: FakeRecords
) -> None:
    write.trouble = "locked by a backup"
    await looked_after.tell()
    assert records.alarms["store", "not writable"].sentence == "locked by a backup"
    write.trouble = ""
    await looked_after.tell()
    assert records.alarms == {}


async def test_pictures_that_are_not_kept_are_an_alarm(
    looked_after: room.Room, disk: Disk, records: FakeRecords
) -> None:
    disk.pictures_trouble = "the disk does not take them"
    await looked_after.tell()
    assert records.alarms["store", "pictures not kept"].sentence == "the disk does not take them"


async def test_a_head_that_the_ledger_does_not_contain_is_an_urgent_alarm(
    alarms: Alarms, clock: FakeClock, records: FakeRecords
) -> None:
    answers = {Path("head"): "the tail is cut", Path("far"): ""}
    witness = Witness(tuple(answers), answers.__getitem__, alarms, clock)
    await witness.look()
    assert {key: alarm.priority for key, alarm in records.alarms.items()} == {
        ("head", "ledger cut"): Priority.URGENT
    }
    answers[Path("head")] = ""
    await witness.look()
    assert records.alarms == {}


async def test_a_place_that_does_not_take_the_head_is_an_alarm(
    alarms: Alarms, clock: FakeClock, records: FakeRecords
) -> None:
    def unreachable(_: Path) -> str:
        raise OSError("the share is gone")

    await Witness((Path("far"),), unreachable, alarms, clock).look()
    assert "the share is gone" in records.alarms["far", "ledger head not kept"].sentence


async def test_a_lane_that_holds_more_than_there_are_cases_for_is_an_alarm_at_once_at_the_start(
    records: FakeRecords, write: Writer, alarms: Alarms, clock: FakeClock
) -> None:
    lane = Lane(records, write, alarms, clock)
    await lane.compare(0)
    assert records.alarms == {}
    await lane.compare(2)
    assert "holds 2 part(s), and 0 have a case" in records.alarms["line", "unknown part held"].sentence
    await lane.look(0, 0)
    assert records.alarms == {}


async def test_a_released_part_may_take_its_time_to_leave_the_lane(
    records: FakeRecords, write: Writer, alarms: Alarms, clock: FakeClock
) -> None:
    lane = Lane(records, write, alarms, clock)
    await lane.look(1, 0)
    await clock.advance(LOOK_EVERY_S)
    await lane.look(1, 0)
    assert records.alarms == {}
    await clock.advance(SURE_AFTER_S)
    await lane.look(1, 0)
    assert set(records.alarms) == {("line", "unknown part held")}
