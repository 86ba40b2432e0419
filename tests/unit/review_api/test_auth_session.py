"""Signing in: who gets in, how long it lasts, and what ends it."""

import asyncio
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI

from review_api.app import create_app
from review_api.sessions import COOKIE, LASTS_S
from review_api.settings import ReviewSettings
from tests.unit.review_api.conftest import CHEAP, FakeClock, Store, visitor

ME = "/api/v1/session"


async def test_a_person_signs_in_and_is_known(engineer: httpx.AsyncClient) -> None:
    me = (await engineer.get(ME)).json()
    assert (me["name"], me["role"]) == ("engineer", "engineer")
    assert me["csrf"] == engineer.headers["X-CSRF-Token"]


async def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(anyone: httpx.AsyncClient) -> None:
    answer = await anyone.post(ME, json={"name": "engineer", "password": "engineer"})
    flags = answer.headers["set-cookie"].lower()
    assert "httponly" in flags
    assert "samesite=lax" in flags


@pytest.mark.parametrize("secure", [True, False])
async def test_the_cookie_goes_over_tls_alone_where_there_is_tls(
    settings: ReviewSettings, store: Store, clock: FakeClock, *, secure: bool
) -> None:
    app = create_app(replace(settings, secure_cookies=secure), store.review, clock, CHEAP)
    async with visitor(app) as client:
        answer = await client.post(ME, json={"name": "engineer", "password": "engineer"})
    assert ("secure" in answer.headers["set-cookie"].lower()) is secure


def test_a_short_secret_is_refused(settings: ReviewSettings) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        replace(settings, secret=b"short")
    assert "sss" not in repr(settings)


async def test_nobody_is_known_without_a_cookie(anyone: httpx.AsyncClient) -> None:
    answer = await anyone.get(ME)
    assert answer.status_code == 401
    assert answer.json()["code"] == "NOT_SIGNED_IN"


async def test_a_visit_to_a_page_leads_to_the_sign_in_page(anyone: httpx.AsyncClient) -> None:
    answer = await anyone.get("/parts?serial=B1&limit=5", headers={"accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/parts%3Fserial%3DB1%26limit%3D5"


@pytest.mark.parametrize("name", ["engineer", "nobody"])
async def test_a_wrong_password_and_an_unknown_name_are_answered_alike(
    anyone: httpx.AsyncClient, name: str
) -> None:
    answer = await anyone.post(ME, json={"name": name, "password": "wrong"})
    assert answer.status_code == 401
    assert answer.json()["code"] == "WRONG_PASSWORD"
    assert COOKIE not in answer.cookies


async def test_a_forged_cookie_is_worth_nothing(engineer: httpx.AsyncClient) -> None:
    cookie = engineer.cookies[COOKIE]
    engineer.cookies.clear()
    middle = len(cookie) // 2
    forged = cookie[:middle] + ("A" if cookie[middle] != "A" else "B") + cookie[middle + 1 :]
    answer = await engineer.get(ME, headers={"cookie": f"{COOKIE}={forged}"})
    assert answer.status_code == 401


async def test_a_session_is_over_after_twelve_hours(engineer: httpx.AsyncClient, clock: FakeClock) -> None:
    clock.advance(LASTS_S - 1)
    assert (await engineer.get(ME)).status_code == 200
    clock.advance(2)
    assert (await engineer.get(ME)).status_code == 401


async def test_signing_out_ends_the_session_even_for_who_kept_the_cookie(engineer: httpx.AsyncClient) -> None:
    cookie = engineer.cookies[COOKIE]
    assert (await engineer.delete(ME)).status_code == 204
    assert (await engineer.get(ME)).status_code == 401
    assert (await engineer.get(ME, headers={"cookie": f"{COOKIE}={cookie}"})).status_code == 401


async def test_a_new_password_ends_old_sessions(
    engineer: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    account = store.review.account("engineer")
    assert account is not None
    store.review.save_account(replace(account, password_hash=CHEAP.hash("another")))
    clock.advance(2)
    assert (await engineer.get(ME)).status_code == 401


async def test_wrong_tries_make_the_account_wait_longer_and_longer(
    anyone: httpx.AsyncClient, clock: FakeClock
) -> None:
    async def attempt(password: str) -> httpx.Response:
        return await anyone.post(ME, json={"name": "engineer", "password": password})

    for _ in range(5):
        assert (await attempt("wrong")).status_code == 401
    waits = []
    for _ in range(8):
        refused = await attempt("engineer")
        assert refused.status_code == 429
        waits.append(int(refused.headers["retry-after"]))
        clock.advance(waits[-1])
        assert (await attempt("wrong")).status_code == 401
    assert waits == sorted(waits)
    assert waits[-1] >= 60
    assert waits[-1] <= 61
    clock.advance(61)
    assert (await attempt("engineer")).status_code == 200
    assert (await attempt("wrong")).status_code == 401


async def test_what_many_try_at_once_counts_as_well(anyone: httpx.AsyncClient) -> None:
    tries = [anyone.post(ME, json={"name": "engineer", "password": f"wrong {n}"}) for n in range(12)]
    statuses = [answer.status_code for answer in await asyncio.gather(*tries)]
    assert statuses.count(401) == 5
    assert statuses.count(429) == 7


async def test_one_account_waiting_does_not_make_another_wait(anyone: httpx.AsyncClient) -> None:
    for _ in range(6):
        await anyone.post(ME, json={"name": "operator", "password": "wrong"})
    answer = await anyone.post(ME, json={"name": "engineer", "password": "engineer"})
    assert answer.status_code == 200


async def test_a_change_without_the_token_is_refused(engineer: httpx.AsyncClient) -> None:
    del engineer.headers["X-CSRF-Token"]
    answer = await engineer.delete(ME)
    assert answer.status_code == 403
    assert answer.json()["code"] == "CSRF"


async def test_the_token_of_another_session_is_refused(app: FastAPI, engineer: httpx.AsyncClient) -> None:
    async with visitor(app, "supervisor") as other:
        answer = await engineer.delete(ME, headers={"X-CSRF-Token": other.headers["X-CSRF-Token"]})
    assert answer.status_code == 403


async def test_the_token_may_come_in_a_form(engineer: httpx.AsyncClient) -> None:
    token = engineer.headers.pop("X-CSRF-Token")
    answer = await engineer.request("DELETE", ME, data={"csrf": token})
    assert answer.status_code == 204


@pytest.mark.parametrize("origin", ["http://elsewhere", "null", "http://station.elsewhere"])
async def test_a_change_from_another_sites_page_is_refused(engineer: httpx.AsyncClient, origin: str) -> None:
    answer = await engineer.delete(ME, headers={"Origin": origin})
    assert answer.json()["code"] == "CSRF"
    answer = await engineer.post(ME, json={"name": "engineer", "password": "engineer"}, headers={"Origin": origin})
    assert answer.json()["code"] == "CSRF"


async def test_a_change_from_the_stations_own_page_is_taken(engineer: httpx.AsyncClient) -> None:
    answer = await engineer.delete(ME, headers={"Origin": "http://station"})
    assert answer.status_code == 204
