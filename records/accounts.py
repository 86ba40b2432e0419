"""Accounts: who may sign in at the review station."""

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from quality.plan import Role
from records.tables import accounts
from records.views import Account


def account_of(connection: Connection, name: str) -> Account | None:
    """The account of that name."""
    row = connection.execute(select(accounts).where(accounts.c.name == name)).first()
    return _account(row) if row else None


def every_account(connection: Connection) -> tuple[Account, ...]:
    """All of them, by name."""
    return tuple(_account(row) for row in connection.execute(select(accounts).order_by(accounts.c.name)))


def store_account(connection: Connection, account: Account) -> None:
    """Adds the account, or replaces the one of its name."""
    values = {
        "display_name": account.display_name,
        "role": account.role.value,
        "password_hash": account.password_hash,
        "hints_seen": account.hints_seen,
    }
    if not connection.execute(update(accounts).where(accounts.c.name == account.name).values(**values)).rowcount:
        connection.execute(insert(accounts).values(name=account.name, **values))


def _account(row: Row[Any]) -> Account:
    return Account(row.name, row.display_name, Role(row.role), row.password_hash, row.hints_seen)
