"""A store that takes nothing: the person is told, the tablet may try again, the live page comes back by itself."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from quality.judgement import Verdict
from quality.ports import StoreBusy
from records import sqlite
from records.database import Database
from records.notice import Notice
from records.pictures import Pictures
from records.review_records import ReviewRecords
from review_api.app import create_app
from review_api.feed import LOOK_EVERY_S, Feed
from review_api.language import Languages
from review_api.pages.line_view import Tone, headline
from review_api.settings import ReviewSettings
from tests.unit.review_api.conftest import CHEAP, LINE, FakeClock, Store, visitor


@pytest.fixture
def notice(tmp_path: Path) -> Notice:
    return Notice(tmp_path / "notice.txt")


@pytest.fixture
def impatient(store: Store, tmp_path: Path, notice: Notice) -> Iterator[ReviewRecords]:
    """The same store, which waits 50 ms for other writers."""
    database = Database.open(
        f"sqlite:///{store.database.path}", ledger_key=b"k" * 32, checkpoint=False, patience_ms=50
    )
    yield ReviewRecords(database, Pictures(tmp_path / "frames"), notice)
    database.close()


async def test_what_the_edge_says_of_the_store_is_a_reason_not_to_be_ready_and_the_headline(
    store: Store, impatient: ReviewRecords, settings: ReviewSettings, clock: FakeClock, notice: Notice
) -> None:
    store.show_line()
    notice.say("Store jidoka.db: its disk is full.")
    async with visitor(create_app(settings, impatient, clock, CHEAP)) as anyone:
        answer = await anyone.get("/readyz")
    assert answer.status_code == 503
    assert "its disk is full" in answer.json()["reasons"][0]
    said = headline(Languages(settings.time_zone).default, impatient.line_state(LINE), 0, clock.now())
    assert (said.tone, said.detail) == (Tone.ALARM, "Store jidoka.db: its disk is full.")
    assert said.sentence == "Nothing can be recorded: parts wait at the closed gate."


async def test_a_decision_that_cannot_be_recorded_is_answered_503_and_can_be_sent_again(
    store: Store, impatient: ReviewRecords, settings: ReviewSettings, clock: FakeClock
) -> None:
    store.make_part(Verdict.HOLD)
    store.show_line()
    (case,) = store.cases
    asked = {"kind": "RELEASE", "case_id": str(case.id), "case_version": case.version, "reason": "looked at"}
    path = f"/api/v1/decisions/{uuid4()}"
    async with visitor(create_app(settings, impatient, clock, CHEAP), "engineer") as engineer:
        other = sqlite.newest_driver().connect(store.database.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        refused = await engineer.put(path, json=asked)
        other.execute("ROLLBACK")
        other.close()
        assert (refused.status_code, refused.json()["code"]) == (503, "STORE")
        assert "another program keeps it locked" in refused.json()["detail"]
        assert (await engineer.put(path, json=asked)).status_code == httpx.codes.CREATED


class Stubborn(ReviewRecords):
    """Does not answer the first few times."""

    refusals = 3

    def changed(self) -> int:
        self.refusals -= 1
        if self.refusals >= 0:
            raise StoreBusy("locked by a backup")
        return super().changed()


async def test_the_live_feed_asks_a_silent_store_again(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    feed = Feed(LINE, Stubborn(store.database, Pictures(tmp_path / "frames")), clock)
    feed.start()
    with feed.subscribe(None) as subscription:
        news = asyncio.create_task(subscription.news())
        while not news.done() and not feed.failed:
            clock.advance(LOOK_EVERY_S)
            await asyncio.sleep(0.001)
        assert not feed.failed
        assert news.result()
    await feed.stop()
