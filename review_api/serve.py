"""Serves the review station over HTTP until it is told to end."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn

from records.review_records import ReviewRecords
from review_api.app import create_app
from review_api.collaborators import Collaborators
from review_api.feed import Feed
from review_api.settings import ReviewSettings
from review_api.tls import server_context

MOST_CONNECTIONS = 500
KEEP_ALIVE_S = 30
ENDS_WITHIN_S = 2


class StationFailed(Exception):  # noqa: N818 - the process ends by it and is started anew
    """The station can no longer do its work; its supervisor starts it anew."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, feed: Feed) -> None:
        super().__init__(config)
        self._feed = feed

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._feed.failed

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Live streams never end by themselves; ended here, they do not hold the process for ENDS_WITHIN_S.
        self._feed.close()
        await super().shutdown(sockets)


@contextmanager
def _signals_end_here() -> Iterator[None]:
    """Uvicorn raises the signal that ended it once more, for the handlers from before; with these, that is all."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def serve(settings: ReviewSettings, records: ReviewRecords) -> None:
    """Serves on the settings' host and port; returns after SIGTERM or SIGINT.

    Raises StationFailed when the live feed failed, CertificateFault when review.tls cannot be used, SystemExit
    when the port cannot be had.
    """
    tls = None if settings.tls is None else server_context(settings.tls)
    app = create_app(settings, records)
    station: Collaborators = app.state.collaborators
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=ENDS_WITHIN_S,
        ssl_context_factory=None if tls is None else lambda *_: tls,
    )
    structlog.get_logger("review").info(
        "review station", line=settings.line, host=settings.host, port=settings.port
    )
    with _signals_end_here():
        _Server(config, station.feed).run()
    if station.feed.failed:
        raise StationFailed("The live feed ended; the log says why. It begins anew with the process.")
