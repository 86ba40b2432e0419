"""Alarms and the line's live state. Neither is evidence, so neither goes to the ledger."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, insert, select, update

from quality.alarm import Alarm
from records.encoding import to_json
from records.moments import micros
from records.tables import alarms, line_states


def stands(connection: Connection, line: str, source: str, kind: str) -> bool:
    """True while an alarm of that source and kind is open."""
    wanted = select(alarms.c.id).where(_standing(line, source, kind))
    return connection.execute(wanted).first() is not None


def add_alarm(connection: Connection, line: str, alarm: Alarm) -> None:
    """Opens the alarm."""
    connection.execute(
        insert(alarms).values(
            line=line,
            source=alarm.source,
            kind=alarm.kind,
            priority=int(alarm.priority),
            sentence=alarm.sentence,
            raised_at=micros(alarm.raised_at),
            cleared_at=None,
        )
    )


def end_alarm(connection: Connection, line: str, source: str, kind: str, at: datetime) -> None:
    """Closes the alarm of that source and kind."""
    connection.execute(update(alarms).where(_standing(line, source, kind)).values(cleared_at=micros(at)))


def end_alarms(connection: Connection, line: str, at: datetime) -> None:
    """Closes every alarm of the line."""
    standing = (alarms.c.line == line) & alarms.c.cleared_at.is_(None)
    connection.execute(update(alarms).where(standing).values(cleared_at=micros(at)))


def replace_state(connection: Connection, line: str, state: Mapping[str, object], now: datetime) -> None:
    """The line's live state instead of the one before."""
    values = {"state": to_json(dict(state)), "shown_at": micros(now)}
    if not connection.execute(update(line_states).where(line_states.c.line == line).values(**values)).rowcount:
        connection.execute(insert(line_states).values(line=line, **values))


def _standing(line: str, source: str, kind: str) -> ColumnElement[bool]:
    return (
        (alarms.c.line == line)
        & (alarms.c.source == source)
        & (alarms.c.kind == kind)
        & alarms.c.cleared_at.is_(None)
    )
