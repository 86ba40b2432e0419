"""The toggle between the languages; a shared tablet speaks as the last person on it chose."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from review_api.access import refuse_other_origins
from review_api.collaborators import Handed
from review_api.language import LANGUAGE_COOKIE
from review_api.pages.visit import inside

router = APIRouter()

KEPT_FOR_S = 365 * 24 * 3600


@router.post("/language")
def speak(
    request: Request,
    station: Handed,
    code: Annotated[Literal["en", "ja"], Form()],
    next: Annotated[str, Form()] = "/line",  # noqa: A002 - the field's own name
) -> Response:
    """Keeps the language in a cookie and goes back to the page that asked."""
    refuse_other_origins(request)
    back = RedirectResponse(inside(next), status_code=303)
    back.set_cookie(
        LANGUAGE_COOKIE,
        code,
        max_age=KEPT_FOR_S,
        httponly=True,
        samesite="lax",
        secure=station.settings.secure,
        path="/",
    )
    return back
