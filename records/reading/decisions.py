"""Decisions, the orders they became, and how far they have travelled."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from quality.case import DecisionKind, Disposition
from quality.order import Order, OrderState
from quality.plan import Role
from records.moments import micros, moment
from records.rows import order_from, second_from
from records.tables import decisions, orders
from records.views import DecisionView, Filter, Page


def decision_view(row: Row[Any]) -> DecisionView:
    """The view of a row."""
    return DecisionView(
        id=row.id,
        kind=DecisionKind(row.kind),
        case_id=row.case_id,
        decided_by=row.decided_by,
        role=Role(row.role),
        decided_at=moment(row.decided_at),
        reason=row.reason,
        disposition=Disposition(row.disposition) if row.disposition else None,
        parameter=row.parameter,
        value=row.value,
        travel=OrderState(row.travel),
        detail=row.detail,
        serial=row.serial,
        reason_code=row.reason_code,
        signed_at=moment(row.signed_at) if row.signed_at is not None else None,
        second=second_from(row),
        case_version=row.case_version,
    )


def decision_of(connection: Connection, decision_id: UUID) -> DecisionView | None:
    """One decision."""
    row = connection.execute(select(decisions).where(decisions.c.id == decision_id)).first()
    return decision_view(row) if row else None


def stored_decision(connection: Connection, decision_id: UUID) -> DecisionView:
    """One decision that is there. Raises NoResultFound when it is not."""
    return decision_view(connection.execute(select(decisions).where(decisions.c.id == decision_id)).one())


def decisions_of_case(connection: Connection, case_id: UUID) -> tuple[DecisionView, ...]:
    """Every decision taken on the case, oldest first."""
    wanted = select(decisions).where(decisions.c.case_id == case_id).order_by(decisions.c.number)
    return tuple(decision_view(row) for row in connection.execute(wanted))


def orders_of(connection: Connection, line: str) -> tuple[Order, ...]:
    """Every order of the line, by sequence."""
    wanted = select(orders).where(orders.c.line == line).order_by(orders.c.sequence)
    return tuple(order_from(row) for row in connection.execute(wanted))


def decision_page(connection: Connection, wanted: Filter, below: int | None, limit: int) -> Page[DecisionView]:
    """A page of decisions, newest first, by line, time and serial."""
    table = decisions.c
    page = select(decisions).order_by(table.number.desc()).limit(limit + 1)
    if wanted.line is not None:
        page = page.where(table.line == wanted.line)
    if wanted.since is not None:
        page = page.where(table.decided_at >= micros(wanted.since))
    if wanted.until is not None:
        page = page.where(table.decided_at < micros(wanted.until))
    if wanted.serial is not None:
        page = page.where(table.serial == wanted.serial)
    if below is not None:
        page = page.where(table.number < below)
    rows = connection.execute(page).all()
    following = rows[limit - 1].number if len(rows) > limit else None
    return Page(tuple(decision_view(row) for row in rows[:limit]), following)
