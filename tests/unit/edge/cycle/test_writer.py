"""A store that is full or locked is waited out, in order, and a person told; a broken one ends the process."""

import asyncio
from collections.abc import Iterator

import pytest

from edge.cycle.writer import Writer
from quality.ports import StoreBroken, StoreBusy, StoreError, StoreFull
from tests.fakes import FakeClock, InlineExecutor


class Store:
    """Refuses as often as it was told to, then takes what it gets."""

    def __init__(self, *refusals: StoreError) -> None:
        self.refusals = list(refusals)
        self.taken: list[str] = []

    def take(self, word: str) -> str:
        if self.refusals:
            raise self.refusals.pop(0)
        self.taken.append(word)
        return word


class Told:
    """What was said to a person, and whether there is room to give up."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.room = 0

    def relieve(self) -> bool:
        self.room -= 1
        return self.room >= 0


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def write(told: Told, clock: FakeClock) -> Iterator[Writer]:
    writer = Writer(InlineExecutor(), relieve=told.relieve, say=told.said.append, pause=clock.sleep)
    yield writer
    writer.close()


async def test_a_store_that_is_locked_is_asked_again_until_it_takes_it(
    write: Writer, told: Told, clock: FakeClock
) -> None:
    store = Store(StoreBusy("locked by a backup"), StoreBusy("locked by a backup"))
    writing = asyncio.ensure_future(write(store.take, "hold 7"))
    await clock.settle()
    assert not writing.done()
    assert (write.trouble, told.said) == ("locked by a backup", ["locked by a backup"])
    await clock.advance(1)
    assert await writing == "hold 7"
    assert store.taken == ["hold 7"]
    assert (write.trouble, told.said) == ("", ["locked by a backup", ""])


async def test_nothing_overtakes_what_waits(write: Writer, clock: FakeClock) -> None:
    store = Store(StoreFull("full"))
    waiting = [asyncio.ensure_future(write(store.take, word)) for word in ("first", "second", "third")]
    await clock.settle()
    assert store.taken == []
    await clock.advance(1)
    await asyncio.gather(*waiting)
    assert store.taken == ["first", "second", "third"]


async def test_a_full_disk_takes_the_reserve_before_anybody_waits(
    write: Writer, told: Told, clock: FakeClock
) -> None:
    told.room = 1
    store = Store(StoreFull("full"))
    writing = asyncio.ensure_future(write(store.take, "hold 7"))
    await clock.settle()
    assert (writing.done(), store.taken, told.said) == (True, ["hold 7"], [])


async def test_a_broken_store_is_said_and_raised(write: Writer, told: Told) -> None:
    store = Store(StoreBroken("its disk fails"))
    with pytest.raises(StoreBroken):
        await write(store.take, "hold 7")
    assert (store.taken, told.said) == ([], ["its disk fails"])


async def test_what_is_no_trouble_of_the_store_goes_to_whoever_asked(write: Writer, told: Told) -> None:
    def wrong() -> None:
        raise LookupError("no such order")

    with pytest.raises(LookupError):
        await write(wrong)
    assert told.said == []
