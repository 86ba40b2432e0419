"""Accounts, for whoever gives access: made with a one-time secret, changed, switched off, signed out."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from quality.plan import Role
from quality.saying import saying
from quality.text import plain
from records.views import Account
from review_api.access import allowed
from review_api.accounts import Person
from review_api.collaborators import Collaborators, Handed
from review_api.credentials import PIN_ROLES, is_pin, one_time_secret
from review_api.plant_accounts import awaited
from review_api.problems import Problem, documented

router = APIRouter(prefix="/api/v1/accounts", tags=["access"])
LONGEST = 100
Admin = Annotated[Person, Depends(allowed(Role.ADMIN))]
Name = Annotated[str, Path(max_length=LONGEST)]
Words = Annotated[str, Field(max_length=LONGEST), AfterValidator(plain)]
Given = Annotated[str, Field(max_length=LONGEST), AfterValidator(plain), Field(min_length=1)]
NewName = Annotated[
    Given, Field(pattern=r"^[^/\\.][^/\\]*$", description="What they sign in as; goes into an address")
]


class AccountView(BaseModel):
    """An account as an admin sees it."""

    name: str
    display_name: str
    role: Role
    badge: str | None
    has_pin: bool
    has_password: bool
    by_plant: bool = Field(description="Signs in with the plant's single sign-on")
    disabled: bool
    must_change: bool = Field(description="Has a one-time secret that was not changed yet")
    wrong_tries: int = Field(description="Within the last hour; from 5 on they wait, after 10 for up to an hour")

    @classmethod
    def of(cls, account: Account, station: Collaborators) -> "AccountView":
        """The account, without its secrets."""
        return cls(
            name=account.name,
            display_name=account.display_name,
            role=account.role,
            badge=account.badge,
            has_pin=account.pin_hash is not None,
            has_password=account.password_hash is not None,
            by_plant=account.subject is not None,
            disabled=account.disabled,
            must_change=account.must_change,
            wrong_tries=station.accounts.tries.count(account.name),
        )


class AccountList(BaseModel):
    """Every account, by name."""

    items: list[AccountView]


class AskedAccount(BaseModel):
    """An account to be made."""

    model_config = ConfigDict(extra="forbid")

    name: NewName
    role: Role
    display_name: Words = ""
    badge: Words = ""


class AskedChange(BaseModel):
    """What is to change; what is left out stays. An empty badge takes it away."""

    model_config = ConfigDict(extra="forbid")

    role: Role | None = None
    display_name: Given | None = None
    badge: Words | None = None
    disabled: bool | None = None
    by_plant: bool | None = Field(
        None, description="Whether this is the person of that name at the plant's sign-in"
    )


class MadeAccount(BaseModel):
    """An account with the secret it signs in with next, which is shown this once and has to be changed then."""

    account: AccountView
    one_time_secret: str


def make(station: Collaborators, by: Person, asked: AskedAccount) -> MadeAccount:
    """A new account. Raises AccessRefused NAME_TAKEN, BADGE_TAKEN."""
    account = Account(asked.name, asked.display_name or asked.name, asked.role, None, badge=asked.badge or None)
    secret = one_time_secret(asked.role)
    made = _given(station, account, secret)
    station.records.access.add(made, by.name, station.clock.now())
    return MadeAccount(account=AccountView.of(made, station), one_time_secret=secret)


def renew_secret(station: Collaborators, by: Person, name: str) -> MadeAccount:
    """The account with a new one-time secret; its PIN and password are void and its sessions over."""
    here = _existing(station, name)
    secret = one_time_secret(here.role)
    given = _given(station, here, secret)
    changed = station.records.access.change(
        name,
        "one-time secret",
        lambda a: replace(a, pin_hash=given.pin_hash, password_hash=given.password_hash, must_change=True),
        by.name,
        station.clock.now(),
    )
    station.sessions.forget(name)
    return MadeAccount(account=AccountView.of(changed or given, station), one_time_secret=secret)


def change(station: Collaborators, by: Person, name: str, asked: AskedChange) -> AccountView:
    """The account as asked. Raises Problem 404, AccessRefused BADGE_TAKEN, LAST_ADMIN."""

    def subject(account: Account) -> str | None:
        if asked.by_plant is None or (asked.by_plant and account.subject is not None):
            return account.subject
        return awaited(account.name) if asked.by_plant else None

    def changed(account: Account) -> Account:
        role = account.role if asked.role is None else asked.role
        return replace(
            account,
            role=role,
            pin_hash=account.pin_hash if role in PIN_ROLES else None,
            display_name=account.display_name if asked.display_name is None else asked.display_name,
            badge=account.badge if asked.badge is None else asked.badge or None,
            disabled=account.disabled if asked.disabled is None else asked.disabled,
            subject=subject(account),
        )

    what = ", ".join(f"{field} {value}" for field, value in asked.model_dump(exclude_none=True).items())
    after = station.records.access.change(name, what, changed, by.name, station.clock.now())
    if after is None:
        raise _unknown(name)
    station.sessions.forget(name)
    return AccountView.of(after, station)


@router.get("", responses=documented(401, 403))
def get_accounts(station: Handed, _: Admin) -> AccountList:
    """Every account."""
    return AccountList(items=[AccountView.of(account, station) for account in station.records.accounts()])


@router.post("", status_code=201, responses=documented(401, 403, 409, 422))
def post_account(station: Handed, admin: Admin, asked: AskedAccount) -> MadeAccount:
    """Makes an account, with a one-time PIN, or a one-time password for the roles it and admin."""
    return make(station, admin, asked)


@router.get("/{name}", responses=documented(401, 403, 404, 422))
def get_account(station: Handed, _: Admin, name: Name) -> AccountView:
    """One account."""
    return AccountView.of(_existing(station, name), station)


@router.patch("/{name}", responses=documented(401, 403, 404, 409, 422))
def patch_account(station: Handed, admin: Admin, name: Name, asked: AskedChange) -> AccountView:
    """Changes an account; 409 BADGE_TAKEN, or LAST_ADMIN when nobody else gives access."""
    return change(station, admin, name, asked)


@router.post("/{name}/secret", responses=documented(401, 403, 404, 422))
def post_secret(station: Handed, admin: Admin, name: Name) -> MadeAccount:
    """Gives an account a new one-time secret, for who has forgotten theirs."""
    return renew_secret(station, admin, name)


@router.delete(
    "/{name}/sessions", status_code=204, response_class=Response, responses=documented(401, 403, 404, 422)
)
def delete_sessions(station: Handed, admin: Admin, name: Name) -> None:
    """Signs an account out everywhere, within a second."""
    if station.records.access.sign_out_everywhere(name, admin.name, station.clock.now()) is None:
        raise _unknown(name)
    station.sessions.forget(name)


def _given(station: Collaborators, account: Account, secret: str) -> Account:
    encoded = station.accounts.hash(secret)
    return replace(
        account,
        pin_hash=encoded if is_pin(secret) else None,
        password_hash=None if is_pin(secret) else encoded,
        must_change=True,
    )


def _existing(station: Collaborators, name: str) -> Account:
    account = None if "\0" in name else station.records.account(name)
    if account is None:
        raise _unknown(name)
    return account


def _unknown(name: str) -> Problem:
    return Problem(404, "NOT_FOUND", saying("There is no account {name}.", name=name))
