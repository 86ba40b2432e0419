"""The verbs about who may sign in: accounts add, list, disable, enable."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from edge.answers import fail, print_json, print_line, print_table
from edge.settings import LineSettings
from edge.verbs.line import Json, LineFile, settings_of
from quality.plan import Role

if TYPE_CHECKING:
    from records.review_records import ReviewRecords

app = typer.Typer(help="Who may sign in at the review station.", no_args_is_help=True)
BY = "command line"
"""Who changed an account, in the ledger."""
Name = Annotated[str, typer.Argument(help="What they sign in as.")]


@app.command("add")
def add(
    path: LineFile,
    name: Name,
    role: Annotated[Role, typer.Option(help="What they may do.")],
    display_name: Annotated[str, typer.Option("--name", help="How the tablet calls them.")] = "",
    badge: Annotated[str, typer.Option(help="What their badge's code says.")] = "",
    as_json: Json = False,
) -> None:
    """Adds an account, or gives it a new role and PIN or password, which is asked for or read from a pipe."""
    from records.access import AccessRefused
    from records.views import Account
    from review_api.accounts import PASSWORDS
    from review_api.credentials import fault_of, is_pin

    settings = settings_of(path)
    if sys.stdin.isatty():
        secret = typer.prompt("PIN or password", hide_input=True, confirmation_prompt=True)
    else:
        secret = sys.stdin.readline().rstrip("\n")
    if (fault := fault_of(secret, name, role)) is not None:
        fail(str(fault))
    encoded = PASSWORDS.hash(secret)
    with _records(settings) as records:
        known = records.account(name)
        account = replace(
            known or Account(name, name, role, None),
            role=role,
            display_name=display_name or (known.display_name if known else name),
            badge=badge or (known.badge if known else None),
            pin_hash=encoded if is_pin(secret) else None,
            password_hash=None if is_pin(secret) else encoded,
            must_change=False,
        )
        try:
            if known is None:
                records.access.add(account, BY, datetime.now(UTC))
            else:
                records.access.change(name, "account", lambda _: account, BY, datetime.now(UTC))
        except AccessRefused as refused:
            fail(str(refused))
    if as_json:
        print_json({"name": name, "role": role.value})
    else:
        print_line(f"{name} can sign in as {role.value}.")


@app.command("disable")
def disable(path: LineFile, name: Name, as_json: Json = False) -> None:
    """Switches an account off: it is signed out within a second, and cannot sign in."""
    _switch(path, name, disabled=True, as_json=as_json)


@app.command("enable")
def enable(path: LineFile, name: Name, as_json: Json = False) -> None:
    """Switches an account on again."""
    _switch(path, name, disabled=False, as_json=as_json)


@app.command("list")
def list_accounts(path: LineFile, as_json: Json = False) -> None:
    """The accounts and their roles."""
    with _records(settings_of(path)) as records:
        found = records.accounts()
    if as_json:
        listed = [
            {
                "name": a.name,
                "display_name": a.display_name,
                "role": a.role.value,
                "badge": a.badge,
                "has_pin": a.pin_hash is not None,
                "has_password": a.password_hash is not None,
                "disabled": a.disabled,
            }
            for a in found
        ]
        print_json({"accounts": listed})
    else:
        rows = [
            (
                a.name,
                a.display_name,
                a.role.value,
                a.badge or "",
                " and ".join(
                    word for word, there in (("PIN", a.pin_hash), ("password", a.password_hash)) if there
                ),
                "off" if a.disabled else "on",
            )
            for a in found
        ]
        print_table(("name", "called", "role", "badge", "signs in with", ""), rows)


@contextmanager
def _records(settings: LineSettings) -> "Iterator[ReviewRecords]":
    from edge.store import open_database
    from records.pictures import Pictures
    from records.review_records import ReviewRecords

    database = open_database(settings, checkpoint=False)
    try:
        yield ReviewRecords(database, Pictures(settings.store.frames))
    finally:
        database.close()


def _switch(path: LineFile, name: str, *, disabled: bool, as_json: bool) -> None:
    from records.access import AccessRefused

    with _records(settings_of(path)) as records:
        what = "disabled" if disabled else "enabled"
        now = datetime.now(UTC)
        try:
            account = records.access.change(name, what, lambda a: replace(a, disabled=disabled), BY, now)
        except AccessRefused as refused:
            fail(str(refused))
    if account is None:
        fail(f"There is no account {name}; jidoka accounts list shows those there are.")
    if as_json:
        print_json({"name": name, "disabled": disabled})
    else:
        print_line(f"{name} is {'off' if disabled else 'on'}.")
