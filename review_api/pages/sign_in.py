"""The sign-in page: scan a badge or touch a name, then PIN or password; and signing out."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from quality.plan import Role
from records.views import Account
from review_api.access import EVERYONE, allowed
from review_api.accounts import Person
from review_api.api.session import sign_in, sign_out
from review_api.collaborators import Collaborators, Handed, Spoken
from review_api.language import N_, Language
from review_api.pages.drawing import TEMPLATES
from review_api.pages.visit import inside
from review_api.pages.words import line_title
from review_api.problems import Problem
from review_api.seeding import seed_demo_accounts

router = APIRouter()
LONGEST = 100
DOES = {
    Role.OPERATOR: N_("looks"),
    Role.ENGINEER: N_("decides"),
    Role.SUPERVISOR: N_("decides, is asked next"),
    Role.IT: N_("pulls reports"),
    Role.ADMIN: N_("gives access"),
}
"""What each role does, for whoever chooses one in the demonstration."""


@router.get("/")
def front_door() -> Response:
    """The line is what one sees first."""
    return RedirectResponse("/line", status_code=303)


@router.get("/sign-in")
def ask_who(
    request: Request,
    station: Handed,
    language: Spoken,
    next: str = "/line",  # noqa: A002 - the query's own name
    who: Annotated[str, Query(max_length=LONGEST)] = "",
) -> Response:
    """The page that asks who it is; `who` has been chosen already."""
    return sign_in_page(request, station, language, next, who)


@router.post("/sign-in")
async def let_in(
    request: Request,
    station: Handed,
    language: Spoken,
    name: Annotated[str, Form(max_length=LONGEST)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form()] = "/line",  # noqa: A002 - the field's own name
) -> Response:
    """Opens a session and goes where the person wanted to; a badge alone is asked for its PIN."""
    problem = None
    if name and password:
        welcome = RedirectResponse(inside(next), status_code=303)
        try:
            await sign_in(request, welcome, station, name, password)
        except Problem as refused:
            problem = refused
        else:
            return welcome
    return await run_in_threadpool(sign_in_page, request, station, language, next, name, problem)


@router.post("/sign-out")
async def let_out(
    request: Request, station: Handed, person: Annotated[Person, Depends(allowed(*EVERYONE, to_begin=True))]
) -> Response:
    """Ends the session."""
    farewell = RedirectResponse("/sign-in", status_code=303)
    await sign_out(request, farewell, station, person, everywhere=False)
    return farewell


@router.post("/hints/seen", status_code=204)
def hints_seen(station: Handed, person: Annotated[Person, Depends(allowed(*EVERYONE))]) -> Response:
    """The person has put the first-visit hints away; they do not come back for this account."""
    account = station.records.account(person.name)
    if account is not None:
        station.records.save_account(replace(account, hints_seen=True))
        station.sessions.forget(person.name)
    return Response(status_code=204)


def sign_in_page(
    request: Request,
    station: Collaborators,
    language: Language,
    wanted: str,
    who: str = "",
    problem: Problem | None = None,
) -> HTMLResponse:
    """The page that asks who it is, for who wanted to go there; `problem` is why it asks again."""
    demo = seed_demo_accounts(station.records) if station.settings.demo else []
    shown = [(name, secret, role, DOES[role]) for name, secret, role in demo]
    known = station.devices.of(request).known
    people = [one for one in station.records.accounts() if _is_at_the_tablet(one)] if known else []
    page = TEMPLATES.get_template("sign_in.html").render(
        language=language,
        line=line_title(station.settings.line),
        next=inside(wanted),
        name=who,
        called=next((one.display_name for one in people if who in {one.name, one.badge}), who),
        people=people,
        problem=problem,
        demo=shown,
        plant="" if station.sign_on is None else station.sign_on.title,
    )
    return HTMLResponse(
        page,
        status_code=200 if problem is None else problem.status,
        headers=None if problem is None else problem.headers,
    )


def _is_at_the_tablet(account: Account) -> bool:
    """Whether the account is one of those to choose from, on a tablet that somebody has signed in on before."""
    return account.pin_hash is not None and not account.disabled
