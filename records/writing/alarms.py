"""Alarms, what people do about them, and the line's live state. None is evidence, so none goes to the ledger."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, insert, select, update

from quality.alarm import Alarm, Shelf, same_burst
from records.encoding import to_json
from records.moments import micros, moment
from records.tables import alarms, line_states, shelves


def stands(connection: Connection, line: str, source: str, kind: str) -> bool:
    """True while an alarm of that source and kind is open."""
    wanted = select(alarms.c.id).where(_standing(line, source, kind))
    return connection.execute(wanted).first() is not None


def add_alarm(connection: Connection, line: str, alarm: Alarm) -> None:
    """Opens the alarm; a latched one takes the place of one that stands."""
    if alarm.latched:
        end_alarm(connection, line, alarm.source, alarm.kind, alarm.raised_at)
    connection.execute(
        insert(alarms).values(
            line=line,
            source=alarm.source,
            kind=alarm.kind,
            priority=int(alarm.priority),
            sentence=alarm.sentence,
            raised_at=micros(alarm.raised_at),
            cleared_at=None,
            latched=alarm.latched,
            burst=_burst(connection, line, alarm.raised_at),
        )
    )


def end_alarm(connection: Connection, line: str, source: str, kind: str, at: datetime) -> None:
    """Closes the alarm of that source and kind."""
    connection.execute(update(alarms).where(_standing(line, source, kind)).values(cleared_at=micros(at)))


def end_alarms(connection: Connection, line: str, at: datetime) -> None:
    """Closes every alarm of the line that is not latched."""
    standing = (alarms.c.line == line) & alarms.c.cleared_at.is_(None) & alarms.c.latched.is_(False)
    connection.execute(update(alarms).where(standing).values(cleared_at=micros(at)))


def acknowledge(connection: Connection, line: str, alarm_id: int, by: str, at: datetime) -> None:
    """Whoever acknowledges an alarm knows of the earlier ones of its source and kind; a latched one is over."""
    alarm = connection.execute(select(alarms).where(alarms.c.line == line, alarms.c.id == alarm_id)).first()
    if alarm is None:
        return
    told = (
        (alarms.c.line == line)
        & (alarms.c.source == alarm.source)
        & (alarms.c.kind == alarm.kind)
        & (alarms.c.id <= alarm_id)
        & alarms.c.acknowledged_at.is_(None)
    )
    over = told & alarms.c.latched.is_(True) & alarms.c.cleared_at.is_(None)
    connection.execute(update(alarms).where(over).values(cleared_at=micros(at)))
    connection.execute(update(alarms).where(told).values(acknowledged_at=micros(at), acknowledged_by=by))


def put_on_shelf(connection: Connection, line: str, shelf: Shelf) -> None:
    """Puts every alarm of its source and kind there, in place of an earlier time."""
    take_off_shelf(connection, line, shelf.source, shelf.kind, shelf.by, shelf.since)
    connection.execute(
        insert(shelves).values(
            line=line,
            source=shelf.source,
            kind=shelf.kind,
            by=shelf.by,
            reason=shelf.reason,
            since=micros(shelf.since),
            until=micros(shelf.until),
        )
    )


def take_off_shelf(connection: Connection, line: str, source: str, kind: str, by: str, at: datetime) -> None:
    """Shows them again, if they are out of sight."""
    here = (shelves.c.line == line) & (shelves.c.source == source) & (shelves.c.kind == kind)
    connection.execute(
        update(shelves).where(here & (shelves.c.until > micros(at))).values(until=micros(at), ended_by=by)
    )


def replace_state(connection: Connection, line: str, state: Mapping[str, object], now: datetime) -> None:
    """The line's live state instead of the one before."""
    values = {"state": to_json(dict(state)), "shown_at": micros(now)}
    if not connection.execute(update(line_states).where(line_states.c.line == line).values(**values)).rowcount:
        connection.execute(insert(line_states).values(line=line, **values))


def _burst(connection: Connection, line: str, raised_at: datetime) -> int | None:
    """The first alarm of the burst in which one raised now comes; None when it begins its own."""
    last = connection.execute(
        select(alarms).where(alarms.c.line == line).order_by(alarms.c.id.desc()).limit(1)
    ).first()
    if last is None:
        return None
    first: int = last.burst or last.id
    began = connection.execute(select(alarms.c.raised_at).where(alarms.c.id == first)).scalar_one()
    return first if same_burst(moment(began), moment(last.raised_at), raised_at) else None


def _standing(line: str, source: str, kind: str) -> ColumnElement[bool]:
    return (
        (alarms.c.line == line)
        & (alarms.c.source == source)
        & (alarms.c.kind == kind)
        & alarms.c.cleared_at.is_(None)
    )
