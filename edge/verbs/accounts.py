"""The verbs about who may sign in: accounts add, accounts list."""

import sys
from typing import Annotated

import typer

from edge.answers import fail, print_json, print_line, print_table
from edge.verbs.line import Json, LineFile, settings_of
from quality.plan import Role

app = typer.Typer(help="Who may sign in at the review station.", no_args_is_help=True)
SHORTEST_PASSWORD = 8


@app.command("add")
def add(
    path: LineFile,
    name: Annotated[str, typer.Argument(help="What they sign in as.")],
    role: Annotated[Role, typer.Option(help="What they may do.")],
    display_name: Annotated[str, typer.Option("--name", help="How the tablet calls them.")] = "",
    as_json: Json = False,
) -> None:
    """Adds an account, or gives it a new password and role. The password is asked for, or read from a pipe."""
    from edge.store import open_database
    from records.pictures import Pictures
    from records.review_records import ReviewRecords
    from records.views import Account
    from review_api.accounts import PASSWORDS

    settings = settings_of(path)
    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    if len(password) < SHORTEST_PASSWORD:
        fail(f"The password has {len(password)} characters; give it at least {SHORTEST_PASSWORD}.")
    database = open_database(settings, checkpoint=False)
    try:
        records = ReviewRecords(database, Pictures(settings.store.frames))
        records.save_account(Account(name, display_name or name, role, PASSWORDS.hash(password)))
    finally:
        database.close()
    if as_json:
        print_json({"name": name, "role": role.value})
    else:
        print_line(f"{name} can sign in as {role.value}.")


@app.command("list")
def list_accounts(path: LineFile, as_json: Json = False) -> None:
    """The accounts and their roles."""
    from edge.store import open_database
    from records.pictures import Pictures
    from records.review_records import ReviewRecords

    settings = settings_of(path)
    database = open_database(settings, checkpoint=False)
    try:
        found = ReviewRecords(database, Pictures(settings.store.frames)).accounts()
    finally:
        database.close()
    if as_json:
        listed = [{"name": a.name, "display_name": a.display_name, "role": a.role.value} for a in found]
        print_json({"accounts": listed})
    else:
        print_table(("name", "called", "role"), [(a.name, a.display_name, a.role.value) for a in found])
