"""Who may use a route: every one names its roles through `allowed`, and nothing is open by default."""

import base64
import binascii
import hmac
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.requests import Request

from quality.plan import Role
from review_api.accounts import Person, person_of
from review_api.collaborators import Collaborators, handed
from review_api.problems import NOT_SIGNED_IN, Problem
from review_api.sessions import COOKIE, Session

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
LOOPBACK = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})
EVERYONE = (Role.OPERATOR, Role.ENGINEER, Role.SUPERVISOR, Role.IT)
DECIDING = (Role.ENGINEER, Role.SUPERVISOR)


class Allowed:
    """The dependency that lets the named roles in and gives the route its Person.

    Raises Problem: 401 NOT_SIGNED_IN, 403 NOT_ALLOWED for another role, 403 CSRF for an unsafe request
    without the session's token or from another origin. Afterwards `request.state.session` is the session,
    None for a program that signed itself in with HTTP Basic.
    """

    def __init__(self, roles: frozenset[Role], *, on_this_machine: bool) -> None:
        self.roles = roles
        self._on_this_machine = on_this_machine

    async def __call__(self, request: Request) -> Person:
        """The person who asks, if their role may."""
        if self._on_this_machine and _comes_from_this_machine(request):
            return Person("this-machine", "This machine", Role.IT)
        station = await handed(request)
        person = await self._who(request, station)
        if person.role not in self.roles:
            raise Problem(403, "NOT_ALLOWED", f"The role {person.role} may not do this; ask {self._may()}.")
        request.state.person = person
        return person

    async def _who(self, request: Request, station: Collaborators) -> Person:
        cookie = request.cookies.get(COOKIE)
        if cookie is not None:
            session = await station.sessions.verify(cookie)
            if session is not None:
                if request.method not in SAFE_METHODS:
                    await _refuse_forgery(request, session)
                request.state.session = session
                return session.person
        authorization = request.headers.get("authorization")
        if authorization is not None and request.method in SAFE_METHODS:
            request.state.session = None
            return await _program(authorization, station)
        raise Problem(401, NOT_SIGNED_IN, "Sign in first.", {"WWW-Authenticate": 'Session realm="jidoka"'})

    def _may(self) -> str:
        names = sorted(self.roles)
        return " or ".join(f"{'an' if name[0] in 'aeio' else 'a'} {name}" for name in names)


def allowed(*roles: Role, on_this_machine: bool = False) -> Allowed:
    """The dependency of a route that these roles may use; and anyone `on_this_machine`, without signing in."""
    return Allowed(frozenset(roles), on_this_machine=on_this_machine)


def csrf_token(request: Request) -> str:
    """The token that forms and scripts of this session send back with every change; empty without a session."""
    session: Session | None = getattr(request.state, "session", None)
    return "" if session is None else session.csrf


def refuse_other_origins(request: Request) -> None:
    """Refuses a request that another site's page made. Raises Problem 403 CSRF.

    Browsers send Origin with every unsafe request; programs need not.
    """
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Problem(403, "CSRF", "The request comes from another site's page; open the review station itself.")


def _comes_from_this_machine(request: Request) -> bool:
    # Behind a proxy everyone seems to come from this machine.
    if any(name in request.headers for name in ("forwarded", "x-forwarded-for")):
        return False
    return request.client is not None and request.client.host in LOOPBACK


async def _refuse_forgery(request: Request, session: Session) -> None:
    refuse_other_origins(request)
    token = request.headers.get(CSRF_HEADER)
    if token is None and request.headers.get("content-type", "").startswith(FORMS):
        field = (await request.form()).get(CSRF_FIELD)
        token = field if isinstance(field, str) else None
    if token is None or not hmac.compare_digest(token.encode(), session.csrf.encode()):
        raise Problem(
            403,
            "CSRF",
            f"The session's token is missing or old ({CSRF_HEADER} or field {CSRF_FIELD}); load the page again.",
        )


async def _program(authorization: str, station: Collaborators) -> Person:
    """The program of role `it` that sent HTTP Basic credentials."""
    scheme, _, encoded = authorization.partition(" ")
    challenge = {"WWW-Authenticate": 'Basic realm="jidoka", charset="UTF-8"'}
    try:
        name, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if scheme.lower() != "basic" or not colon:
        raise Problem(401, NOT_SIGNED_IN, "Send HTTP Basic credentials of an account with the role it.", challenge)
    try:
        account = await station.accounts.prove_again(name, password)
    except Problem as problem:
        problem.headers.update(challenge if problem.status == HTTPStatus.UNAUTHORIZED else {})
        raise
    if account.role is not Role.IT:
        raise Problem(
            403, "NOT_ALLOWED", "HTTP Basic is for accounts with the role it; others sign in on the page."
        )
    return person_of(account)


async def still_signed_in(request: Request) -> bool:
    """Whether the session that a long answer began with goes on; a program's answer is not cut."""
    if request.state.session is None:
        return True
    station = await handed(request)
    return await station.sessions.verify(request.cookies[COOKIE]) is not None
