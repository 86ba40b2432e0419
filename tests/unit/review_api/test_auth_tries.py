"""Guessing a PIN: how many wrong tries there are, and whom they keep out."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from review_api.app import create_app
from review_api.settings import ReviewSettings
from review_api.tries import (
    DEVICES,
    UNKNOWN_NAMES,
    Device,
    Tries,
    account_key,
)
from tests.unit.review_api.conftest import CHEAP, FakeClock, Store, visitor

ME = "/api/v1/session"
SHIFT_S = 8 * 3600


async def _attempt(client: httpx.AsyncClient, name: str, secret: str) -> httpx.Response:
    return await client.post(ME, json={"name": name, "password": secret})


@pytest.mark.parametrize("known", [True, False])
async def test_a_pin_is_tried_at_most_ten_times_an_hour(app: FastAPI, clock: FakeClock, *, known: bool) -> None:
    tried: list[float] = []
    pins = (f"{number:04d}" for number in range(10_000))
    async with visitor(app) as client:
        if known:
            assert (await _attempt(client, "operator", "operator")).status_code == 200
        ends = clock.monotonic() + SHIFT_S
        while clock.monotonic() < ends:
            answer = await _attempt(client, "engineer", next(pins))
            if answer.status_code == 401:
                tried.append(clock.monotonic())
            else:
                assert answer.status_code == 429
                wait = int(answer.headers["retry-after"])
                # Asking while one waits costs the account nothing and gains nothing.
                clock.advance(wait)
    most = max(sum(1 for at in tried if begin <= at < begin + 3600) for begin in tried)
    assert most == (10 if known else 6)
    assert len(tried) <= 9 * 10


async def test_an_owner_who_signs_in_meanwhile_gives_nobody_more_tries(app: FastAPI, clock: FakeClock) -> None:
    tried = 0
    async with visitor(app, "operator") as attacker, visitor(app, "engineer") as owner:
        for minute in range(60):
            while (await _attempt(attacker, "engineer", f"{minute:04d}")).status_code == 401:
                tried += 1
            assert tried > 0
            await _attempt(owner, "engineer", "engineer")
            clock.advance(60)
    assert tried == 10


async def test_waits_grow(anyone: httpx.AsyncClient, clock: FakeClock) -> None:
    await _attempt(anyone, "operator", "operator")
    waits = []
    for _ in range(10):
        answer = await _attempt(anyone, "engineer", "wrong")
        if answer.status_code == 429:
            waits.append(int(answer.headers["retry-after"]))
            clock.advance(waits[-1])
            answer = await _attempt(anyone, "engineer", "wrong")
        assert answer.status_code == 401
    assert waits == sorted(waits)
    assert waits[0] <= 2
    last = await _attempt(anyone, "engineer", "engineer")
    assert last.status_code == 429
    assert int(last.headers["retry-after"]) > 2000
    clock.advance(int(last.headers["retry-after"]))
    assert (await _attempt(anyone, "engineer", "engineer")).status_code == 200


async def test_a_stranger_in_the_network_does_not_keep_the_shop_floors_tablets_out(
    app: FastAPI, clock: FakeClock
) -> None:
    async with visitor(app, "operator") as tablet:
        transport = httpx.ASGITransport(app, client=("198.51.100.9", 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://station") as stranger:
            for minute in range(60):
                await _attempt(stranger, "engineer", f"{minute:04d}")
                clock.advance(10)
            assert (await _attempt(stranger, "engineer", "engineer")).status_code == 429
        assert (await _attempt(tablet, "engineer", "engineer")).status_code == 200


async def test_what_many_try_at_once_counts_as_well(anyone: httpx.AsyncClient) -> None:
    tries = [_attempt(anyone, "engineer", f"wrong {n}") for n in range(12)]
    statuses = [answer.status_code for answer in await asyncio.gather(*tries)]
    assert statuses.count(401) <= 5
    assert statuses.count(401) + statuses.count(429) == 12


async def test_a_device_tries_thirty_times_an_hour_whatever_accounts(app: FastAPI, clock: FakeClock) -> None:
    async with visitor(app) as client, visitor(app, "operator") as tablet:
        answers = [await _attempt(client, f"nobody {n}", "wrong") for n in range(35)]
        assert [answer.status_code for answer in answers].count(401) == 30
        # A tablet behind the same address is not concerned, and in an hour it is over.
        assert (await _attempt(client, "engineer", "engineer")).status_code == 429
        assert (await _attempt(tablet, "engineer", "engineer")).status_code == 200
        clock.advance(3601)
        assert (await _attempt(client, "engineer", "engineer")).status_code == 200


async def test_addresses_of_one_ipv6_network_are_one_device(app: FastAPI) -> None:
    statuses = []
    for n in range(31):
        transport = httpx.ASGITransport(app, client=(f"2001:db8::{n:x}", 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://station") as client:
            statuses.append((await _attempt(client, f"nobody {n}", "wrong")).status_code)
    assert statuses == [401] * 30 + [429]


async def test_a_forged_device_cookie_is_nobodys(anyone: httpx.AsyncClient) -> None:
    cookie = {"cookie": "jidoka_device=abcdefgh." + "0" * 32}
    for _ in range(6):
        await anyone.post(ME, json={"name": "engineer", "password": "wrong"}, headers=cookie)
    answer = await anyone.post(ME, json={"name": "engineer", "password": "engineer"}, headers=cookie)
    assert answer.status_code == 429


def test_memory_is_bounded(clock: FakeClock) -> None:
    tries = Tries(clock)
    for n in range(3 * DEVICES):
        tries.wrong(account_key(f"made up {n}", exists=False), Device(f"address {n}", known=False))
    assert len(tries._accounts) <= UNKNOWN_NAMES
    assert len(tries._devices) <= DEVICES


async def test_nothing_of_this_keeps_a_part_from_being_held(
    settings: ReviewSettings, store: Store, clock: FakeClock
) -> None:
    # Whatever waits here, the edge records holds; it shares the store alone, and wrong tries write nothing to it.
    before = store.review.changed()
    async with visitor(create_app(settings, store.review, clock, CHEAP)) as client:
        for _ in range(40):
            await _attempt(client, "engineer", "wrong")
    assert store.review.changed() == before
