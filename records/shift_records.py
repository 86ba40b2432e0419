"""Shifts, as the review station reads them and writes their notes."""

from datetime import datetime

from quality.shift import Shift
from records.database import Database
from records.reading.shifts import shift_record
from records.shift_notes import note_of, write_note
from records.shift_views import ShiftNote, ShiftRecord


class ShiftRecords:
    """Safe to be called from many threads; every call is short. Every method raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, line: str, shift: Shift, now: datetime) -> ShiftRecord:
        """What became of the shift, up to `now` while it lasts."""
        with self._database.read() as connection:
            return shift_record(connection, line, shift.start, shift.end, now)

    def note(self, line: str, shift: Shift) -> ShiftNote | None:
        """What it wrote down for the next."""
        with self._database.read() as connection:
            return note_of(connection, line, shift.start)

    def write_note(self, line: str, shift: Shift, text: str, seen: int, by: str, at: datetime) -> ShiftNote | None:
        """Replaces its note, if that is still the version that was seen (0: none yet).

        Returns the note that another person has written meanwhile, and then nothing was changed; else None.
        """
        with self._database.write() as connection:
            return write_note(connection, line, shift.start, text, seen, by, at)
