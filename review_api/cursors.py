"""Cursors: where a listing goes on, opaque and signed, so that nobody builds on what is inside."""

import base64
import hashlib

from itsdangerous import BadSignature, Signer

from quality.saying import saying
from review_api.problems import Problem


class Cursors:
    """Seals the place where a listing goes on, and opens it again."""

    def __init__(self, secret: bytes) -> None:
        self._signer = Signer(secret, salt=b"jidoka cursor", key_derivation="hmac", digest_method=hashlib.sha256)

    def seal(self, listing: str, below: int | None) -> str | None:
        """The cursor for the rows below that id, or None at the end."""
        if below is None:
            return None
        return base64.urlsafe_b64encode(self._signer.sign(f"{listing}:{below}")).decode().rstrip("=")

    def open(self, listing: str, cursor: str | None) -> int | None:
        """The id to go on below. Raises Problem 422 BAD_CURSOR when it is not a cursor of this listing."""
        if cursor is None:
            return None
        try:
            signed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            kind, _, below = self._signer.unsign(signed).decode().partition(":")
        except (ValueError, BadSignature):
            kind, below = "", ""
        if kind != listing:
            raise Problem(
                422,
                "BAD_CURSOR",
                saying("This is no cursor of {listing}; start again without one.", listing=listing),
            )
        return int(below)
