"""Pages of the inspections, kept as they were sent until the store changes."""

import asyncio
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool

from records.review_records import ReviewRecords
from records.views import Filter, JsonPage

REMEMBERED = 64

Query = tuple[Filter, int | None, int]


class NewestPages:
    """Answers the same question once for everybody who asks between two changes of the store."""

    def __init__(self, records: ReviewRecords, seal: Callable[[int | None], str | None]) -> None:
        self._records = records
        self._seal = seal
        self._version: int | None = None
        self._pages: dict[Query, asyncio.Task[bytes]] = {}

    async def page(self, query: Query) -> bytes:
        """The page as JSON: `{"items": [...], "next": cursor or null}`."""
        version = self._records.changed()
        if version != self._version or len(self._pages) >= REMEMBERED:
            self._pages.clear()
            self._version = version
        task = self._pages.get(query)
        if task is None:
            task = asyncio.create_task(self._read(query))
            self._pages[query] = task
            task.add_done_callback(lambda done: self._forget_failed(query, done))
        # Many wait for one reading; one of them going away must not take it from the others.
        return await asyncio.shield(task)

    async def _read(self, query: Query) -> bytes:
        page: JsonPage = await run_in_threadpool(self._records.inspections_json, *query)
        cursor = self._seal(page.next_below)
        following = b"null" if cursor is None else b'"%s"' % cursor.encode()
        return b'{"items":%s,"next":%s}' % (page.rows, following)

    def _forget_failed(self, query: Query, done: asyncio.Task[bytes]) -> None:
        failed = done.cancelled() or done.exception() is not None
        if failed and self._pages.get(query) is done:
            del self._pages[query]
