"""Giving access: accounts, one-time secrets, tokens; and what an admin cannot do."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from tests.unit.review_api.conftest import FakeClock, Store, visitor

ACCOUNTS = "/api/v1/accounts"
TOKENS = "/api/v1/tokens"
ME = "/api/v1/session"


@pytest.fixture
async def admin(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(app, "admin", "admin-access") as client:
        yield client


async def _make(admin: httpx.AsyncClient, **asked: str) -> dict[str, object]:
    answer = await admin.post(ACCOUNTS, json=asked)
    assert answer.status_code == 201, answer.text
    made: dict[str, object] = answer.json()
    return made


async def test_a_new_person_signs_in_once_with_what_they_were_given_and_chooses_their_own(
    app: FastAPI, admin: httpx.AsyncClient
) -> None:
    made = await _make(admin, name="vera", role="engineer", display_name="Vera", badge="0042")
    pin = str(made["one_time_secret"])
    assert pin.isdigit()
    async with visitor(app, "0042", pin) as vera:
        assert (await vera.get(ME)).json()["must_change"] is True
        refused = await vera.get("/api/v1/cases")
        assert (refused.status_code, refused.json()["code"]) == (403, "MUST_CHANGE")
        page = await vera.get("/cases", headers={"accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, "/me")
        for unfit in (pin, "1234", "777777", "vera", "short"):
            answer = await vera.put(f"{ME}/secret", json={"old": pin, "new": unfit})
            assert (answer.status_code, answer.json()["code"]) == (422, "UNFIT"), unfit
        wrong = await vera.put(f"{ME}/secret", json={"old": "9" * 6, "new": "2846"})
        assert wrong.status_code == 401
        changed = await vera.put(f"{ME}/secret", json={"old": pin, "new": "2846"})
        assert changed.json()["must_change"] is False
        assert (await vera.get("/api/v1/cases")).status_code == 200
    async with visitor(app, "vera", "2846") as again:
        assert (await again.get("/api/v1/cases")).status_code == 200
    async with visitor(app) as other:
        assert (await other.post(ME, json={"name": "vera", "password": pin})).status_code == 401


@pytest.mark.parametrize("role", ["it", "admin"])
async def test_who_reads_from_anywhere_or_gives_access_has_a_password_and_no_pin(
    app: FastAPI, admin: httpx.AsyncClient, role: str
) -> None:
    made = await _make(admin, name="ida", role=role)
    secret = str(made["one_time_secret"])
    assert len(secret) == 19
    async with visitor(app, "ida", secret) as ida:
        answer = await ida.put(f"{ME}/secret", json={"old": secret, "new": "284672"})
        assert answer.json()["code"] == "UNFIT"
        answer = await ida.put(f"{ME}/secret", json={"old": secret, "new": "a horse that is correct"})
        assert answer.status_code == 200


async def test_changing_a_secret_ends_the_other_sessions_and_not_this_one(
    app: FastAPI, engineer: httpx.AsyncClient, clock: FakeClock
) -> None:
    async with visitor(app, "engineer") as other:
        assert (await other.get(ME)).status_code == 200
        answer = await engineer.put(f"{ME}/secret", json={"old": "engineer", "new": "2846"})
        assert answer.status_code == 200
        engineer.headers["X-CSRF-Token"] = answer.json()["csrf"]
        clock.advance(1)
        assert (await other.get(ME)).status_code == 401
        assert (await engineer.post(f"{ME}/touched")).status_code == 204


async def test_an_account_is_listed_without_its_secrets(admin: httpx.AsyncClient, store: Store) -> None:
    listed = await admin.get(ACCOUNTS)
    assert [one["name"] for one in listed.json()["items"]] == ["admin", "engineer", "it", "operator", "supervisor"]
    account = store.review.account("engineer")
    assert account is not None
    for secret in (account.pin_hash, account.password_hash):
        assert str(secret) not in listed.text
    one = (await admin.get(f"{ACCOUNTS}/engineer")).json()
    assert (one["has_pin"], one["has_password"], one["badge"]) == (True, True, "BADGE-ENGINEER")
    assert (await admin.get(f"{ACCOUNTS}/nobody")).status_code == 404


async def test_a_change_is_in_force_within_a_second(
    app: FastAPI, admin: httpx.AsyncClient, clock: FakeClock
) -> None:
    async with visitor(app, "engineer") as engineer:
        assert (await engineer.get(ME)).json()["role"] == "engineer"
        answer = await admin.patch(f"{ACCOUNTS}/engineer", json={"role": "operator", "badge": ""})
        assert (answer.json()["role"], answer.json()["badge"]) == ("operator", None)
        clock.advance(1)
        assert (await engineer.get(ME)).json()["role"] == "operator"
        assert (await admin.patch(f"{ACCOUNTS}/engineer", json={"disabled": True})).status_code == 200
        clock.advance(1)
        assert (await engineer.get(ME)).status_code == 401


async def test_an_admin_signs_somebody_out_everywhere(
    app: FastAPI, admin: httpx.AsyncClient, clock: FakeClock
) -> None:
    async with visitor(app, "engineer") as engineer:
        assert (await engineer.get(ME)).status_code == 200
        assert (await admin.delete(f"{ACCOUNTS}/engineer/sessions")).status_code == 204
        clock.advance(1)
        assert (await engineer.get(ME)).status_code == 401
    assert (await admin.delete(f"{ACCOUNTS}/nobody/sessions")).status_code == 404


async def test_who_forgot_their_secret_gets_a_new_one_and_the_old_is_void(
    app: FastAPI, admin: httpx.AsyncClient
) -> None:
    given = (await admin.post(f"{ACCOUNTS}/engineer/secret")).json()
    async with visitor(app) as client:
        for old in ("engineer", "2580"):
            assert (await client.post(ME, json={"name": "engineer", "password": old})).status_code == 401
    async with visitor(app, "engineer", given["one_time_secret"]) as engineer:
        assert (await engineer.get(ME)).json()["must_change"] is True


async def test_a_name_and_a_badge_belong_to_one_person(admin: httpx.AsyncClient) -> None:
    await _make(admin, name="vera", role="engineer", badge="0042")
    for asked, code in (
        ({"name": "vera", "role": "operator"}, "NAME_TAKEN"),
        ({"name": "otto", "role": "operator", "badge": "0042"}, "BADGE_TAKEN"),
        ({"name": "otto", "role": "operator", "badge": "vera"}, "BADGE_TAKEN"),
    ):
        answer = await admin.post(ACCOUNTS, json=asked)
        assert (answer.status_code, answer.json()["code"]) == (409, code)
    answer = await admin.patch(f"{ACCOUNTS}/operator", json={"badge": "0042"})
    assert answer.json()["code"] == "BADGE_TAKEN"


@pytest.mark.parametrize("change", [{"disabled": True}, {"role": "engineer"}])
async def test_somebody_can_always_give_access(admin: httpx.AsyncClient, change: dict[str, object]) -> None:
    answer = await admin.patch(f"{ACCOUNTS}/admin", json=change)
    assert (answer.status_code, answer.json()["code"]) == (409, "LAST_ADMIN")
    await _make(admin, name="ida", role="admin")
    assert (await admin.patch(f"{ACCOUNTS}/admin", json=change)).status_code == 200


@pytest.mark.parametrize("name", ["", "  ", "a/b", "..", "a\0b", "x" * 101])
async def test_a_name_that_no_address_can_hold_is_refused(admin: httpx.AsyncClient, name: str) -> None:
    assert (await admin.post(ACCOUNTS, json={"name": name, "role": "operator"})).status_code == 422


async def test_what_changes_access_is_in_the_ledger(admin: httpx.AsyncClient, store: Store) -> None:
    from records.ledger import head, verify

    before = head(store.database).sequence
    await _make(admin, name="vera", role="engineer")
    await admin.patch(f"{ACCOUNTS}/vera", json={"role": "supervisor"})
    await admin.post(TOKENS, json={"title": "reports"})
    assert head(store.database).sequence == before + 3
    assert verify(store.database).broken_at is None


async def test_a_token_reads_and_does_nothing_else(
    anyone: httpx.AsyncClient, admin: httpx.AsyncClient, clock: FakeClock
) -> None:
    made = (await admin.post(TOKENS, json={"title": "Power BI"})).json()
    bearer = {"authorization": f"Bearer {made['text']}"}
    assert made["text"].startswith("jdk_")
    for path in ("/api/v1/inspections", "/api/v1/reports/defects", "/metrics"):
        assert (await anyone.get(path, headers=bearer)).status_code == 200, path
    assert (await anyone.get(ACCOUNTS, headers=bearer)).status_code == 403
    assert (
        await anyone.put("/api/v1/decisions/6f1c1f0e-4a38-4b8a-9d57-0d5b1f3b7a11", headers=bearer)
    ).status_code == 401
    listed = (await admin.get(TOKENS)).json()["items"]
    assert made["text"] not in str(listed)
    assert listed[0]["used_at"] is not None
    clock.advance(240)
    await anyone.get("/api/v1/inspections", headers=bearer)
    assert (await admin.get(TOKENS)).json()["items"][0]["used_at"] == listed[0]["used_at"]
    assert (await admin.delete(f"{TOKENS}/{made['token']['id']}")).status_code == 204
    refused = await anyone.get("/api/v1/inspections", headers=bearer)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert (await admin.delete(f"{TOKENS}/nothing")).status_code == 404


async def test_the_store_does_not_hold_a_token(admin: httpx.AsyncClient, store: Store) -> None:
    text = (await admin.post(TOKENS, json={"title": "Power BI"})).json()["text"]
    files = [file.read_bytes() for file in store.database.path.parent.glob("jidoka.db*")]
    assert not any(text.encode() in content or text[4:].encode() in content for content in files)
