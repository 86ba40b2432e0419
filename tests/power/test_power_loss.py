"""The power goes, at any moment and as unkindly as can be: what was acknowledged is there, and the store is whole.

A station works on a watched disk. At random moments the disk's possible contents after a cut are written out, each
is opened as the product opens it after a start, and held against what had been acknowledged by then.
`JIDOKA_POWER_IMAGES=2000` makes so many images.
"""

import os
import random
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from sqlalchemy import text

from quality.judgement import Verdict
from records.database import Database
from records.edge_records import EdgeRecords
from records.ledger import LedgerHead, verify
from records.pictures import Pictures
from tests.power.disk import Disk, Loss, Moment, images, put
from tests.power.driver import driver_on
from tests.power.vfs import WatchedFiles
from tests.power.work import KEY, NOTHING, Fact, Station, facts_in
from tests.unit.records.making import LINE, STATION, case, inspection

IMAGES = int(os.environ.get("JIDOKA_POWER_IMAGES", "200"))
CONTROL_IMAGES = 60
PARTS = (40, 35)
"""In the first run of the station and in the second; a checkpoint comes every 50 answers, and at each end."""
MOMENTS = 12
"""Cuts in one station's life; each gives an image for each kind of loss."""


@dataclass
class Found:
    """What the images of many cuts showed."""

    images: int = 0
    kinds: Counter[Loss] = field(default_factory=Counter)
    facts: int = 0
    lost: list[str] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Cut:
    """A moment, and what had been acknowledged by then."""

    moment: Moment
    acknowledged: frozenset[Fact]
    head: LedgerHead


def live(folder: Path, driver: ModuleType, disk: Disk, seed: int, at: frozenset[int]) -> list[Cut]:
    """A station's life on that disk, with the power cut at those changes; it goes on in its own world."""
    station = Station(folder, driver, random.Random(seed))
    cuts: list[Cut] = []

    def look(number: int) -> None:
        if number in at:
            cuts.append(Cut(disk.moment(), frozenset(station.acknowledged), station.head))

    disk.on_change = look
    for parts in PARTS:
        station.work(parts)
    cuts.append(Cut(disk.moment(), frozenset(station.acknowledged), station.head))
    return cuts


def cut_often(folder: Path, count: int, *, synchronous: str) -> Found:
    """So many images or a few more, over as many stations' lives as that takes."""
    found = Found()
    seed, changes = 0, 0
    while found.images < count:
        chance = random.Random(seed)
        at = frozenset(chance.randrange(changes) for _ in range(MOMENTS)) if changes else frozenset()
        disk = Disk()
        name = f"watched-{synchronous}-{seed}"
        files = WatchedFiles(name, disk)
        place = folder / name
        place.mkdir()
        cuts = live(place, driver_on(name, synchronous=synchronous), disk, seed, at)
        files.unregister()
        changes = disk.changes
        for number, cut in enumerate(cuts):
            for loss, image in images(cut.moment, chance):
                where = f"seed {seed}, change {cut.moment.number}, {loss}"
                after = folder / f"image-{seed}-{number}-{loss.name}"
                put(image, after)
                examine(after, cut, where, found)
                found.images += 1
                found.kinds[loss] += 1
                shutil.rmtree(after)
        shutil.rmtree(place)
        seed += 1
    return found


def examine(folder: Path, cut: Cut, where: str, found: Found) -> None:
    """Opens one image as a start of the product does, and goes on working with it."""
    database = Database.open(f"sqlite:///{folder}/store.db", ledger_key=KEY, checkpoint=True)
    try:
        database.migrate()
        with database.read() as connection:
            said = connection.execute(text("PRAGMA quick_check")).scalar_one()
        if said != "ok":
            found.unsound.append(f"{where}: quick_check says {said}")
            return
        there = facts_in(database)
        found.facts += len(cut.acknowledged)
        if missing := cut.acknowledged - there:
            found.lost.append(
                f"{where}: {len(missing)} of {len(cut.acknowledged)}, {sorted(missing, key=str)[:3]}"
            )
        expected = None if cut.head == NOTHING or missing else cut.head
        if (check := verify(database, expected)).broken_at is not None:
            found.unsound.append(f"{where}: {check.sentence}")
        edge = EdgeRecords(database, Pictures(folder / "frames"), LINE, STATION)
        edge.record(inspection(9_999, verdict=Verdict.HOLD), case(9_999), [])
        edge.close()
        if (check := verify(database, check.head)).broken_at is not None:
            found.unsound.append(f"{where}, after one part more: {check.sentence}")
    finally:
        database.close()


def test_after_a_power_cut_everything_acknowledged_is_there_and_the_store_is_whole(tmp_path: Path) -> None:
    found = cut_often(tmp_path, IMAGES, synchronous="FULL")
    print(f"{found.images} images, {found.facts} acknowledged facts looked for, {len(found.lost)} images lost any")  # noqa: T201
    print(dict(found.kinds))  # noqa: T201
    assert found.images >= IMAGES
    assert set(found.kinds) == set(Loss)
    assert found.unsound == []
    assert found.lost == []


def test_the_same_cuts_do_lose_records_when_commits_are_not_synced(tmp_path: Path) -> None:
    """The control: with `synchronous=NORMAL` the harness has to find losses, or it would find none anywhere."""
    found = cut_often(tmp_path, CONTROL_IMAGES, synchronous="NORMAL")
    print(f"{found.images} images with synchronous=NORMAL: {len(found.lost)} lost acknowledged records")  # noqa: T201
    assert found.lost
