"""Devices that somebody has signed in on: each carries a signed cookie that says only that, and which it is."""

import hashlib
import hmac
import secrets
from ipaddress import IPv6Address, ip_address

from starlette.requests import HTTPConnection
from starlette.responses import Response

from review_api.tries import Device

COOKIE = "jidoka_device"
LASTS_S = 365 * 24 * 3600
_IPV6_SITE = 64


class Devices:
    """Recognises a device by its cookie, else by the address it comes from (of IPv6 the network's half)."""

    def __init__(self, secret: bytes, *, secure: bool) -> None:
        self._secret = secret
        self._secure = secure
        self.cookie = f"__Host-{COOKIE}" if secure else COOKIE

    def of(self, request: HTTPConnection) -> Device:
        """The device that a request comes from."""
        name, _, mac = request.cookies.get(self.cookie, "").partition(".")
        if name and hmac.compare_digest(mac.encode(), self._mac(name).encode()):
            return Device(f"device {name}", known=True)
        return Device(f"address {_site(request.client.host if request.client else '')}", known=False)

    def remember(self, request: HTTPConnection, response: Response) -> None:
        """Gives a device its cookie, because somebody has signed in on it."""
        if self.of(request).known:
            return
        name = secrets.token_urlsafe(12)
        response.set_cookie(
            self.cookie,
            f"{name}.{self._mac(name)}",
            max_age=LASTS_S,
            httponly=True,
            samesite="strict",
            secure=self._secure,
            path="/",
        )

    def _mac(self, name: str) -> str:
        return hmac.new(self._secret, f"device\0{name}".encode(), hashlib.sha256).hexdigest()[:32]


def _site(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(IPv6Address(int(address) >> _IPV6_SITE << _IPV6_SITE))
    return str(address)
