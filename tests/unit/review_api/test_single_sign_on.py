"""Signing in with the plant: against a provider in a process of its own, and against one that lies."""

import base64
import hashlib
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from quality.plan import Role
from review_api.app import create_app
from review_api.clock import SystemClock
from review_api.sessions import COOKIE
from review_api.settings import ReviewSettings, SingleSignOn
from tests.unit.review_api.conftest import CHEAP, FakeClock, Store, visitor

ISSUER = "https://plant.example"
LEAVE = "/sign-in/plant"
BACK = "/sign-in/plant/back"
ME = "/api/v1/session"
PLANT = SingleSignOn(
    "Plant", ISSUER, "jidoka", "the-clients-secret", {"quality": Role.ENGINEER, "shop floor": Role.OPERATOR}
)

KEY = RSAKey.generate_key(2048, {"kid": "1"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "2"})


@dataclass
class FakeProvider:
    """A provider that answers as the tests want it to; `claims` go into the ID token over the right ones."""

    clock: FakeClock
    claims: dict[str, Any] = field(default_factory=dict)
    description: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    signs_with: RSAKey = field(default_factory=lambda: KEY)
    shows: RSAKey | None = None
    token_answer: tuple[int, dict[str, Any]] | None = None
    silent: bool = False
    challenge: str = ""
    nonce: str = ""
    asked: list[str] = field(default_factory=list)

    def transport(self) -> httpx2.MockTransport:
        return httpx2.MockTransport(self._answer)

    def sees(self, address: str) -> Mapping[str, str]:
        """What the browser brings to the provider."""
        brought = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        self.challenge, self.nonce = brought["code_challenge"], brought["nonce"]
        return brought

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        if self.silent:
            raise httpx2.ConnectError("no route to host")
        self.asked.append(request.url.path)
        if request.url.path == "/.well-known/openid-configuration":
            usual = {name: f"{ISSUER}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
            return httpx2.Response(200, json={"issuer": ISSUER, **usual, **self.description})
        if request.url.path == "/jwks_uri":
            shown = self.shows or self.signs_with
            return httpx2.Response(200, json=KeySet([shown]).as_dict(private=False))
        sent = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        assert request.headers["authorization"].startswith("Basic ")
        digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == self.challenge
        if self.token_answer is not None:
            status, content = self.token_answer
            return httpx2.Response(status, json=content)
        now = int(self.clock.now().timestamp())
        claims = {"iss": ISSUER, "aud": "jidoka", "sub": "7f3a", "iat": now, "exp": now + 300, "nonce": self.nonce}
        claims |= {"preferred_username": "vera", "name": "Vera Berg", "groups": ["quality"], **self.claims}
        header = {"alg": self.algorithm, "kid": self.signs_with.kid}
        token = jwt.encode(header, {k: v for k, v in claims.items() if v is not None}, self.signs_with)
        return httpx2.Response(200, json={"access_token": "a", "token_type": "Bearer", "id_token": token})


@pytest.fixture
def provider(clock: FakeClock) -> FakeProvider:
    return FakeProvider(clock)


@pytest.fixture
async def browser(
    settings: ReviewSettings, store: Store, clock: FakeClock, provider: FakeProvider
) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(
        replace(settings, single_sign_on=PLANT), store.review, clock, CHEAP, plant_transport=provider.transport()
    )
    async with visitor(app) as client:
        yield client


async def _round(browser: httpx.AsyncClient, provider: FakeProvider) -> httpx.Response:
    left = await browser.get(LEAVE, params={"next": "/cases?state=OPEN"})
    assert left.status_code == 303, left.text
    brought = provider.sees(left.headers["location"])
    return await browser.get(BACK, params={"code": "abc", "state": brought["state"]})


def _refusal(page: httpx.Response) -> str:
    """What the sign-in page says is the matter; and nobody is signed in."""
    assert COOKIE not in page.cookies
    found = re.search(r'role="alert">([^<]*)<', page.text)
    assert found is not None, page.text
    return found[1]


async def test_a_person_of_the_plant_comes_back_signed_in_with_their_role(
    browser: httpx.AsyncClient, provider: FakeProvider, store: Store
) -> None:
    left = await browser.get(LEAVE)
    brought = provider.sees(left.headers["location"])
    assert brought["redirect_uri"] == f"http://station{BACK}"
    assert (brought["response_type"], brought["code_challenge_method"]) == ("code", "S256")
    assert brought["scope"] == "openid profile"
    cookie = left.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    welcome = await _round(browser, provider)
    assert (welcome.status_code, welcome.headers["location"]) == (303, "/cases?state=OPEN")
    assert "samesite=lax" in welcome.headers["set-cookie"].lower()
    me = (await browser.get(ME)).json()
    assert (me["name"], me["display_name"], me["role"]) == ("vera", "Vera Berg", "engineer")
    account = store.review.account("vera")
    assert account is not None
    assert account.subject == f"{ISSUER} 7f3a"
    assert account.password_hash is account.pin_hash is None


async def test_the_role_follows_the_groups(browser: httpx.AsyncClient, provider: FakeProvider) -> None:
    await _round(browser, provider)
    provider.claims = {"groups": "shop floor", "preferred_username": "vera.b"}
    await _round(browser, provider)
    me = (await browser.get(ME)).json()
    assert (me["name"], me["role"]) == ("vera", "operator")


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"groups": ["canteen"]}, "Plant IT puts you into one of quality, shop floor."),
        ({"groups": []}, "Plant IT puts you into one of quality, shop floor."),
        ({"groups": None}, "its ID token has no claim groups. Plant IT adds it."),
        ({"preferred_username": "engineer"}, "There is a local account engineer."),
        ({"preferred_username": "\x00\x1b"}, "the claim preferred_username is empty"),
        ({"nonce": "another"}, "does not hold"),
        ({"nonce": None}, "does not hold"),
        ({"iss": "https://elsewhere.example"}, "does not hold"),
        ({"aud": "another-program"}, "does not hold"),
        ({"aud": ["jidoka", "other"], "azp": "other"}, "made for another program, other"),
        ({"exp": 1}, "set this machine&#39;s clock and the provider&#39;s by NTP"),
        ({"sub": None}, "does not hold"),
    ],
)
async def test_who_is_not_to_be_believed_or_has_no_account_is_told_so(
    browser: httpx.AsyncClient, provider: FakeProvider, claims: dict[str, Any], says: str
) -> None:
    provider.claims = claims
    page = await _round(browser, provider)
    assert page.status_code in {403, 502}
    assert says in _refusal(page)
    assert (await browser.get(ME)).status_code == 401


async def test_a_token_signed_by_another_key_is_refused(
    browser: httpx.AsyncClient, provider: FakeProvider
) -> None:
    provider.shows = RSAKey.import_key(OTHER_KEY.as_dict(private=True) | {"kid": "1"})
    assert "does not hold" in _refusal(await _round(browser, provider))


async def test_a_key_that_was_made_since_is_asked_for(browser: httpx.AsyncClient, provider: FakeProvider) -> None:
    await _round(browser, provider)
    provider.signs_with = OTHER_KEY
    assert (await _round(browser, provider)).status_code == 303
    assert provider.asked.count("/jwks_uri") == 2


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((400, {"error": "invalid_grant"}), "refused the code (invalid_grant)"),
        ((401, {"error": "invalid_client"}), "plant IT checks client_id, the client&#39;s secret"),
        ((200, {"access_token": "a", "token_type": "Bearer"}), "plant IT allows the scope openid"),
        ((200, {"access_token": "a", "token_type": "Bearer", "id_token": "no.token.at all"}), "does not hold"),
    ],
)
async def test_what_the_provider_answers_wrong_is_said_with_its_mend(
    browser: httpx.AsyncClient, provider: FakeProvider, answer: tuple[int, dict[str, Any]], says: str
) -> None:
    provider.token_answer = answer
    page = await _round(browser, provider)
    assert says in _refusal(page)
    assert PLANT.client_secret not in page.text


async def test_an_unsigned_token_is_refused(browser: httpx.AsyncClient, provider: FakeProvider) -> None:
    def part(content: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    now = int(provider.clock.now().timestamp())
    left = await browser.get(LEAVE)
    brought = provider.sees(left.headers["location"])
    claims = {"iss": ISSUER, "aud": "jidoka", "sub": "7f3a", "iat": now, "exp": now + 300, "nonce": provider.nonce}
    forged = f"{part({'alg': 'none'})}.{part({**claims, 'groups': ['quality']})}."
    provider.token_answer = (200, {"access_token": "a", "token_type": "Bearer", "id_token": forged})
    page = await browser.get(BACK, params={"code": "abc", "state": brought["state"]})
    assert "does not hold" in _refusal(page)


async def test_a_provider_that_does_not_answer_leaves_badge_and_pin(
    browser: httpx.AsyncClient, provider: FakeProvider
) -> None:
    provider.silent = True
    page = await browser.get(LEAVE)
    assert page.status_code == 502
    assert "Sign in with badge and PIN, and tell plant IT." in _refusal(page)
    assert (await browser.post(ME, json={"name": "engineer", "password": "2580"})).status_code == 200


async def test_a_provider_that_calls_itself_otherwise_is_named(
    browser: httpx.AsyncClient, provider: FakeProvider
) -> None:
    provider.description = {"issuer": "https://elsewhere.example"}
    assert "calls itself https://elsewhere.example" in _refusal(await browser.get(LEAVE))


async def test_who_declined_at_the_provider_is_told_so(browser: httpx.AsyncClient, provider: FakeProvider) -> None:
    left = await browser.get(LEAVE)
    state = provider.sees(left.headers["location"])["state"]
    page = await browser.get(BACK, params={"error": "access_denied", "state": state})
    assert "did not sign you in (access_denied)" in _refusal(page)


async def test_a_sign_in_that_another_browser_began_is_refused(
    browser: httpx.AsyncClient, provider: FakeProvider, clock: FakeClock
) -> None:
    left = await browser.get(LEAVE)
    state = provider.sees(left.headers["location"])["state"]
    for cookie in ("", "jidoka_plant=forged"):
        browser.cookies.clear()
        page = await browser.get(BACK, params={"code": "abc", "state": state}, headers={"cookie": cookie})
        assert "was begun elsewhere" in _refusal(page)
    await browser.get(LEAVE)
    assert "was begun elsewhere" in _refusal(await browser.get(BACK, params={"code": "abc", "state": state}))
    left = await browser.get(LEAVE)
    clock.advance(601)
    state = provider.sees(left.headers["location"])["state"]
    assert "was begun elsewhere" in _refusal(await browser.get(BACK, params={"code": "abc", "state": state}))


async def test_an_admin_says_that_a_local_account_is_the_plants_person(
    browser: httpx.AsyncClient, provider: FakeProvider
) -> None:
    answer = await browser.post(ME, json={"name": "admin", "password": "admin-access"})
    token = {"X-CSRF-Token": answer.json()["csrf"]}
    changed = await browser.patch("/api/v1/accounts/engineer", json={"by_plant": True}, headers=token)
    assert changed.json()["by_plant"] is True
    provider.claims = {"preferred_username": "engineer"}
    assert (await _round(browser, provider)).status_code == 303
    assert (await browser.get(ME)).json()["name"] == "engineer"
    provider.claims = {"preferred_username": "engineer", "sub": "somebody else"}
    assert "There is a local account engineer." in _refusal(await _round(browser, provider))


async def test_an_account_that_is_switched_off_stays_out(
    browser: httpx.AsyncClient, provider: FakeProvider, store: Store, clock: FakeClock
) -> None:
    await _round(browser, provider)
    store.review.access.change("vera", "disabled", lambda a: replace(a, disabled=True), "admin", clock.now())
    assert "switched off" in _refusal(await _round(browser, provider))


async def test_without_a_provider_there_is_no_such_way_in(anyone: httpx.AsyncClient) -> None:
    assert (await anyone.get(LEAVE)).status_code == 404
    assert (await anyone.get(BACK)).status_code == 404
    assert "Sign in with the plant" not in (await anyone.get("/sign-in")).text


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def real_provider() -> Iterator[str]:
    """An OpenID provider that we did not write, in a process of its own."""
    port = _free_port()
    process = subprocess.Popen(
        [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "oidc_provider_mock",
            "--port",
            str(port),
            "--require-nonce",
            "true",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    issuer = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            httpx.get(issuer)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            break
    yield issuer
    process.kill()
    process.wait()


async def _at(provider: str, method: str, address: str, **sent: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=provider, timeout=30) as client:
        return await client.request(method, address, **sent)


@asynccontextmanager
async def _station(settings: ReviewSettings, store: Store, issuer: str) -> AsyncIterator[httpx.AsyncClient]:
    plant = replace(PLANT, issuer=issuer, name_claim="email")
    async with visitor(
        create_app(replace(settings, single_sign_on=plant), store.review, SystemClock(), CHEAP)
    ) as one:
        yield one


@pytest.mark.parametrize(("groups", "role"), [(["quality"], "engineer"), (["canteen"], None)])
async def test_against_a_provider_that_we_did_not_write(
    settings: ReviewSettings, store: Store, real_provider: str, groups: list[str], role: str | None
) -> None:
    name = f"{'-'.join(groups)}@plant.example"
    await _at(real_provider, "PUT", f"/users/{name}", json={"email": name, "groups": groups})
    async with _station(settings, store, real_provider) as browser:
        left = await browser.get(LEAVE)
        granted = await _at(real_provider, "POST", left.headers["location"], data={"sub": name})
        back = urlsplit(granted.headers["location"])
        assert back.path == BACK
        arrived = await browser.get(f"{back.path}?{back.query}")
        if role is None:
            assert "none of your groups has a role on this line" in _refusal(arrived)
            return
        assert arrived.status_code == 303, arrived.text
        assert (await browser.get(ME)).json()["role"] == role
        # The code was for once.
        again = await browser.get(f"{back.path}?{back.query}")
        assert again.status_code == 403


async def test_who_declines_there_is_told_so_here(
    settings: ReviewSettings, store: Store, real_provider: str
) -> None:
    async with _station(settings, store, real_provider) as browser:
        left = await browser.get(LEAVE)
        answer = await _at(real_provider, "POST", left.headers["location"], data={"action": "deny"})
        denied = urlsplit(answer.headers["location"])
        page = await browser.get(f"{denied.path}?{denied.query}")
        assert page.status_code == 403
