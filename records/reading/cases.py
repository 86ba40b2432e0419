"""Cases: the queue, one with all that belongs to it, and those like it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from quality.case import CaseState
from quality.judgement import Verdict
from records.encoding import judgements_from
from records.moments import moment
from records.pictures import Pictures
from records.reading.decisions import decisions_of_case
from records.reading.inspections import inspection_detail
from records.rows import case_from
from records.tables import cases, inspections
from records.views import CaseDetail, CaseRow, Page

ON_IT_FOR = timedelta(minutes=10)
"""Who has taken a case and given no sign of life for so long is not on it any more."""

_QUEUE = select(cases, inspections.c.verdict, inspections.c.judgements).outerjoin(
    inspections, inspections.c.id == cases.c.inspection_id
)


def case_page(
    connection: Connection,
    line: str | None,
    states: frozenset[CaseState] | None,
    below: int | None,
    limit: int,
    now: datetime,
) -> Page[CaseRow]:
    """A page of cases, newest first."""
    page = _QUEUE.order_by(cases.c.number.desc()).limit(limit + 1)
    if line is not None:
        page = page.where(cases.c.line == line)
    if states is not None:
        page = page.where(cases.c.state.in_(sorted(state.value for state in states)))
    if below is not None:
        page = page.where(cases.c.number < below)
    rows = connection.execute(page).all()
    following = rows[limit - 1].number if len(rows) > limit else None
    return Page(tuple(_case_row(row, now) for row in rows[:limit]), following)


def case_detail(connection: Connection, pictures: Pictures, case_id: UUID, now: datetime) -> CaseDetail | None:
    """One case with its inspection and decisions."""
    row = connection.execute(select(cases).where(cases.c.id == case_id)).first()
    return _detail(connection, pictures, row, now) if row else None


def _case_row(row: Row[Any], now: datetime) -> CaseRow:
    taken_by, taken_at = _on_it(row, now)
    return CaseRow(
        case=case_from(row),
        inspection_id=row.inspection_id,
        verdict=Verdict(row.verdict) if row.verdict else None,
        judgements=judgements_from(row.judgements) if row.judgements else (),
        taken_by=taken_by,
        taken_at=taken_at,
    )


def _on_it(row: Row[Any], now: datetime) -> tuple[str | None, datetime | None]:
    """Who is on the case, and since when they last said so."""
    if row.taken_at is None or moment(row.taken_at) + ON_IT_FOR <= now:
        return None, None
    return row.taken_by, moment(row.taken_at)


def _detail(connection: Connection, pictures: Pictures, row: Row[Any], now: datetime) -> CaseDetail:
    inspection = None
    if row.inspection_id is not None:
        inspection = inspection_detail(connection, pictures, row.inspection_id)
    return CaseDetail(case_from(row), inspection, decisions_of_case(connection, row.id), *_on_it(row, now))
