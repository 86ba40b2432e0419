"""Signing in and out for programs and scripts; the sign-in page does the same with a form."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from quality.plan import Role
from review_api.access import EVERYONE, allowed, csrf_token, refuse_other_origins
from review_api.accounts import Person
from review_api.collaborators import Handed
from review_api.problems import documented
from review_api.sessions import COOKIE, Session

router = APIRouter(prefix="/api/v1/session", tags=["session"])


class SignIn(BaseModel):
    """Name and password."""

    name: str = Field(min_length=1, max_length=100)
    password: str = Field(min_length=1, max_length=1000)


class SignedIn(BaseModel):
    """Who is signed in; `csrf` goes into the header X-CSRF-Token of every request that changes something."""

    name: str
    display_name: str
    role: Role
    csrf: str

    @classmethod
    def of(cls, person: Person, csrf: str) -> "SignedIn":
        """The person with their session's token."""
        return cls(name=person.name, display_name=person.display_name, role=person.role, csrf=csrf)


async def sign_in(request: Request, response: Response, station: Handed, name: str, password: str) -> Session:
    """A new session for that name, its cookie set on the response.

    Raises Problem: 401 WRONG_PASSWORD, 429 TOO_MANY_TRIES, 403 CSRF.
    """
    refuse_other_origins(request)
    account = await station.accounts.prove(name, password)
    return station.sessions.open(account, response)


@router.post("", responses=documented(401, 403, 422, 429))
async def post_session(request: Request, response: Response, station: Handed, asked: SignIn) -> SignedIn:
    """Signs in: sets the session's cookie."""
    session = await sign_in(request, response, station, asked.name, asked.password)
    return SignedIn.of(session.person, session.csrf)


@router.get("", responses=documented(401))
async def get_session(request: Request, person: Annotated[Person, Depends(allowed(*EVERYONE))]) -> SignedIn:
    """Who is signed in."""
    return SignedIn.of(person, csrf_token(request))


@router.delete("", status_code=204, response_class=Response, responses=documented(401, 403))
async def delete_session(
    request: Request, response: Response, station: Handed, _: Annotated[Person, Depends(allowed(*EVERYONE))]
) -> None:
    """Signs out: the cookie is worth nothing afterwards."""
    station.sessions.end(request.cookies.get(COOKIE), response)
