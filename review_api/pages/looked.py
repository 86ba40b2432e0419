"""When a person last looked at the queue on this tablet, so that it can be said what has changed since."""

import hashlib
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

KEPT_FOR_S = 7 * 24 * 3600


def last_looked(request: Request, person: str) -> datetime | None:
    """When they opened the queue last, or None when this tablet does not know."""
    try:
        at = datetime.fromisoformat(request.cookies.get(_cookie(person), ""))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def has_looked(response: Response, person: str, at: datetime, *, secure: bool) -> None:
    """Remembers that they look at it now."""
    response.set_cookie(
        _cookie(person),
        at.isoformat(),
        max_age=KEPT_FOR_S,
        httponly=True,
        samesite="strict",
        secure=secure,
        path="/cases",
    )


def _cookie(person: str) -> str:
    """A name of its own for each person, whatever characters their name has."""
    return f"jidoka_looked_{hashlib.sha256(person.encode()).hexdigest()[:12]}"
