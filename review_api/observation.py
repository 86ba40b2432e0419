"""Every request is counted, and one that changes something leaves one line in the log; never what was in it."""

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quality.ports import Clock
from review_api.access import SAFE_METHODS
from review_api.accounts import Person
from review_api.metrics import Metrics


class Observation:
    """Plain ASGI, so that streams are not buffered."""

    def __init__(self, app: ASGIApp, metrics: Metrics, clock: Clock) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock
        self._log = structlog.get_logger("review")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request under observation."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        began = self._clock.monotonic()

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_observed)
        finally:
            method = scope["method"]
            self._metrics.served(method, status)
            if method not in SAFE_METHODS:
                person: Person | None = scope.get("state", {}).get("person")
                self._log.info(
                    "request",
                    method=method,
                    path=scope["path"],
                    status=status,
                    person=None if person is None else person.name,
                    milliseconds=round((self._clock.monotonic() - began) * 1000, 1),
                )
