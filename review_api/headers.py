"""Security headers on every answer, as plain ASGI so that streams are not buffered."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self';"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
WITH_CAMERA = {"permissions-policy": SECURITY_HEADERS["permissions-policy"].replace("camera=()", "camera=(self)")}
"""For the one page that scans with the tablet's camera."""
BY_TLS_FOR = (b"strict-transport-security", b"max-age=2592000")
"""Thirty days; whoever ends TLS before the station says it for themselves."""
RAW_HEADERS = tuple((name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items())


class SecurityHeaders:
    """Adds those of the headers above that a route does not say itself; and where it says nothing about caching,
    that nothing be kept.

    What carries an entity tag may be kept and has to be asked for again (304 is cheap).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request with them."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                told = {name for name, _ in headers}
                headers.extend((name, value) for name, value in RAW_HEADERS if name not in told)
                if scope["scheme"] == "https":
                    headers.append(BY_TLS_FOR)
                names = {name for name, _ in headers}
                if b"cache-control" not in names:
                    headers.append((b"cache-control", b"no-cache" if b"etag" in names else b"no-store"))
            await send(message)

        await self._app(scope, receive, send_with_headers)
