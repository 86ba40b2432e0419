"""Tokens of programs: plant IT reads with them, and with nothing else of anybody's."""

import contextlib
import hashlib
import hmac
import secrets
from datetime import timedelta

from starlette.concurrency import run_in_threadpool

from quality.plan import Role
from quality.ports import Clock, StoreError
from quality.saying import saying
from records.review_records import ReviewRecords
from records.views import Token
from review_api.accounts import Person
from review_api.problems import NOT_SIGNED_IN, Problem

PREFIX = "jdk_"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="jidoka"'}
NOTED_EVERY = timedelta(minutes=5)
"""How finely the last use is known; each time costs a write."""


class Tokens:
    """Makes and recognises tokens.

    A token is 256 random bits and shown once; the store keeps its HMAC-SHA256 under the station's secret. What is
    random needs no slow hash, and what is looked up by its digest no comparison.
    """

    def __init__(self, secret: bytes, records: ReviewRecords, clock: Clock) -> None:
        self._secret = secret
        self._records = records
        self._clock = clock

    def make(self, title: str, by: str) -> tuple[Token, str]:
        """A new token, and its text, which nobody can be shown again."""
        text = PREFIX + secrets.token_urlsafe(32)
        token = Token(secrets.token_hex(4), title, by, self._clock.now())
        self._records.access.add_token(token, self._digest(text))
        return token, text

    async def prove(self, text: str) -> Person:
        """The program that holds the token, with the role it. Raises Problem 401 NOT_SIGNED_IN."""
        token = await run_in_threadpool(self._records.access.token, self._digest(text))
        if token is None:
            raise Problem(401, NOT_SIGNED_IN, saying("No such token; an admin makes one."), CHALLENGE)
        if token.revoked_at is not None:
            raise Problem(
                401,
                NOT_SIGNED_IN,
                saying("The token {id} was revoked; an admin makes a new one.", id=token.id),
                CHALLENGE,
            )
        now = self._clock.now()
        if token.used_at is None or now - token.used_at >= NOTED_EVERY:
            # A full disk must not keep anybody from reading.
            with contextlib.suppress(StoreError):
                await run_in_threadpool(self._records.access.token_used, token.id, now)
        return Person(f"token {token.id}", token.title, Role.IT)

    def _digest(self, text: str) -> bytes:
        return hmac.new(self._secret, b"token\0" + text.encode(), hashlib.sha256).digest()
