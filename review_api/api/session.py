"""Signing in and out for programs and scripts; the pages do the same with forms."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from quality.plan import Role
from records.views import Account
from review_api.access import EVERYONE, allowed, csrf_token, refuse_other_origins
from review_api.accounts import Person
from review_api.collaborators import Collaborators, Handed
from review_api.problems import documented
from review_api.sessions import Session

router = APIRouter(prefix="/api/v1/session", tags=["session"])
Secret = Annotated[str, Field(min_length=1, max_length=1000)]


class SignIn(BaseModel):
    """Name or badge, and PIN or password."""

    name: str = Field(min_length=1, max_length=100, description="The account's name, or what the badge says")
    password: Secret


class NewSecret(BaseModel):
    """The PIN or password one has, and the one that is to be."""

    old: Secret
    new: Secret


class SignedIn(BaseModel):
    """Who is signed in; `csrf` goes into the header X-CSRF-Token of every request that changes something."""

    name: str
    display_name: str
    role: Role
    csrf: str
    must_change: bool = Field(
        description="Somebody else knows the secret; nothing else is answered until it is changed"
    )
    idle_s: float = Field(description="The session ends when nobody has touched the tablet for that long")

    @classmethod
    def of(cls, person: Person, csrf: str, station: Collaborators) -> "SignedIn":
        """The person with their session's token."""
        return cls(
            name=person.name,
            display_name=person.display_name,
            role=person.role,
            csrf=csrf,
            must_change=person.must_change,
            idle_s=station.sessions.idle_s,
        )


def enter(request: Request, response: Response, station: Collaborators, account: Account) -> Session:
    """A new session of a proven account: its cookie, and its device's, are set on the response."""
    station.devices.remember(request, response)
    return station.sessions.open(account, response)


async def sign_in(request: Request, response: Response, station: Collaborators, name: str, secret: str) -> Session:
    """A new session for that name or badge.

    Raises Problem: 401 WRONG_PASSWORD, 403 DISABLED, 429 TOO_MANY_TRIES, 403 CSRF.
    """
    refuse_other_origins(request)
    account = await station.accounts.prove(name, secret, station.devices.of(request))
    return enter(request, response, station, account)


async def change_secret(
    request: Request, response: Response, station: Collaborators, person: Person, old: str, new: str
) -> Session:
    """The person's session under their new secret; every other one of theirs is over."""
    account = await station.accounts.change_own(person, old, new)
    await station.sessions.end(request.cookies.get(station.sessions.cookie), response)
    station.sessions.forget(person.name)
    return enter(request, response, station, account)


async def sign_out(
    request: Request, response: Response, station: Collaborators, person: Person, *, everywhere: bool
) -> None:
    """Ends the session that asks, or all of the person's."""
    await station.sessions.end(request.cookies.get(station.sessions.cookie), response)
    if everywhere:
        await run_in_threadpool(
            station.records.access.sign_out_everywhere, person.name, person.name, station.clock.now()
        )
        station.sessions.forget(person.name)


@router.post("", responses=documented(401, 403, 422, 429))
async def post_session(request: Request, response: Response, station: Handed, asked: SignIn) -> SignedIn:
    """Signs in: sets the session's cookie."""
    session = await sign_in(request, response, station, asked.name, asked.password)
    return SignedIn.of(session.person, session.csrf, station)


@router.get("", responses=documented(401))
async def get_session(
    request: Request, station: Handed, person: Annotated[Person, Depends(allowed(*EVERYONE, to_begin=True))]
) -> SignedIn:
    """Who is signed in."""
    return SignedIn.of(person, csrf_token(request), station)


@router.post("/touched", status_code=204, response_class=Response, responses=documented(401, 403))
async def post_touched(
    request: Request, station: Handed, _: Annotated[Person, Depends(allowed(*EVERYONE, to_begin=True))]
) -> None:
    """Says that somebody has just touched the tablet: the session's idle time begins anew."""
    await station.sessions.verify(request.cookies[station.sessions.cookie], touched=True)


@router.put("/secret", responses=documented(401, 403, 422, 429))
async def put_secret(
    request: Request,
    response: Response,
    station: Handed,
    asked: NewSecret,
    person: Annotated[Person, Depends(allowed(*EVERYONE, to_begin=True))],
) -> SignedIn:
    """Changes one's PIN (4 to 8 digits) or password; the session goes on under a new cookie, the others end."""
    session = await change_secret(request, response, station, person, asked.old, asked.new)
    return SignedIn.of(session.person, session.csrf, station)


@router.delete("", status_code=204, response_class=Response, responses=documented(401, 403, 422))
async def delete_session(
    request: Request,
    response: Response,
    station: Handed,
    person: Annotated[Person, Depends(allowed(*EVERYONE, to_begin=True))],
    everywhere: Annotated[bool, Query(description="End every session of this account")] = False,  # noqa: FBT002
) -> None:
    """Signs out: the cookie is worth nothing afterwards."""
    await sign_out(request, response, station, person, everywhere=everywhere)
