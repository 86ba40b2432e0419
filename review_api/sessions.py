"""Signed-in sessions: a signed cookie that the browser keeps, checked against the account each time."""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass

from itsdangerous import BadSignature, TimestampSigner
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from quality.ports import Clock
from records.review_records import ReviewRecords
from records.views import Account
from review_api.accounts import Person, person_of

COOKIE = "jidoka_session"
LASTS_S = 12 * 3600
VERIFIED_FOR_S = 1.0
REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Session:
    """A person's session in one browser. `csrf` has to come with every request that changes something."""

    person: Person
    csrf: str


class _Stamp(TimestampSigner):
    """Signs with the time of the station's clock."""

    def __init__(self, secret: bytes, clock: Clock) -> None:
        super().__init__(secret, salt=b"jidoka session", key_derivation="hmac", digest_method=hashlib.sha256)
        self._clock = clock

    def get_timestamp(self) -> int:
        """Seconds since 1970 by the station's clock."""
        return int(self._clock.now().timestamp())


class Sessions:
    """Opens, checks and ends sessions.

    A session lasts `LASTS_S`, and ends earlier when the account goes, its password changes, or the person signs
    out. What was verified is believed for `VERIFIED_FOR_S`, so that a page full of requests costs one look-up.
    """

    def __init__(self, secret: bytes, records: ReviewRecords, clock: Clock, *, secure: bool) -> None:
        self._secret = secret
        self._records = records
        self._clock = clock
        self._secure = secure
        self._stamp = _Stamp(secret, clock)
        self._verified: dict[str, tuple[Session, float]] = {}
        self._looking: dict[str, asyncio.Task[Session | None]] = {}
        self._ended: dict[str, float] = {}

    def open(self, account: Account, response: Response) -> Session:
        """A new session, its cookie set on the response."""
        nonce = secrets.token_urlsafe(16)
        content = json.dumps([nonce, account.name, self._fingerprint(account)]).encode()
        cookie = self._stamp.sign(base64.urlsafe_b64encode(content)).decode()
        response.set_cookie(
            COOKIE, cookie, max_age=LASTS_S, httponly=True, samesite="lax", secure=self._secure, path="/"
        )
        return Session(person_of(account), self._csrf(nonce))

    async def verify(self, cookie: str) -> Session | None:
        """The session of that cookie, or None when it is forged, over or its account is gone."""
        session, until = self._verified.get(cookie, (None, 0.0))
        if self._clock.monotonic() < until:
            return session
        looking = self._looking.get(cookie)
        if looking is None:
            looking = asyncio.create_task(self._look_up(cookie))
            looking.add_done_callback(lambda _: self._looking.pop(cookie, None))
            self._looking[cookie] = looking
        # A page asks for many things at once; they share one look-up, and none takes it away from the others.
        return await asyncio.shield(looking)

    def end(self, cookie: str | None, response: Response) -> None:
        """Ends the session: the cookie is taken back, and refused if it is shown again."""
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=self._secure)
        opened = self._read(cookie) if cookie else None
        if cookie is None or opened is None:
            return
        self._verified.pop(cookie, None)
        now = self._clock.monotonic()
        self._ended = {nonce: until for nonce, until in self._ended.items() if until > now}
        self._ended[opened[0]] = now + LASTS_S

    def forget(self, name: str) -> None:
        """Looks the account up again at its next request, because it was just changed."""
        self._verified = {c: (s, until) for c, (s, until) in self._verified.items() if s.person.name != name}

    async def _look_up(self, cookie: str) -> Session | None:
        opened = self._read(cookie)
        if opened is None:
            return None
        nonce, name, fingerprint = opened
        account = await run_in_threadpool(self._records.account, name)
        if account is None or not hmac.compare_digest(fingerprint, self._fingerprint(account)):
            return None
        if nonce in self._ended:
            return None
        session = Session(person_of(account), self._csrf(nonce))
        if len(self._verified) >= REMEMBERED:
            self._verified.clear()
        self._verified[cookie] = (session, self._clock.monotonic() + VERIFIED_FOR_S)
        return session

    def _read(self, cookie: str) -> tuple[str, str, str] | None:
        try:
            signed = self._stamp.unsign(cookie, max_age=LASTS_S)
        except BadSignature:
            return None
        nonce, name, fingerprint = json.loads(base64.urlsafe_b64decode(signed))
        return nonce, name, fingerprint

    def _csrf(self, nonce: str) -> str:
        return self._mac("csrf", nonce)

    def _fingerprint(self, account: Account) -> str:
        return self._mac("password", account.password_hash)

    def _mac(self, purpose: str, value: str) -> str:
        return hmac.new(self._secret, f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()[:32]
