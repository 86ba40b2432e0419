"""Who gets in: accounts as an admin changes them, sessions ended early, and the tokens of programs.

Whatever changes what somebody may do goes into the ledger, in the same transaction.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from quality.plan import Role
from quality.saying import Saying, saying
from records.accounts import account_of, account_of_badge, account_of_subject, every_account, store_account
from records.database import Database
from records.ledger import append
from records.moments import micros, moment
from records.tables import ended_sessions, tokens
from records.views import Account, Token


class AccessRefused(Exception):  # noqa: N818 - it is an answer, not a fault
    """The change would break a rule of the accounts; `code` for programs, `said` for the person."""

    def __init__(self, code: str, said: Saying) -> None:
        super().__init__(str(said))
        self.code = code
        self.said = said


class AccessRecords:
    """The store, as signing in and the admin's page need it. Every method raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known_as(self, name_or_badge: str) -> Account | None:
        """The account of that name, else of whoever carries that badge."""
        if "\0" in name_or_badge:
            return None  # PostgreSQL has no text with it
        with self._database.read() as connection:
            return account_of(connection, name_or_badge) or account_of_badge(connection, name_or_badge)

    def of_subject(self, subject: str) -> Account | None:
        """The account of whom the plant's single sign-on calls that."""
        with self._database.read() as connection:
            return account_of_subject(connection, subject)

    def add(self, account: Account, by: str, at: datetime) -> Account:
        """Adds an account. Raises AccessRefused NAME_TAKEN or BADGE_TAKEN."""
        with self._database.write() as connection:
            if account_of(connection, account.name) is not None:
                raise AccessRefused(
                    "NAME_TAKEN",
                    saying("There is an account {name} already; choose another name.", name=account.name),
                )
            self._store(connection, account, "made", by, at)
        return account

    def change(
        self, name: str, what: str, change: Callable[[Account], Account], by: str, at: datetime
    ) -> Account | None:
        """The account as `change` made it from what is stored, or None when there is none of that name.

        `what` was changed, for the ledger. Raises AccessRefused BADGE_TAKEN, or LAST_ADMIN when nobody would be
        left who can give access.
        """
        with self._database.write() as connection:
            before = account_of(connection, name)
            if before is None:
                return None
            after = change(before)
            if _gives_access(before) and not _gives_access(after):
                others = [one for one in every_account(connection) if one.name != name]
                if not any(map(_gives_access, others)):
                    raise AccessRefused(
                        "LAST_ADMIN",
                        saying(
                            "{name} is the only one who can give access; make another account an admin first.",
                            name=name,
                        ),
                    )
            self._store(connection, after, what, by, at)
        return after

    def sign_out_everywhere(self, name: str, by: str, at: datetime) -> Account | None:
        """Ends every session of the account."""
        return self.change(name, "signed out everywhere", lambda a: replace(a, epoch=a.epoch + 1), by, at)

    def end_session(self, nonce: str, until: datetime, now: datetime) -> None:
        """Remembers until then that a session is over, and forgets those that are over by themselves."""
        with self._database.write() as connection:
            connection.execute(delete(ended_sessions).where(ended_sessions.c.until < micros(now)))
            known = connection.execute(select(ended_sessions.c.nonce).where(ended_sessions.c.nonce == nonce))
            if known.first() is None:
                connection.execute(insert(ended_sessions).values(nonce=nonce, until=micros(until)))

    def ended_sessions(self) -> dict[str, datetime]:
        """The sessions that were ended early, each with the time after which it would be over anyway."""
        with self._database.read() as connection:
            return {row.nonce: moment(row.until) for row in connection.execute(select(ended_sessions))}

    def add_token(self, token: Token, digest: bytes) -> None:
        """Adds a program's token, known by that digest."""
        with self._database.write() as connection:
            connection.execute(
                insert(tokens).values(
                    id=token.id,
                    title=token.title,
                    digest=digest,
                    made_by=token.made_by,
                    made_at=micros(token.made_at),
                )
            )
            self._witness_token(connection, token.id, "made", token.made_by, token.made_at)

    def token(self, digest: bytes) -> Token | None:
        """The token of that digest, revoked ones too."""
        with self._database.read() as connection:
            row = connection.execute(select(tokens).where(tokens.c.digest == digest)).first()
        return _token(row) if row else None

    def tokens(self) -> tuple[Token, ...]:
        """All of them, newest first."""
        with self._database.read() as connection:
            return tuple(map(_token, connection.execute(select(tokens).order_by(tokens.c.made_at.desc()))))

    def token_used(self, token_id: str, at: datetime) -> None:
        """Notes when a token was last used."""
        with self._database.write() as connection:
            connection.execute(update(tokens).where(tokens.c.id == token_id).values(used_at=micros(at)))

    def revoke_token(self, token_id: str, by: str, at: datetime) -> Token | None:
        """Makes a token worthless from now on; None when there is none of that id."""
        with self._database.write() as connection:
            here = connection.execute(select(tokens).where(tokens.c.id == token_id)).first()
            if here is None or here.revoked_at is not None:
                return _token(here) if here else None
            connection.execute(update(tokens).where(tokens.c.id == token_id).values(revoked_at=micros(at)))
            self._witness_token(connection, token_id, "revoked", by, at)
        return replace(_token(here), revoked_at=at)

    def _store(self, connection: Connection, account: Account, what: str, by: str, at: datetime) -> None:
        if account.badge is not None:
            holder = account_of_badge(connection, account.badge) or account_of(connection, account.badge)
            if holder is not None and holder.name != account.name:
                raise AccessRefused(
                    "BADGE_TAKEN",
                    saying(
                        "The badge {badge} is {name}'s; scan another one.", badge=account.badge, name=holder.name
                    ),
                )
        store_account(connection, account)
        content = {"account": account.name, "role": account.role.value, "what": what, "by": by}
        append(connection, self._database.ledger_key, at, ("access", content))

    def _witness_token(self, connection: Connection, token_id: str, what: str, by: str, at: datetime) -> None:
        content = {"token": token_id, "what": what, "by": by}
        append(connection, self._database.ledger_key, at, ("access", content))


def _gives_access(account: Account) -> bool:
    return account.role is Role.ADMIN and not account.disabled


def _token(row: Row[Any]) -> Token:
    return Token(
        id=row.id,
        title=row.title,
        made_by=row.made_by,
        made_at=moment(row.made_at),
        used_at=None if row.used_at is None else moment(row.used_at),
        revoked_at=None if row.revoked_at is None else moment(row.revoked_at),
    )
