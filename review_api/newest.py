"""Pages of the inspections, kept as they were sent until the store changes."""

import asyncio
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from records.review_records import ReviewRecords
from records.views import Filter
from review_api.sessions import COOKIE, Sessions

PATH = "/api/v1/inspections"
REMEMBERED = 64


class NewestPages:
    """Answers the same question once for everybody who asks it between two changes of the store."""

    def __init__(self, records: ReviewRecords, seal: Callable[[int | None], str | None]) -> None:
        self._records = records
        self._seal = seal
        self._version: int | None = None
        self._pages: dict[bytes, asyncio.Task[bytes]] = {}

    def ready(self, asked: bytes) -> bytes | None:
        """The page for that query string, as JSON, when it was read since the store last changed."""
        self._forget_what_changed()
        page = self._pages.get(asked)
        return page.result() if page is not None and page.done() and _is_good(page) else None

    async def page(self, asked: bytes, wanted: Filter, below: int | None, limit: int) -> bytes:
        """The page as JSON: `{"items": [...], "next": cursor or null}`; `asked` is its query string."""
        self._forget_what_changed()
        page = self._pages.get(asked)
        if page is None or (page.done() and not _is_good(page)):
            if len(self._pages) >= REMEMBERED:
                self._pages.clear()
            page = asyncio.create_task(self._read(wanted, below, limit))
            self._pages[asked] = page
        # Many wait for one reading; one of them going away must not take it from the others.
        return await asyncio.shield(page)

    async def _read(self, wanted: Filter, below: int | None, limit: int) -> bytes:
        page = await run_in_threadpool(self._records.inspections_json, wanted, below, limit)
        cursor = self._seal(page.next_below)
        following = b"null" if cursor is None else b'"%s"' % cursor.encode()
        return b'{"items":%s,"next":%s}' % (page.rows, following)

    def _forget_what_changed(self) -> None:
        version = self._records.changed()
        if version != self._version:
            self._pages.clear()
            self._version = version


class Shortcut:
    """Sends a page that is ready to a session verified a moment ago, without the way through routes and models.

    Whatever is not that plain goes the ordinary way. The route lets every role in, so a session is enough here.
    """

    def __init__(self, app: ASGIApp, newest: NewestPages, sessions: Sessions) -> None:
        self._app = app
        self._newest = newest
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        page = self._page(scope) if scope["type"] == "http" and scope["path"] == PATH else None
        if page is None:
            await self._app(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(page))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": page})

    def _page(self, scope: Scope) -> bytes | None:
        if scope["method"] != "GET":
            return None
        cookies = next((value for name, value in scope["headers"] if name == b"cookie"), b"")
        cookie = cookie_parser(cookies.decode("latin-1")).get(COOKIE, "")
        if self._sessions.remembered(cookie) is None:
            return None
        return self._newest.ready(scope["query_string"])


def _is_good(page: asyncio.Task[bytes]) -> bool:
    return not page.cancelled() and page.exception() is None
