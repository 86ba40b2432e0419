"""No request body above a limit is read, and the refusal is a problem like every other."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from review_api.problems import problem_response

TOO_LARGE = 413


class BodyLimit:
    """Refuses bodies over `most` bytes: at once when they say their length, else as soon as they pass it."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request within the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        detail = f"A request body may have {self._most} bytes."
        said = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not said.isdigit() or int(said) > self._most:
            await problem_response(scope["path"], TOO_LARGE, "TOO_LARGE", detail)(scope, receive, send)
            return
        size = 0

        async def receive_within_limit() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._most:
                raise HTTPException(TOO_LARGE, detail)
            return message

        await self._app(scope, receive_within_limit, send)
