"""Power cuts at the two moments that matter most, on a disk that keeps as little as it may."""

import random
from pathlib import Path

import pytest

from edge.cycle.alarms import Alarms
from edge.cycle.delivery import Delivery
from edge.cycle.holds import Holds
from edge.cycle.recovery import recover
from quality.judgement import Verdict
from quality.station import VerdictAnswer
from records.database import Database
from records.edge_records import EdgeRecords
from records.ledger import verify
from records.pictures import Pictures
from tests.fakes import FakeClock, FakeGate, InlineWriter, status
from tests.power.disk import Disk, Loss, Moment, images, put
from tests.power.driver import driver_on
from tests.power.vfs import WatchedFiles
from tests.power.work import KEY
from tests.unit.records.making import LINE, STATION, case, cycle, inspection


class Station:
    """A store on a watched disk."""

    def __init__(self, folder: Path, name: str) -> None:
        self.disk = Disk()
        files = WatchedFiles(name, self.disk)
        self.database = Database.open(
            f"sqlite:///{folder}/store.db", ledger_key=KEY, checkpoint=True, driver=driver_on(name)
        )
        self.database.migrate()
        self.records = EdgeRecords(self.database, Pictures(folder / "frames"), LINE, STATION)
        self.records.record(inspection(1), None, [])
        self.records.verdict_answered(cycle(1), VerdictAnswer.ACCEPTED, inspection(1).judged_at)
        self._files = files

    def close(self) -> None:
        self.records.close()
        self.database.close()
        self._files.unregister()


def after_the_cut(folder: Path, image: dict[str, bytes]) -> tuple[Database, EdgeRecords]:
    """The store as a start finds it."""
    put(image, folder)
    database = Database.open(f"sqlite:///{folder}/store.db", ledger_key=KEY, checkpoint=True)
    database.migrate()
    return database, EdgeRecords(database, Pictures(folder / "frames"), LINE, STATION)


def test_power_cut_mid_transaction(tmp_path: Path) -> None:
    """At each of its writes: the held part is on record with its case and its ledger entries, or not at all."""
    chance = random.Random(3)
    station = Station(tmp_path, "mid transaction")
    moments: list[Moment] = []
    station.disk.on_change = lambda _number: moments.append(station.disk.moment())
    station.records.record(inspection(2, verdict=Verdict.HOLD), case(2), [])
    station.disk.on_change = lambda _number: None
    station.close()
    assert len(moments) > 3
    outcomes = set()
    for number, moment in enumerate(moments):
        for loss, image in images(moment, chance):
            database, records = after_the_cut(tmp_path / f"{number}-{loss.name}", image)
            last, held = records.last_cycle(), [each.cycle_sequence for each in records.open_cases()]
            outcomes.add((last, tuple(held)))
            assert (last, held) in [((1, 1), []), ((1, 2), [2])], f"change {number}, {loss}"
            assert verify(database).entries == (2 if last == (1, 1) else 4)
            assert verify(database).broken_at is None
            records.close()
            database.close()
    assert len(outcomes) == 2, "both must have been met, or no cut fell into the transaction"


@pytest.mark.parametrize("loss", list(Loss))
async def test_power_cut_after_commit_and_before_the_plc_write(tmp_path: Path, loss: Loss) -> None:
    """What was recorded is what the PLC is told after the start: the same verdict, for the same part, once."""
    station = Station(tmp_path, f"after commit, {loss}")
    station.records.record(inspection(2, verdict=Verdict.HOLD), case(2), [])
    moment = station.disk.moment()
    station.close()
    image = dict(images(moment, random.Random(5)))[loss]
    database, records = after_the_cut(tmp_path / "image", image)

    clock = FakeClock()
    gate, write = FakeGate(clock), InlineWriter()
    gate.status = status(cycle_sequence=2, serial=cycle(2).serial, answered_cycle=1)
    alarms = Alarms(records, write, clock)
    delivery = Delivery(gate, records, write, alarms, clock)
    holds = Holds(gate, records, write, alarms, clock, every_s=1)
    await recover(await gate.scan(), records, write, delivery, holds)
    assert set(gate.verdicts) == {(2, cycle(2).serial, Verdict.HOLD)}
    assert records.unanswered_verdicts() == []
    assert [each.cycle_sequence for each in records.open_cases()] == [2]
    assert verify(database).broken_at is None
    records.close()
    database.close()
    write.close()
