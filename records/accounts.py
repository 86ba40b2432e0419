"""Accounts: who may sign in at the review station."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from quality.plan import Role
from records.tables import accounts
from records.views import Account


def account_of(connection: Connection, name: str) -> Account | None:
    """The account of that name."""
    return _one(connection, accounts.c.name == name)


def account_of_badge(connection: Connection, badge: str) -> Account | None:
    """The account of whoever carries that badge."""
    return _one(connection, accounts.c.badge == badge)


def account_of_subject(connection: Connection, subject: str) -> Account | None:
    """The account of whom the plant's single sign-on calls that."""
    return _one(connection, accounts.c.subject == subject)


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
        "badge": account.badge,
        "pin_hash": account.pin_hash,
        "disabled": account.disabled,
        "must_change": account.must_change,
        "epoch": account.epoch,
        "subject": account.subject,
    }
    if not connection.execute(update(accounts).where(accounts.c.name == account.name).values(**values)).rowcount:
        connection.execute(insert(accounts).values(name=account.name, **values))


def _one(connection: Connection, wanted: ColumnElement[bool]) -> Account | None:
    row = connection.execute(select(accounts).where(wanted)).first()
    return _account(row) if row else None


def _account(row: Row[Any]) -> Account:
    return Account(
        name=row.name,
        display_name=row.display_name,
        role=Role(row.role),
        password_hash=row.password_hash,
        hints_seen=row.hints_seen,
        badge=row.badge,
        pin_hash=row.pin_hash,
        disabled=row.disabled,
        must_change=row.must_change,
        epoch=row.epoch,
        subject=row.subject,
    )
