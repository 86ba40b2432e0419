"""What a shift writes down for the next."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from records.moments import micros, moment
from records.shift_views import ShiftNote
from records.tables import shift_notes


def note_of(connection: Connection, line: str, start: datetime) -> ShiftNote | None:
    """What the shift that began then wrote down."""
    here = (shift_notes.c.line == line) & (shift_notes.c.start == micros(start))
    row = connection.execute(select(shift_notes).where(here)).first()
    return ShiftNote(row.text, row.version, row.written_by, moment(row.written_at)) if row else None


def write_note(
    connection: Connection, line: str, start: datetime, text: str, seen: int, by: str, at: datetime
) -> ShiftNote | None:
    """Replaces the note of that shift, if it is still the version that was seen (0: none yet).

    Returns the note that another person has written meanwhile, and then nothing was changed; else None.
    """
    known = note_of(connection, line, start)
    if (known.version if known else 0) != seen:
        return known
    values = {"text": text, "version": seen + 1, "written_by": by, "written_at": micros(at)}
    if known is None:
        connection.execute(insert(shift_notes).values(line=line, start=micros(start), **values))
    else:
        here = (shift_notes.c.line == line) & (shift_notes.c.start == micros(start))
        connection.execute(update(shift_notes).where(here).values(**values))
    return None
