"""One's own account: the PIN or password changed, and signing out on every tablet."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from quality.saying import saying
from review_api.access import EVERYONE, allowed, csrf_token
from review_api.accounts import Person
from review_api.api.session import change_secret, sign_out
from review_api.collaborators import Collaborators, Handed, Spoken
from review_api.credentials import PIN_ROLES
from review_api.language import Language
from review_api.pages.drawing import TEMPLATES
from review_api.pages.words import line_title
from review_api.problems import Problem

router = APIRouter(prefix="/me")
Somebody = Annotated[Person, Depends(allowed(*EVERYONE, to_begin=True))]
Typed = Annotated[str, Form(max_length=1000)]


@router.get("")
def own_account(request: Request, station: Handed, person: Somebody, language: Spoken) -> Response:
    """The page of one's own account."""
    return _page(request, station, person, language)


@router.post("/secret")
async def new_secret(
    request: Request,
    station: Handed,
    person: Somebody,
    language: Spoken,
    old: Typed = "",
    new: Typed = "",
    again: Typed = "",
) -> Response:
    """Changes the PIN or password, and goes to the line."""
    problem = None
    done = RedirectResponse("/line", status_code=303)
    if new != again:
        problem = Problem(422, "UNFIT", saying("The two new ones differ; type them again."))
    else:
        try:
            await change_secret(request, done, station, person, old, new)
        except Problem as refused:
            problem = refused
    if problem is None:
        return done
    return await run_in_threadpool(_page, request, station, person, language, problem)


@router.post("/sign-out-everywhere")
async def leave_everywhere(request: Request, station: Handed, person: Somebody) -> Response:
    """Ends every session of one's own."""
    farewell = RedirectResponse("/sign-in", status_code=303)
    await sign_out(request, farewell, station, person, everywhere=True)
    return farewell


def _page(
    request: Request,
    station: Collaborators,
    person: Person,
    language: Language,
    problem: Problem | None = None,
) -> HTMLResponse:
    page = TEMPLATES.get_template("me.html").render(
        language=language,
        line=line_title(station.settings.line),
        person=person,
        with_pin=person.role in PIN_ROLES,
        csrf=csrf_token(request),
        problem=problem,
    )
    return HTMLResponse(
        page,
        status_code=200 if problem is None else problem.status,
        headers=None if problem is None else problem.headers,
    )
