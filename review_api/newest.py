"""Pages of the inspections, kept as they were sent until the store changes."""

import asyncio
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from records.review_records import ReviewRecords
from records.views import Filter
from review_api.sessions import Sessions

PATH = "/api/v1/inspections"
REMEMBERED = 64

Question = tuple[Filter, int | None, int]
"""What `ReviewRecords.inspections_json` is asked: filter, id to go on below, rows."""


class NewestPages:
    """Answers the same question once for everybody who asks it between two changes of the store.

    Questions are known by the query string that asked them, so that a known one need not be read again.
    """

    def __init__(self, records: ReviewRecords, seal: Callable[[int | None], str | None]) -> None:
        self._records = records
        self._seal = seal
        self._version: int | None = None
        self._questions: dict[bytes, Question] = {}
        self._pages: dict[bytes, asyncio.Task[bytes]] = {}

    async def page(self, asked: bytes, question: Question) -> bytes:
        """The page as JSON: `{"items": [...], "next": cursor or null}`; `asked` is its query string."""
        if len(self._questions) >= REMEMBERED:
            self._questions.clear()
            self._pages.clear()
        self._questions[asked] = question
        return await self._answer(asked, question)

    async def known_page(self, asked: bytes) -> bytes | None:
        """The page for a query string that was asked before, or None."""
        question = self._questions.get(asked)
        return None if question is None else await self._answer(asked, question)

    async def _answer(self, asked: bytes, question: Question) -> bytes:
        version = self._records.changed()
        if version != self._version:
            self._pages.clear()
            self._version = version
        page = self._pages.get(asked)
        if page is None or _has_failed(page):
            page = asyncio.create_task(self._read(*question))
            self._pages[asked] = page
        # Many wait for one reading; one of them going away must not take it from the others.
        return page.result() if page.done() else await asyncio.shield(page)

    async def _read(self, wanted: Filter, below: int | None, limit: int) -> bytes:
        page = await run_in_threadpool(self._records.inspections_json, wanted, below, limit)
        cursor = self._seal(page.next_below)
        following = b"null" if cursor is None else b'"%s"' % cursor.encode()
        return b'{"items":%s,"next":%s}' % (page.rows, following)


class Shortcut:
    """Answers a known question of a signed-in browser without the way through routes and models.

    Whatever is not that plain goes the ordinary way. The route lets every role in, so a session is enough here.
    """

    def __init__(self, app: ASGIApp, newest: NewestPages, sessions: Sessions) -> None:
        self._app = app
        self._newest = newest
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        page = None
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "GET":
            page = await self._page(scope)
        if page is None:
            await self._app(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(page))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": page})

    async def _page(self, scope: Scope) -> bytes | None:
        cookies = next((value for name, value in scope["headers"] if name == b"cookie"), b"")
        cookie = cookie_parser(cookies.decode("latin-1")).get(self._sessions.cookie)
        session = None if cookie is None else await self._sessions.verify(cookie)
        if session is None or session.person.must_change:
            return None
        return await self._newest.known_page(scope["query_string"])


def _has_failed(page: asyncio.Task[bytes]) -> bool:
    return page.done() and (page.cancelled() or page.exception() is not None)
