"""The sign-in page, and signing out."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from review_api.access import EVERYONE, allowed, refuse_other_origins
from review_api.accounts import Person, seed_demo_accounts
from review_api.api.session import sign_in
from review_api.collaborators import Collaborators, Handed, Spoken
from review_api.language import Language
from review_api.pages.drawing import TEMPLATES
from review_api.pages.visit import inside
from review_api.pages.words import line_title
from review_api.problems import Problem
from review_api.sessions import COOKIE

router = APIRouter()


@router.get("/")
def front_door() -> Response:
    """The line is what one sees first."""
    return RedirectResponse("/line", status_code=303)


@router.get("/sign-in")
def ask_who(request: Request, station: Handed, language: Spoken, next: str = "/line") -> Response:  # noqa: A002 - the query's own name
    """The page that asks for name and password."""
    if "HX-Request" in request.headers:
        # A page that refreshes itself was redirected here: the whole page has to go, not a part of it.
        return Response(headers={"HX-Redirect": "/sign-in"})
    return _page(station, language, next)


@router.post("/sign-in")
async def let_in(
    request: Request,
    station: Handed,
    language: Spoken,
    name: Annotated[str, Form(min_length=1, max_length=100)],
    password: Annotated[str, Form(min_length=1, max_length=1000)],
    next: Annotated[str, Form()] = "/line",  # noqa: A002 - the field's own name
) -> Response:
    """Opens a session and goes where the person wanted to."""
    welcome = RedirectResponse(inside(next), status_code=303)
    try:
        await sign_in(request, welcome, station, name, password)
    except Problem as problem:
        return _page(station, language, next, name=name, problem=problem)
    return welcome


@router.post("/sign-out")
async def let_out(
    request: Request, station: Handed, _: Annotated[Person, Depends(allowed(*EVERYONE))]
) -> Response:
    """Ends the session."""
    refuse_other_origins(request)
    farewell = RedirectResponse("/sign-in", status_code=303)
    station.sessions.end(request.cookies.get(COOKIE), farewell)
    return farewell


@router.post("/hints/seen", status_code=204)
def hints_seen(station: Handed, person: Annotated[Person, Depends(allowed(*EVERYONE))]) -> Response:
    """The person has put the first-visit hints away; they do not come back for this account."""
    account = station.records.account(person.name)
    if account is not None:
        station.records.save_account(replace(account, hints_seen=True))
        station.sessions.forget(person.name)
    return Response(status_code=204)


def _page(
    station: Collaborators, language: Language, wanted: str, name: str = "", problem: Problem | None = None
) -> HTMLResponse:
    demo = seed_demo_accounts(station.records) if station.settings.demo else []
    page = TEMPLATES.get_template("sign_in.html").render(
        language=language,
        line=line_title(station.settings.line),
        next=inside(wanted),
        name=name,
        problem=problem,
        demo=demo,
    )
    return HTMLResponse(
        page,
        status_code=200 if problem is None else problem.status,
        headers=None if problem is None else problem.headers,
    )
