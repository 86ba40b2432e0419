"""Signed-in sessions: a signed cookie that the browser keeps, checked against the account each time."""

import asyncio
import contextlib
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from quality.ports import Clock, StoreError
from records.review_records import ReviewRecords
from records.views import Account
from review_api.accounts import Person, person_of
from review_api.stamp import Stamp

COOKIE = "jidoka_session"
LASTS_S = 12 * 3600
VERIFIED_FOR_S = 1.0
REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Session:
    """A person's session in one browser. `csrf` has to come with every request that changes something."""

    person: Person
    csrf: str


class Sessions:
    """Opens, checks and ends sessions.

    A session lasts `LASTS_S`, and ends earlier when nobody has touched the tablet for `idle_s`, when the account
    goes, is switched off or signed out everywhere, its PIN or password changes, or the person signs out. What was
    verified is believed for `VERIFIED_FOR_S`, so that a page full of requests costs one look-up; that is also how
    long it takes until a session that was ended elsewhere is refused.

    After a restart a session counts as touched when the station started. `lax` is for stations that a provider of
    single sign-on sends people back to: a browser keeps strict cookies to itself on that way.
    """

    def __init__(
        self,
        secret: bytes,
        records: ReviewRecords,
        clock: Clock,
        *,
        secure: bool,
        idle_s: float,
        lax: bool = False,
    ) -> None:
        self._secret = secret
        self._records = records
        self._clock = clock
        self._secure = secure
        self._same_site: Literal["lax", "strict"] = "lax" if lax else "strict"
        self.idle_s = idle_s
        self.cookie = f"__Host-{COOKIE}" if secure else COOKIE
        self._stamp = Stamp(secret, clock, "session")
        self._verified: dict[str, tuple[Session, float]] = {}
        self._looking: dict[str, asyncio.Task[Session | None]] = {}
        self._started = clock.monotonic()
        self._touched: dict[str, float] = {}
        self._ended = records.access.ended_sessions()

    def open(self, account: Account, response: Response) -> Session:
        """A new session, its cookie set on the response."""
        nonce = secrets.token_urlsafe(16)
        cookie = self._stamp.seal([nonce, account.name, self._fingerprint(account)])
        response.set_cookie(
            self.cookie,
            cookie,
            max_age=LASTS_S,
            httponly=True,
            samesite=self._same_site,
            secure=self._secure,
            path="/",
        )
        session = Session(person_of(account), self._csrf(nonce))
        self._touch(session)
        return session

    async def verify(self, cookie: str, *, touched: bool = False) -> Session | None:
        """The session of that cookie, or None when it is forged, over or its account is gone.

        `touched` says that a person has just done something; what a page asks by itself keeps no session alive.
        """
        session, until = self._verified.get(cookie, (None, 0.0))
        if self._clock.monotonic() >= until:
            session = await self._look_up_once(cookie)
        if session is not None and touched:
            self._touch(session)
        return session

    async def end(self, cookie: str | None, response: Response) -> None:
        """Ends the session: the cookie is taken back, and refused if it is shown again, also after a restart."""
        response.delete_cookie(self.cookie, path="/", httponly=True, samesite=self._same_site, secure=self._secure)
        opened = self._read(cookie) if cookie else None
        if cookie is None or opened is None:
            return
        self._verified.pop(cookie, None)
        now = self._clock.now()
        until = now + timedelta(seconds=LASTS_S)
        self._ended = {nonce: end for nonce, end in self._ended.items() if end > now} | {opened[0]: until}
        # A store that cannot write must not keep anybody signed in: until a restart, this process knows it too.
        with contextlib.suppress(StoreError):
            await run_in_threadpool(self._records.access.end_session, opened[0], until, now)

    def forget(self, name: str) -> None:
        """Looks the account up again at its next request, because it was just changed."""
        self._verified = {c: (s, until) for c, (s, until) in self._verified.items() if s.person.name != name}

    async def _look_up_once(self, cookie: str) -> Session | None:
        looking = self._looking.get(cookie)
        if looking is None:
            looking = asyncio.create_task(self._look_up(cookie))
            looking.add_done_callback(lambda _: self._looking.pop(cookie, None))
            self._looking[cookie] = looking
        # A page asks for many things at once; they share one look-up, and none takes it away from the others.
        return await asyncio.shield(looking)

    async def _look_up(self, cookie: str) -> Session | None:
        opened = self._read(cookie)
        if opened is None:
            return None
        nonce, name, fingerprint = opened
        account = await run_in_threadpool(self._records.account, name)
        if account is None or account.disabled:
            return None
        if not hmac.compare_digest(fingerprint, self._fingerprint(account)):
            return None
        session = Session(person_of(account), self._csrf(nonce))
        now = self._clock.monotonic()
        if nonce in self._ended or now - self._touched.get(session.csrf, self._started) > self.idle_s:
            return None
        if len(self._verified) >= REMEMBERED:
            self._verified.clear()
        self._verified[cookie] = (session, now + VERIFIED_FOR_S)
        return session

    def _touch(self, session: Session) -> None:
        now = self._clock.monotonic()
        if len(self._touched) >= REMEMBERED:
            # Those left out are over, and stay so: they were last touched after the start.
            self._touched = {csrf: at for csrf, at in self._touched.items() if now - at <= self.idle_s}
        self._touched[session.csrf] = now

    def _read(self, cookie: str) -> tuple[str, str, str] | None:
        content = self._stamp.read(cookie, LASTS_S)
        if content is None:
            return None
        nonce, name, fingerprint = content
        return nonce, name, fingerprint

    def _csrf(self, nonce: str) -> str:
        return self._mac("csrf", nonce)

    def _fingerprint(self, account: Account) -> str:
        return self._mac("account", f"{account.password_hash}\0{account.pin_hash}\0{account.epoch}")

    def _mac(self, purpose: str, value: str) -> str:
        return hmac.new(self._secret, f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()[:32]
