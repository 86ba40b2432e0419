"""The control plans that a line has been run with: each is kept as it was when it was first used."""

import hashlib
from dataclasses import asdict
from datetime import datetime

import orjson
from sqlalchemy import Connection, insert, select

from quality.plan import ControlPlan
from records.encoding import to_json
from records.ledger import append
from records.moments import micros, moment
from records.tables import plans
from records.views import PlanRow, PlanView


def keep_plan(connection: Connection, key: bytes, now: datetime, line: str, plan: ControlPlan) -> None:
    """Keeps the plan unless the line has been run with it before."""
    of_version = (plans.c.line == line) & (plans.c.version == plan.version)
    if connection.execute(select(plans.c.version).where(of_version)).first() is not None:
        return
    content = to_json(asdict(plan))
    connection.execute(
        insert(plans).values(line=line, version=plan.version, content=content, first_used_at=micros(now))
    )
    witness = hashlib.sha256(content.encode()).hexdigest()
    append(connection, key, now, ("plan", {"line": line, "version": plan.version, "digest": witness}))


def plans_of(connection: Connection, line: str) -> tuple[PlanRow, ...]:
    """Every plan of the line, the newest first."""
    wanted = select(plans.c.version, plans.c.first_used_at).where(plans.c.line == line)
    rows = connection.execute(wanted.order_by(plans.c.first_used_at.desc(), plans.c.version))
    return tuple(PlanRow(row.version, moment(row.first_used_at)) for row in rows)


def plan_of(connection: Connection, line: str, version: str) -> PlanView | None:
    """One plan with all that it says; None when the line was never run with it."""
    of_version = (plans.c.line == line) & (plans.c.version == version)
    row = connection.execute(select(plans).where(of_version)).first()
    return PlanView(row.version, moment(row.first_used_at), orjson.loads(row.content)) if row else None
