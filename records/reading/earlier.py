"""Earlier cases about the same subject: what their evidence looked like, and what was decided on them."""

from collections import defaultdict
from uuid import UUID

from sqlalchemy import Connection, select

from quality.case import CaseState
from records.encoding import forecasts_from, sights_from
from records.reading.decisions import decision_view
from records.rows import case_from
from records.tables import cases, decisions, inspections
from records.views import DecisionView, EarlierCase


def earlier_cases(connection: Connection, case_id: UUID, count: int) -> tuple[EarlierCase, ...]:
    """The newest closed cases of the same line with the same leading subject, newest first."""
    asked = connection.execute(select(cases.c.line, cases.c.subject).where(cases.c.id == case_id)).first()
    if asked is None or asked.subject is None:
        return ()
    alike = (
        select(cases, inspections.c.forecast, inspections.c.sights)
        .join(inspections, inspections.c.id == cases.c.inspection_id)
        .where(
            cases.c.subject == asked.subject,
            cases.c.state == CaseState.CLOSED.value,
            cases.c.line == asked.line,
            cases.c.id != case_id,
        )
        .order_by(cases.c.number.desc())
        .limit(count)
    )
    rows = connection.execute(alike).all()
    decided = _decided(connection, [row.id for row in rows])
    found = []
    for row in rows:
        frames, findings = sights_from(row.sights, {})
        sizes = {frame.camera: (frame.width, frame.height) for frame in frames}
        found.append(
            EarlierCase(case_from(row), forecasts_from(row.forecast), findings, sizes, tuple(decided[row.id]))
        )
    return tuple(found)


def _decided(connection: Connection, case_ids: list[UUID]) -> dict[UUID, list[DecisionView]]:
    decided: dict[UUID, list[DecisionView]] = defaultdict(list)
    wanted = select(decisions).where(decisions.c.case_id.in_(case_ids)).order_by(decisions.c.number)
    for row in connection.execute(wanted):
        decided[row.case_id].append(decision_view(row))
    return decided
