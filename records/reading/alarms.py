"""Alarms: those that a person has to see, and all there were."""

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from quality.alarm import Shelf, alarm_state
from records.moments import micros, moment
from records.tables import alarms, shelves
from records.views import AlarmFilter, AlarmView, ListedAlarm, Page

_MOST = 500


def alarms_of(connection: Connection, line: str, *, standing_only: bool) -> tuple[AlarmView, ...]:
    """The newest alarms, newest first."""
    wanted = _newest(line).limit(_MOST)
    if standing_only:
        wanted = wanted.where(alarms.c.cleared_at.is_(None))
    return tuple(_view(row) for row in connection.execute(wanted))


def listed_alarms(connection: Connection, line: str, now: datetime) -> tuple[ListedAlarm, ...]:
    """What stands or nobody has acknowledged, one for each source and kind: the most urgent and oldest first."""
    wanted = _newest(line).where(alarms.c.cleared_at.is_(None) | alarms.c.acknowledged_at.is_(None)).limit(_MOST)
    rows = [_view(row) for row in connection.execute(wanted)]
    unacknowledged = Counter((alarm.source, alarm.kind) for alarm in rows if alarm.acknowledged_at is None)
    newest = {(alarm.source, alarm.kind): alarm for alarm in reversed(rows)}
    away = _shelves(connection, line, now)
    led = _first_of_bursts(connection, [alarm.id for alarm in newest.values()])
    listed = [
        ListedAlarm(
            alarm=alarm,
            state=alarm_state(
                stands=alarm.cleared_at is None,
                acknowledged=alarm.acknowledged_at is not None,
                shelved=key in away,
            ),
            times=max(1, unacknowledged[key]),
            first_out=alarm.id in led,
            shelf=away.get(key),
        )
        for key, alarm in newest.items()
    ]
    return tuple(sorted(listed, key=lambda each: (each.alarm.priority, each.alarm.raised_at, each.alarm.id)))


def alarm_of(connection: Connection, line: str, alarm_id: int) -> AlarmView | None:
    """One alarm."""
    row = connection.execute(_newest(line).where(alarms.c.id == alarm_id)).first()
    return _view(row) if row else None


def alarm_page(
    connection: Connection, line: str, wanted: AlarmFilter, below: int | None, limit: int
) -> Page[AlarmView]:
    """A page of alarms, newest first."""
    page = _newest(line).limit(limit + 1)
    if wanted.since is not None:
        page = page.where(alarms.c.raised_at >= micros(wanted.since))
    if wanted.until is not None:
        page = page.where(alarms.c.raised_at < micros(wanted.until))
    for column in ("priority", "source", "kind"):
        if (value := getattr(wanted, column)) is not None:
            page = page.where(alarms.c[column] == value)
    if below is not None:
        page = page.where(alarms.c.id < below)
    rows = connection.execute(page).all()
    following = rows[limit - 1].id if len(rows) > limit else None
    return Page(tuple(_view(row) for row in rows[:limit]), following)


def raised_between(connection: Connection, line: str, since: datetime, until: datetime) -> tuple[datetime, ...]:
    """When alarms were raised between the two times, oldest first."""
    wanted = (
        select(alarms.c.raised_at)
        .where(alarms.c.line == line, alarms.c.raised_at >= micros(since), alarms.c.raised_at < micros(until))
        .order_by(alarms.c.raised_at)
    )
    return tuple(moment(at) for at in connection.execute(wanted).scalars())


def _newest(line: str) -> Select[Any]:
    return select(alarms).where(alarms.c.line == line).order_by(alarms.c.id.desc())


def _shelves(connection: Connection, line: str, now: datetime) -> dict[tuple[str, str], Shelf]:
    wanted = select(shelves).where(shelves.c.line == line, shelves.c.until > micros(now))
    return {
        (row.source, row.kind): Shelf(
            row.source, row.kind, row.by, row.reason, moment(row.since), moment(row.until)
        )
        for row in connection.execute(wanted)
    }


def _first_of_bursts(connection: Connection, ids: list[int]) -> set[int]:
    """Which of those alarms others came after in a burst."""
    wanted = select(alarms.c.burst).where(alarms.c.burst.in_(ids)).distinct()
    return set(connection.execute(wanted).scalars())


def _view(row: Row[Any]) -> AlarmView:
    return AlarmView(
        id=row.id,
        source=row.source,
        kind=row.kind,
        priority=row.priority,
        sentence=row.sentence,
        raised_at=moment(row.raised_at),
        cleared_at=None if row.cleared_at is None else moment(row.cleared_at),
        latched=row.latched,
        acknowledged_at=None if row.acknowledged_at is None else moment(row.acknowledged_at),
        acknowledged_by=row.acknowledged_by,
        burst=row.burst or row.id,
    )
