"""Values that a browser keeps for us: signed, and dated by the station's clock."""

import base64
import hashlib
import json
from typing import Any

from itsdangerous import BadSignature, TimestampSigner

from quality.ports import Clock


class Stamp(TimestampSigner):
    """Seals plain values under the station's secret for one purpose, and reads what it has sealed.

    What is sealed can be read by who holds it; it cannot be made or changed.
    """

    def __init__(self, secret: bytes, clock: Clock, purpose: str) -> None:
        salt = f"jidoka {purpose}".encode()
        super().__init__(secret, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256)
        self._clock = clock

    def get_timestamp(self) -> int:
        """Seconds since 1970 by the station's clock."""
        return int(self._clock.now().timestamp())

    def seal(self, content: list[str]) -> str:
        """The values as text for a cookie."""
        return self.sign(base64.urlsafe_b64encode(json.dumps(content).encode())).decode()

    def read(self, sealed: str, lasts_s: int) -> list[Any] | None:
        """What was sealed, or None when it is forged, another purpose's or older than that."""
        try:
            signed = self.unsign(sealed, max_age=lasts_s)
        except BadSignature:
            return None
        content: list[Any] = json.loads(base64.urlsafe_b64decode(signed))
        return content
