"""Every route of the station, asked by everybody: who may do what stands in this table, and nowhere else is it so.

A route that is not in the table fails the test: whoever adds one says here who may use it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import anyio
import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.responses import Response
from starlette.routing import Mount

from quality.judgement import Verdict
from quality.plan import Role
from review_api.collaborators import Collaborators
from review_api.sessions import LASTS_S
from tests.unit.review_api.conftest import FakeClock, Store

SAFE = {"GET", "HEAD"}
OPERATOR, ENGINEER, SUPERVISOR, IT, ADMIN = Role.OPERATOR, Role.ENGINEER, Role.SUPERVISOR, Role.IT, Role.ADMIN
OPEN = frozenset({"anybody"})
SIGNED_IN = frozenset(Role)
AT_THE_LINE = frozenset({OPERATOR, ENGINEER, SUPERVISOR})
DECIDING = frozenset({ENGINEER, SUPERVISOR})
GIVING_ACCESS = frozenset({ADMIN})
TO_BEGIN = {
    "GET /api/v1/session",
    "DELETE /api/v1/session",
    "POST /api/v1/session/touched",
    "PUT /api/v1/session/secret",
    "GET /me",
    "POST /me/secret",
    "POST /me/sign-out-everywhere",
    "POST /sign-out",
}
"""What somebody may do whose secret somebody else chose."""

TABLE = {
    OPEN: """
        GET /livez
        GET /readyz
        POST /api/v1/session
        GET /
        GET /sign-in
        POST /sign-in
        GET /sign-in/plant
        GET /sign-in/plant/back
        POST /language
        GET /manifest.webmanifest
        GET /service-worker.js
        GET /offline
    """,
    SIGNED_IN: """
        GET /api/v1/session
        DELETE /api/v1/session
        POST /api/v1/session/touched
        PUT /api/v1/session/secret
        GET /api/v1/openapi.json
        GET /api/v1/events
        GET /api/v1/line
        GET /api/v1/inspections
        GET /api/v1/inspections/{inspection_id}
        GET /api/v1/cases
        GET /api/v1/cases/{case_id}
        GET /api/v1/decisions
        GET /api/v1/decisions/{decision_id}
        GET /api/v1/measurements
        GET /api/v1/history/{characteristic}
        GET /api/v1/parts
        GET /api/v1/spc/{characteristic}
        GET /api/v1/alarms
        GET /api/v1/alarms/listed
        GET /api/v1/alarms/history
        GET /api/v1/alarms/rate
        GET /api/v1/shifts/{start}
        GET /api/v1/plans
        GET /api/v1/plans/{version}
        GET /api/v1/reports/defects
        GET /pictures/live/{camera}
        GET /pictures/map/{inspection_id}/{camera}.png
        GET /pictures/{sha256}
        GET /me
        POST /me/secret
        POST /me/sign-out-everywhere
        POST /sign-out
        POST /hints/seen
        GET /line
        GET /cases
        GET /cases/{case_id}
        GET /parts
        GET /parts/{serial:path}
        GET /passages/{inspection_id}
        GET /spc
        GET /alarms
        GET /alarms/history
        GET /handover
        GET /reports
    """,
    AT_THE_LINE: """
        POST /api/v1/alarms/{alarm_id}/acknowledge
        PUT /api/v1/shifts/{start}/note
        POST /alarms/{alarm_id}/acknowledge
        POST /handover/{start}/note
    """,
    DECIDING: """
        PUT /api/v1/decisions/{decision_id}
        PUT /api/v1/decisions/{decision_id}/second
        POST /api/v1/cases/{case_id}/take
        DELETE /api/v1/cases/{case_id}/take
        POST /api/v1/adjustments/try
        POST /api/v1/signatures
        POST /api/v1/alarms/{alarm_id}/shelve
        POST /api/v1/alarms/{alarm_id}/unshelve
        GET /cases/{case_id}/decide
        POST /cases/{case_id}/decide
        GET /cases/{case_id}/second
        POST /cases/{case_id}/second
        POST /cases/{case_id}/take
        POST /cases/{case_id}/leave
        GET /line/decide
        POST /line/decide
        POST /alarms/{alarm_id}/shelve
        POST /alarms/{alarm_id}/unshelve
    """,
    GIVING_ACCESS: """
        GET /api/v1/accounts
        POST /api/v1/accounts
        GET /api/v1/accounts/{name}
        PATCH /api/v1/accounts/{name}
        POST /api/v1/accounts/{name}/secret
        DELETE /api/v1/accounts/{name}/sessions
        GET /api/v1/tokens
        POST /api/v1/tokens
        DELETE /api/v1/tokens/{token_id}
        GET /admin
        POST /admin/accounts
        POST /admin/accounts/{name}
        POST /admin/accounts/{name}/secret
        POST /admin/accounts/{name}/sign-out
        GET /admin/tokens
        POST /admin/tokens
        POST /admin/tokens/{token_id}/revoke
        GET /admin/devices
    """,
    frozenset({ENGINEER, SUPERVISOR, IT, ADMIN}): """
        GET /plans
        GET /plans/{version}
    """,
    frozenset({IT}): """
        GET /metrics
    """,
}
MAY = {
    f"{method} {path}": who
    for who, lines in TABLE.items()
    for method, path in map(str.split, lines.split("\n")[1:-1])
}
PLACES = {
    "case_id": "6f1c1f0e-4a38-4b8a-9d57-0d5b1f3b7a11",
    "decision_id": "6f1c1f0e-4a38-4b8a-9d57-0d5b1f3b7a11",
    "inspection_id": "1",
    "alarm_id": "1",
    "sha256": "0" * 64,
    "camera": "face",
    "name": "nobody",
    "serial": "B000001",
    "token_id": "none",
    "start": "2026-11-24T06:00:00Z",
    "version": "none",
    "characteristic": "hole_1_x_mm",
}
"""What stands in the places of a path."""
LET_IN_WITHIN_S = 0.3
"""A stream goes on; whoever is not let in is told at once."""


def address_of(path: str) -> str:
    """An address under that path, with something in each of its places."""
    return re.sub(r"\{(\w+)(:path)?\}", lambda found: PLACES[found[1]], path)


def _routes(app: FastAPI) -> Iterator[str]:
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, Mount) and route.path == "/static":
            continue
        assert isinstance(route, APIRoute), f"{route} is no route of the API and cannot name its roles"
        for method in context.methods or ():
            yield f"{method} {context.path}"


@dataclass(frozen=True)
class Somebody:
    """Who asks: a role by session, or nobody, or with something that opens nothing, or only reads."""

    kind: str
    role: Role | None = None

    def __str__(self) -> str:
        return self.kind if self.role is None else f"{self.kind} {self.role}"


EVERYBODY = (
    Somebody("nobody"),
    *(Somebody("session of", role) for role in Role),
    Somebody("expired session of", ENGINEER),
    Somebody("session without CSRF token of", ENGINEER),
    Somebody("newcomer", ENGINEER),
    Somebody("token", IT),
    Somebody("revoked token"),
    Somebody("Basic credentials", IT),
)


class Asking:
    """Asks the station as somebody, each time with a session of its own."""

    def __init__(self, app: FastAPI, store: Store, clock: FakeClock) -> None:
        self._app = app
        self._station: Collaborators = app.state.collaborators
        self._store = store
        self._clock = clock
        self._transport = httpx.ASGITransport(app, client=("192.0.2.7", 40000), raise_app_exceptions=False)
        store.make_part(Verdict.HOLD, with_evidence=True)
        store.show_line()
        _, self._token = self._station.tokens.make("reports", "admin")
        gone, self._revoked = self._station.tokens.make("old reports", "admin")
        store.review.access.revoke_token(gone.id, "admin", clock.now())

    async def ask(self, somebody: Somebody, route: str) -> tuple[int, str]:
        """The answer's status, 200 for a stream that goes on, and the problem's code."""
        method, path = route.split()
        address = address_of(path)
        async with httpx.AsyncClient(transport=self._transport, base_url="http://station") as client:
            client.headers.update(self._headers(somebody))
            with anyio.move_on_after(LET_IN_WITHIN_S if path == "/api/v1/events" else None):
                answer = await client.request(method, address)
                problem = answer.headers.get("content-type", "").startswith("application/problem+json")
                return answer.status_code, str(answer.json()["code"]) if problem else ""
        return 200, ""

    def _headers(self, somebody: Somebody) -> dict[str, str]:
        if somebody.kind == "nobody":
            return {}
        if somebody.kind == "Basic credentials":
            return {"authorization": httpx.BasicAuth("it", "it-reports")._auth_header}
        if "token" in somebody.kind and somebody.role is not ENGINEER:
            return {"authorization": f"Bearer {self._revoked if 'revoked' in somebody.kind else self._token}"}
        account = self._store.review.account(str(somebody.role))
        assert account is not None
        if somebody.kind == "newcomer":
            account = replace(account, name="newcomer", badge=None, must_change=True)
            self._store.review.save_account(account)
        opened = Response()
        session = self._station.sessions.open(account, opened)
        cookie = opened.headers["set-cookie"].partition(";")[0]
        if "expired" in somebody.kind:
            self._clock.advance(LASTS_S + 1)
        return {"cookie": cookie} | ({} if "without" in somebody.kind else {"x-csrf-token": session.csrf})


def _expected(somebody: Somebody, route: str) -> str:
    """How the table has that somebody answered on that route: in, or the code of the refusal."""
    method, _ = route.split()
    who = MAY[route]
    if who == OPEN:
        return "in"
    if somebody.role is None or "expired" in somebody.kind:
        return "NOT_SIGNED_IN"
    if somebody.kind in {"token", "Basic credentials"} and method not in SAFE:
        return "NOT_SIGNED_IN"
    if "without CSRF" in somebody.kind and method not in SAFE:
        return "CSRF"
    if somebody.kind == "newcomer" and route not in TO_BEGIN:
        return "MUST_CHANGE"
    return "in" if somebody.role in who else "NOT_ALLOWED"


REFUSALS = {"NOT_SIGNED_IN": 401, "CSRF": 403, "MUST_CHANGE": 403, "NOT_ALLOWED": 403}


def test_the_table_and_the_station_have_the_same_routes(app: FastAPI) -> None:
    routes = set(_routes(app))
    described = {
        f"{method.upper()} {path}" for path, operations in app.openapi()["paths"].items() for method in operations
    }
    assert described <= routes
    assert len(routes) > 60
    assert routes - set(MAY) == set(), "say in TABLE who may use these"
    assert set(MAY) - routes == set(), "these are gone; take them out of TABLE"


@pytest.mark.parametrize("somebody", EVERYBODY, ids=str)
async def test_everybody_gets_where_the_table_says_and_nowhere_else(
    app: FastAPI, store: Store, clock: FakeClock, somebody: Somebody
) -> None:
    asking = Asking(app, store, clock)
    wrong = []
    for route in sorted(MAY):
        status, code = await asking.ask(somebody, route)
        expected = _expected(somebody, route)
        found = code if code in REFUSALS else "in"
        if found != expected or (expected != "in" and status != REFUSALS[expected]) or code == "FAILED":
            wrong.append(f"{somebody} {route}: {status} {code or 'let in'}, not {expected}")
    assert wrong == []


async def test_a_page_leads_who_is_not_signed_in_to_the_sign_in_page(app: FastAPI) -> None:
    pages = [
        route
        for route in MAY
        if route.startswith("GET /") and MAY[route] == SIGNED_IN and not re.match(r"GET /(api|pictures)/", route)
    ]
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 40000))
    async with httpx.AsyncClient(transport=transport, base_url="http://station") as client:
        for route in pages:
            address = address_of(route.split()[1])
            answer = await client.get(address, headers={"accept": "text/html"})
            assert answer.status_code == 303, route
            assert answer.headers["location"].startswith("/sign-in?next="), route
