"""Who may use a route: every one names its roles through `allowed`, and nothing is open by default."""

import hmac

from starlette.requests import Request

from quality.plan import Role
from quality.saying import Saying, saying
from review_api.accounts import Person
from review_api.collaborators import Collaborators, handed
from review_api.problems import MUST_CHANGE, NOT_SIGNED_IN, Problem
from review_api.programs import program
from review_api.sessions import Session

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
LOOPBACK = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})
EVERYONE = tuple(Role)
DECIDING = (Role.ENGINEER, Role.SUPERVISOR)


class Allowed:
    """The dependency that lets the named roles in and gives the route its Person.

    Raises Problem: 401 NOT_SIGNED_IN, 403 NOT_ALLOWED for another role, 403 MUST_CHANGE while somebody else knows
    the person's secret, 403 CSRF for an unsafe request without the session's token or from another origin.
    Afterwards `request.state.session` is the session, None for a program that sent a token or HTTP Basic.
    """

    def __init__(self, roles: frozenset[Role], *, on_this_machine: bool, to_begin: bool) -> None:
        self.roles = roles
        self._on_this_machine = on_this_machine
        self._to_begin = to_begin

    async def __call__(self, request: Request) -> Person:
        """The person who asks, if their role may."""
        if self._on_this_machine and _comes_from_this_machine(request):
            return Person("this-machine", "This machine", Role.IT)
        station = await handed(request)
        person = await self._who(request, station)
        if person.must_change and not self._to_begin:
            raise Problem(403, MUST_CHANGE, saying("Choose a PIN or password of your own first."))
        if person.role not in self.roles:
            raise Problem(
                403,
                "NOT_ALLOWED",
                saying("The role {role} may not do this; ask {others}.", role=person.role, others=self._may()),
            )
        request.state.person = person
        return person

    async def _who(self, request: Request, station: Collaborators) -> Person:
        cookie = request.cookies.get(station.sessions.cookie)
        if cookie is not None:
            session = await station.sessions.verify(cookie, touched=_is_somebodys_doing(request))
            if session is not None:
                if request.method not in SAFE_METHODS:
                    await _refuse_forgery(request, session)
                request.state.session = session
                return session.person
        authorization = request.headers.get("authorization")
        if authorization is not None and request.method in SAFE_METHODS:
            request.state.session = None
            return await program(authorization, request, station)
        raise Problem(401, NOT_SIGNED_IN, saying("Sign in first."), {"WWW-Authenticate": 'Session realm="jidoka"'})

    def _may(self) -> Saying:
        names = sorted(self.roles)
        if len(names) == 1:
            return saying("the role {role}", role=names[0])
        return saying("the roles {roles}", roles=", ".join(names))


def allowed(*roles: Role, on_this_machine: bool = False, to_begin: bool = False) -> Allowed:
    """The dependency of a route that these roles may use.

    `on_this_machine`: anyone on it may too, without signing in. `to_begin`: also who has yet to choose a secret.
    """
    return Allowed(frozenset(roles), on_this_machine=on_this_machine, to_begin=to_begin)


def csrf_token(request: Request) -> str:
    """The token that forms and scripts of this session send back with every change; empty without a session."""
    session: Session | None = getattr(request.state, "session", None)
    return "" if session is None else session.csrf


def refuse_other_origins(request: Request) -> None:
    """Refuses a request that another site's page made. Raises Problem 403 CSRF.

    Browsers send Origin with every unsafe request; programs need not.
    """
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        raise Problem(
            403, "CSRF", saying("The request comes from another site's page; open the review station itself.")
        )


async def still_signed_in(request: Request) -> bool:
    """Whether the session that a long answer began with goes on; a program's answer is not cut."""
    if request.state.session is None:
        return True
    station = await handed(request)
    return await station.sessions.verify(request.cookies[station.sessions.cookie]) is not None


def _is_somebodys_doing(request: Request) -> bool:
    """Whether a person opened a page or sent a form; what pages ask by themselves keeps nobody signed in."""
    return "text/html" in request.headers.get("accept", "") and "hx-request" not in request.headers


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
            saying(
                "The session's token is missing or old ({header} or field {field}); load the page again.",
                header=CSRF_HEADER,
                field=CSRF_FIELD,
            ),
        )
