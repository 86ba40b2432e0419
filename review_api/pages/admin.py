"""Admin: who may sign in, which programs may read, and what the line is connected to."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import AfterValidator, Field
from starlette.responses import Response

from quality.plan import Role
from quality.text import plain
from records.access import AccessRefused
from review_api.api import accounts as accounts_api
from review_api.api import tokens as tokens_api
from review_api.api.accounts import Admin, AskedAccount, AskedChange, MadeAccount, Name
from review_api.pages import admin_view
from review_api.pages.visit import Visit, Visited, show
from review_api.problems import Problem

router = APIRouter(prefix="/admin")
Typed = Annotated[str, Form(max_length=accounts_api.LONGEST), AfterValidator(plain)]
Ticked = Annotated[bool, Form()]
Title = Annotated[str, Form(max_length=accounts_api.LONGEST), AfterValidator(plain), Field(min_length=1)]


@router.get("")
def accounts_page(visit: Visited, _: Admin) -> HTMLResponse:
    """Every account."""
    return _accounts(visit)


@router.post("/accounts")
def add_account(
    visit: Visited,
    admin: Admin,
    name: Typed,
    role: Annotated[Role, Form()],
    display_name: Typed = "",
    badge: Typed = "",
) -> HTMLResponse:
    """Makes an account and shows its one-time secret, this once."""
    return _told(
        visit,
        lambda: accounts_api.make(
            visit.station, admin, AskedAccount(name=name, role=role, display_name=display_name, badge=badge)
        ),
    )


@router.post("/accounts/{name}")
def change_account(
    visit: Visited,
    admin: Admin,
    name: Name,
    role: Annotated[Role, Form()],
    display_name: Title,
    badge: Typed = "",
    disabled: Ticked = False,  # noqa: FBT002 - a box that is not ticked is not sent
    by_plant: Ticked = False,  # noqa: FBT002 - likewise
) -> Response:
    """Changes an account."""
    plant = by_plant if visit.station.settings.single_sign_on is not None else None
    asked = AskedChange(role=role, display_name=display_name, badge=badge, disabled=disabled, by_plant=plant)
    return _told(visit, lambda: accounts_api.change(visit.station, admin, name, asked))


@router.post("/accounts/{name}/secret")
def renew_secret(visit: Visited, admin: Admin, name: Name) -> HTMLResponse:
    """Gives a new one-time secret, and shows it this once."""
    return _told(visit, lambda: accounts_api.renew_secret(visit.station, admin, name))


@router.post("/accounts/{name}/sign-out")
def sign_out(visit: Visited, admin: Admin, name: Name) -> Response:
    """Signs somebody out everywhere."""
    accounts_api.delete_sessions(visit.station, admin, name)
    return RedirectResponse("/admin", 303)


@router.get("/tokens")
def tokens_page(visit: Visited, _: Admin) -> HTMLResponse:
    """Every token of a program."""
    return _tokens(visit)


@router.post("/tokens")
def add_token(visit: Visited, admin: Admin, title: Title) -> HTMLResponse:
    """Makes a token and shows its text, this once."""
    return _tokens(visit, tokens_api.make(visit.station, admin, title))


@router.post("/tokens/{token_id}/revoke")
def revoke_token(visit: Visited, admin: Admin, token_id: Name) -> Response:
    """Makes a token worthless."""
    tokens_api.revoke(visit.station, admin, token_id)
    return RedirectResponse("/admin/tokens", 303)


@router.get("/devices")
def devices_page(visit: Visited, _: Admin) -> HTMLResponse:
    """What the line is connected to, as the edge last showed it."""
    state = visit.records.line_state(visit.line)
    return show(
        visit,
        "admin_devices.html",
        tab="devices",
        devices=admin_view.devices(state),
        about=admin_view.about(state),
    )


def _told(visit: Visit, act: Callable[[], object]) -> HTMLResponse:
    """The accounts after a change, with what came of it: a secret to hand over, or why it was refused."""
    try:
        came = act()
    except AccessRefused as refused:
        return _accounts(visit, refused=refused.said, status=409)
    except Problem as problem:
        return _accounts(visit, refused=problem.said, status=problem.status)
    return _accounts(visit, made=came if isinstance(came, MadeAccount) else None)


def _accounts(
    visit: Visit, made: MadeAccount | None = None, refused: str | None = None, status: int = 200
) -> HTMLResponse:
    return show(
        visit,
        "admin_accounts.html",
        status=status,
        tab="accounts",
        accounts=accounts_api.get_accounts(visit.station, visit.person).items,
        roles=tuple(Role),
        plant_signs_in=visit.station.settings.single_sign_on is not None,
        made=made,
        refused=refused,
    )


def _tokens(visit: Visit, made: tokens_api.MadeToken | None = None) -> HTMLResponse:
    return show(
        visit,
        "admin_tokens.html",
        tab="tokens",
        tokens=tokens_api.get_tokens(visit.station, visit.person).items,
        made=made,
    )
