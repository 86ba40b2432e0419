"""Orders and decisions on their way: recorded, sent, settled, each with its ledger entry in one transaction."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from quality.case import FINAL_DECISIONS, Decision, DecisionKind, settle
from quality.order import Order, OrderCode, OrderResult, OrderState
from records.ledger import append
from records.moments import micros
from records.rows import case_from, order_from
from records.tables import cases, decisions, orders
from records.writing.cases import move_case

TRAVELLING = (OrderState.RECORDED.value, OrderState.SENT.value)


def order_of(connection: Connection, decision_id: UUID) -> Order | None:
    """The order that was recorded for that decision, if any."""
    row = connection.execute(select(orders).where(orders.c.decision_id == decision_id)).first()
    return order_from(row) if row else None


def add_order(
    connection: Connection,
    key: bytes,
    now: datetime,
    decision: Decision,
    code: OrderCode,
    target: int,
    value: int,
    *,
    above: int,
) -> Order:
    """A new order for that decision, under the line's next sequence, which is greater than `above`."""
    newest = connection.execute(
        select(func.coalesce(func.max(orders.c.sequence), 0)).where(orders.c.line == decision.line)
    ).scalar_one()
    order = Order(max(newest, above) + 1, code, target, value, decision.id, now)
    connection.execute(
        insert(orders).values(
            line=decision.line,
            sequence=order.sequence,
            code=code.value,
            target=target,
            value=value,
            decision_id=decision.id,
            recorded_at=micros(now),
            state=order.state.value,
            boot_count=None,
            result=None,
            detail="",
        )
    )
    content = {"line": decision.line, "sequence": order.sequence, "code": code.value, "target": target}
    append(connection, key, now, ("order", {**content, "value": value, "decision": str(decision.id)}))
    return order


def mark_sent(connection: Connection, line: str, sequence: int, boot_count: int) -> None:
    """The order is about to be written; its first boot stays. A settled order stays settled."""
    of_line = (orders.c.line == line) & (orders.c.sequence == sequence) & orders.c.state.in_(TRAVELLING)
    decision_id = connection.execute(
        update(orders)
        .where(of_line)
        .values(state=OrderState.SENT.value, boot_count=func.coalesce(orders.c.boot_count, boot_count))
        .returning(orders.c.decision_id)
    ).scalar_one_or_none()
    if decision_id is not None:
        connection.execute(
            update(decisions).where(decisions.c.id == decision_id).values(travel=OrderState.SENT.value)
        )


def settle_order(
    connection: Connection,
    key: bytes,
    now: datetime,
    line: str,
    sequence: int,
    state: OrderState,
    result: OrderResult | None,
    detail: str,
) -> None:
    """What came of the order, its decision and its case. What is settled already stays as it is.

    Raises LookupError when the line has no such order.
    """
    of_line = (orders.c.line == line) & (orders.c.sequence == sequence)
    row = connection.execute(select(orders).where(of_line)).first()
    if row is None:
        raise LookupError(f"line {line} has no order {sequence}.")
    if row.state not in TRAVELLING:
        return
    answered = result.value if result else None
    connection.execute(update(orders).where(of_line).values(state=state.value, result=answered, detail=detail))
    entry = {"line": line, "sequence": sequence, "state": state.value, "result": answered, "detail": detail}
    append(connection, key, now, ("order_settled", entry))
    settle_decision(connection, key, now, row.decision_id, state, detail)


def settle_decision(
    connection: Connection, key: bytes, now: datetime, decision_id: UUID, state: OrderState, detail: str
) -> None:
    """What came of the decision; a final one closes its case when it was done and opens it again when not.

    What is settled already stays as it is. Raises LookupError when there is no such decision.
    """
    row = connection.execute(select(decisions).where(decisions.c.id == decision_id)).first()
    if row is None:
        raise LookupError(f"there is no decision {decision_id}.")
    if row.travel not in TRAVELLING:
        return
    connection.execute(
        update(decisions).where(decisions.c.id == decision_id).values(travel=state.value, detail=detail)
    )
    entry = {"decision": str(decision_id), "state": state.value, "detail": detail}
    append(connection, key, now, ("decision_settled", entry))
    if row.case_id is not None and DecisionKind(row.kind) in FINAL_DECISIONS:
        case = case_from(connection.execute(select(cases).where(cases.c.id == row.case_id)).one())
        move_case(connection, key, now, settle(case, applied=state is OrderState.DONE))
