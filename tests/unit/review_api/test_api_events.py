"""The live feed: everyone is told the newest state, no one holds anyone up."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.sse import ServerSentEvent

from quality.judgement import Verdict
from quality.ports import StoreError
from review_api.api.events import events
from review_api.collaborators import Collaborators
from review_api.feed import BEAT_EVERY_LOOKS, LOOK_EVERY_S, Event, Feed, Subscription
from review_api.sessions import COOKIE
from tests.unit.review_api.conftest import LINE, FakeClock, Store

TOPICS = {"line", "part", "cases", "alarms", "beat"}


@pytest.fixture
async def feed(store: Store, clock: FakeClock) -> AsyncIterator[Feed]:
    feed = Feed(LINE, store.review, clock)
    feed.start()
    yield feed
    await feed.stop()


async def _news(subscription: Subscription, clock: FakeClock) -> dict[str, Event]:
    waiting = asyncio.create_task(subscription.news())
    while not waiting.done():
        clock.advance(LOOK_EVERY_S)
        await asyncio.sleep(0.001)
    return {event.topic: event for event in waiting.result()}


async def test_who_comes_is_told_everything(feed: Feed, store: Store, clock: FakeClock) -> None:
    store.make_part(Verdict.HOLD)
    store.show_line(gate_closed=True)
    with feed.subscribe(None) as subscription:
        told: dict[str, Event] = {}
        while told.keys() != TOPICS:
            told |= await _news(subscription, clock)
    assert json.loads(told["line"].json)["gate_closed"] is True
    assert json.loads(told["part"].json)["serial"] == "B000001"
    assert [case["serial"] for case in json.loads(told["cases"].json)] == ["B000001"]
    assert json.loads(told["alarms"].json) == []
    assert datetime.fromisoformat(json.loads(told["beat"].json)) <= clock.now()


async def _caught_up(feed: Feed, subscription: Subscription, clock: FakeClock) -> str:
    told: dict[str, Event] = {}
    while told.keys() != TOPICS:
        told |= await _news(subscription, clock)
    return feed.id_of(max(told.values(), key=lambda event: event.number))


async def test_only_what_changed_is_told(feed: Feed, store: Store, clock: FakeClock) -> None:
    with feed.subscribe(None) as subscription:
        await _caught_up(feed, subscription, clock)
        store.make_part(Verdict.PASS)
        assert (await _news(subscription, clock)).keys() == {"part"}


async def test_who_comes_back_is_told_what_they_missed(feed: Feed, store: Store, clock: FakeClock) -> None:
    with feed.subscribe(None) as subscription:
        last_id = await _caught_up(feed, subscription, clock)
    store.make_part(Verdict.PASS)
    with feed.subscribe(last_id) as subscription:
        assert (await _news(subscription, clock)).keys() == {"part"}


async def test_a_page_drawn_before_it_listens_misses_nothing(feed: Feed, store: Store, clock: FakeClock) -> None:
    with feed.subscribe(None) as subscription:
        await _caught_up(feed, subscription, clock)
    told = feed.told
    store.make_part(Verdict.PASS)
    with feed.subscribe(told) as subscription:
        assert (await _news(subscription, clock)).keys() == {"part"}


async def test_a_beat_tells_that_the_link_lives_though_nothing_changes(feed: Feed, clock: FakeClock) -> None:
    with feed.subscribe(None) as subscription:
        await _caught_up(feed, subscription, clock)
        began = clock.now()
        (beat,) = (await _news(subscription, clock)).values()
    assert beat.topic == "beat"
    assert (clock.now() - began).total_seconds() <= (BEAT_EVERY_LOOKS + 1) * LOOK_EVERY_S


async def test_no_beat_comes_while_the_store_does_not_answer(clock: FakeClock) -> None:
    class Locked:
        def changed(self) -> int:
            raise StoreError("the store is locked")

    feed = Feed(LINE, Locked(), clock)  # type: ignore[arg-type]  # no more of the store is needed
    feed.start()
    with feed.subscribe(None) as subscription:
        news = asyncio.create_task(subscription.news())
        for _ in range(2 * BEAT_EVERY_LOOKS):
            clock.advance(LOOK_EVERY_S)
            await asyncio.sleep(0)
        assert not news.done()
        await feed.stop()
        assert await news == []


@pytest.mark.parametrize("last_id", ["another-3", "nonsense", "-", ""])
async def test_an_id_of_another_run_counts_for_nothing(feed: Feed, clock: FakeClock, last_id: str) -> None:
    with feed.subscribe(last_id) as subscription:
        assert await _caught_up(feed, subscription, clock)


async def test_a_slow_client_gets_the_newest_only() -> None:
    subscription = Subscription(0)
    for number in range(1, 101):
        subscription.tell(Event(number, "line", str(number)))
    subscription.tell(Event(101, "part", "101"))
    assert [event.number for event in await subscription.news()] == [100, 101]


async def test_a_closed_feed_lets_everyone_go(feed: Feed) -> None:
    with feed.subscribe(None) as subscription:
        feed.close()
        assert await asyncio.wait_for(subscription.news(), 1) == []


async def test_nothing_is_read_while_nobody_listens(clock: FakeClock) -> None:
    class Silent:
        def changed(self) -> int:
            raise AssertionError("nobody listens")

    feed = Feed(LINE, Silent(), clock)  # type: ignore[arg-type]  # no more of the store is needed
    feed.start()
    for _ in range(5):
        clock.advance(LOOK_EVERY_S)
        await asyncio.sleep(0.001)
    assert not feed.failed
    await feed.stop()


async def test_a_feed_that_failed_says_so(clock: FakeClock) -> None:
    class Broken:
        def changed(self) -> int:
            raise OSError("the disk is gone")

    feed = Feed(LINE, Broken(), clock)  # type: ignore[arg-type]  # no more of the store is needed
    feed.start()
    with feed.subscribe(None):
        await asyncio.sleep(0.01)
    assert feed.failed
    with pytest.raises(OSError, match="disk is gone"):
        await feed.stop()


async def test_the_stream_ends_with_the_session(app: FastAPI, store: Store, clock: FakeClock) -> None:
    station: Collaborators = app.state.collaborators
    account = store.review.account("engineer")
    assert account is not None
    opened = Response()
    session = station.sessions.open(account, opened)
    cookie = opened.headers["set-cookie"].partition(";")[0]
    request = Request({"type": "http", "headers": [(b"cookie", cookie.encode())], "app": app, "state": {}})
    request.state.session = session
    station.feed.start()
    stream = events(request, station)
    waiting = asyncio.ensure_future(anext(stream))
    while not waiting.done():
        clock.advance(LOOK_EVERY_S)
        await asyncio.sleep(0.001)
    first = waiting.result()
    assert first.event in TOPICS
    assert first.id is not None
    await station.sessions.end(request.cookies[COOKIE], Response())
    store.make_part()
    # What was read before the session ended may still come; nothing that was read after does.
    rest = asyncio.ensure_future(_all_of(stream))
    while not rest.done():
        clock.advance(LOOK_EVERY_S)
        await asyncio.sleep(0.001)
    assert "part" not in {event.event for event in rest.result() if event.raw_data != "null"}
    await station.feed.stop()


async def _all_of(stream: AsyncIterator[ServerSentEvent]) -> list[ServerSentEvent]:
    return [event async for event in stream]
