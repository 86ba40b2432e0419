"""A kill at the store takes exactly what was not committed, and a disk that fails says so at the driver."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text

from edge.trial.disk import Disk
from edge.trial.loop import VirtualLoop
from edge.trial.process import Process
from edge.trial.schedule import Fault, FaultKind
from quality.ports import StoreBroken, StoreBusy, StoreFull
from records.database import Database

KEY = bytes(32)


def count(url: str) -> int:
    database = Database.open(url, ledger_key=KEY, checkpoint=False)
    with database.read() as connection:
        found = connection.execute(text("SELECT count(*) FROM marks")).scalar_one()
    database.close()
    return int(found)


class Marking:
    """A process that writes one mark after the other, and remembers how many it was told are there."""

    def __init__(self, url: str, disk: Disk) -> None:
        self._url = url
        self._disk = disk
        self.told = 0

    async def live(self, process: Process) -> None:
        loop = asyncio.get_running_loop()
        database = Database.open(self._url, ledger_key=KEY, checkpoint=True, driver=self._disk.driver(process))
        thread = self._disk.thread()
        await loop.run_in_executor(thread, self._write(database, "CREATE TABLE IF NOT EXISTS marks (n)"))
        while True:
            await loop.run_in_executor(thread, self._write(database, "INSERT INTO marks VALUES (1)"))
            self.told += 1

    @staticmethod
    def _write(database: Database, sql: str) -> Callable[[], None]:
        def write() -> None:
            with database.write() as connection:
                connection.execute(text(sql))

        return write


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'marks.db'}"


@pytest.fixture
def disk() -> Disk:
    loop = VirtualLoop(Random(1))  # type: ignore[abstract]  # sockets and signals are left out
    return Disk(loop, Random(1))


@pytest.mark.parametrize(
    ("kind", "unheard"),
    [
        (FaultKind.KILLED_BEFORE_COMMIT, 0),
        (FaultKind.KILLED_IN_TRANSACTION, 0),
        (FaultKind.KILLED_AFTER_COMMIT, 1),
    ],
)
def test_a_kill_takes_what_was_not_committed_and_nothing_else(
    disk: Disk, url: str, kind: FaultKind, unheard: int
) -> None:
    marking = Marking(url, disk)

    async def main() -> Process:
        process, _ = disk.loop.spawn("marking", marking.live)
        await asyncio.sleep(0.5)
        disk.begin(Fault(0, kind, 0, 3))
        await asyncio.sleep(1)
        return process

    process = disk.loop.run_until_complete(main())
    told = marking.told
    assert not process.alive
    assert [cut for _, cut in disk.cuts] == [kind]
    assert count(url) == told + unheard
    disk.loop.close()


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.STORE_FULL, StoreFull),
        (FaultKind.STORE_LOCKED, StoreBusy),
        (FaultKind.STORE_BROKEN, StoreBroken),
    ],
)
def test_a_disk_that_fails_is_the_stores_own_trouble(
    disk: Disk, url: str, kind: FaultKind, error: type[Exception]
) -> None:
    marking = Marking(url, disk)

    async def main() -> BaseException | None:
        _, task = disk.loop.spawn("marking", marking.live)
        await asyncio.sleep(0.5)
        disk.begin(Fault(0, kind, 100, 0))
        await asyncio.wait([task])
        return task.exception()

    assert isinstance(disk.loop.run_until_complete(main()), error)
    assert count(url) >= marking.told
    disk.loop.close()
