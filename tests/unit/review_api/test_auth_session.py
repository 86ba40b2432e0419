"""Signing in: who gets in, how long it lasts, and what ends it."""

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
    assert flags.count("httponly; ") == flags.count("samesite=strict") == 2


@pytest.mark.parametrize("secure", [True, False])
async def test_the_cookie_goes_over_tls_alone_where_there_is_tls(
    settings: ReviewSettings, store: Store, clock: FakeClock, *, secure: bool
) -> None:
    app = create_app(replace(settings, secure_cookies=secure), store.review, clock, CHEAP)
    async with visitor(app) as client:
        answer = await client.post(ME, json={"name": "engineer", "password": "engineer"})
    flags = answer.headers["set-cookie"].lower()
    assert flags.count("; secure") == (2 if secure else 0)
    prefix = "__Host-" if secure else ""
    assert set(answer.cookies) == {prefix + COOKIE, f"{prefix}jidoka_device"}
    assert "domain" not in flags


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
    for _ in range(LASTS_S // 600):
        assert (await engineer.post(f"{ME}/touched")).status_code == 204
        clock.advance(600)
    assert (await engineer.get(ME)).status_code == 200
    clock.advance(2)
    assert (await engineer.get(ME)).status_code == 401


async def test_a_tablet_that_nobody_touches_is_signed_out_however_much_its_pages_ask(
    engineer: httpx.AsyncClient, clock: FakeClock
) -> None:
    idle_s = (await engineer.get(ME)).json()["idle_s"]
    assert idle_s == 15 * 60
    for _ in range(15):
        clock.advance(59)
        assert (await engineer.get(ME)).status_code == 200
        assert (await engineer.get("/api/v1/cases")).status_code == 200
        refresh = {"accept": "text/html", "hx-request": "true"}
        assert (await engineer.get("/cases", headers=refresh)).status_code == 200
    clock.advance(17)
    assert (await engineer.get(ME)).status_code == 401


async def test_opening_a_page_begins_the_idle_time_anew(engineer: httpx.AsyncClient, clock: FakeClock) -> None:
    for _ in range(3):
        clock.advance(14 * 60)
        assert (await engineer.get("/cases", headers={"accept": "text/html"})).status_code == 200
    clock.advance(14 * 60)
    assert (await engineer.get(ME)).status_code == 200


async def test_a_restart_gives_an_idle_session_no_second_life(
    settings: ReviewSettings, store: Store, clock: FakeClock, engineer: httpx.AsyncClient
) -> None:
    cookie = f"{COOKIE}={engineer.cookies[COOKIE]}"
    clock.advance(10 * 60)
    async with visitor(create_app(settings, store.review, clock, CHEAP)) as client:
        assert (await client.get(ME, headers={"cookie": cookie})).status_code == 200
        clock.advance(15 * 60 + 1)
        assert (await client.get(ME, headers={"cookie": cookie})).status_code == 401


async def test_what_was_signed_out_stays_so_after_a_restart(
    settings: ReviewSettings, store: Store, clock: FakeClock, engineer: httpx.AsyncClient
) -> None:
    cookie = f"{COOKIE}={engineer.cookies[COOKIE]}"
    assert (await engineer.delete(ME)).status_code == 204
    async with visitor(create_app(settings, store.review, clock, CHEAP)) as client:
        assert (await client.get(ME, headers={"cookie": cookie})).status_code == 401


async def test_signing_out_everywhere_ends_every_session_of_the_account(
    app: FastAPI, engineer: httpx.AsyncClient, clock: FakeClock
) -> None:
    async with visitor(app, "engineer") as elsewhere, visitor(app, "supervisor") as other:
        assert (await engineer.get(ME)).status_code == 200
        assert (await elsewhere.delete(f"{ME}?everywhere=true")).status_code == 204
        clock.advance(1)
        assert (await engineer.get(ME)).status_code == 401
        assert (await other.get(ME)).status_code == 200


async def test_an_account_that_is_switched_off_is_out_within_a_second(
    engineer: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    assert (await engineer.get(ME)).status_code == 200
    store.review.access.change("engineer", "disabled", lambda a: replace(a, disabled=True), "admin", clock.now())
    clock.advance(1)
    assert (await engineer.get(ME)).status_code == 401
    answer = await engineer.post(ME, json={"name": "engineer", "password": "engineer"})
    assert (answer.status_code, answer.json()["code"]) == (403, "DISABLED")
    answer = await engineer.post(ME, json={"name": "engineer", "password": "wrong"})
    assert (answer.status_code, answer.json()["code"]) == (401, "WRONG_PASSWORD")


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
