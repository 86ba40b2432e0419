"""Shifts: which one a moment belongs to, by the hours at which the plant's shifts begin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

SHIFTS = (time(6), time(14), time(22))
"""The usual three."""
_NEARBY = range(-2, 3)
"""Days around a moment in which its shift, the one before and the one after begin, clock change or not."""


@dataclass(frozen=True, slots=True)
class Shift:
    """From `start` until before `end`, both aware and in UTC."""

    start: datetime
    end: datetime

    def __contains__(self, at: datetime) -> bool:
        return self.start <= at < self.end


def shift_at(at: datetime, begins: Sequence[time], zone: tzinfo) -> Shift:
    """The shift in which that moment lies. `begins` are times of day in the plant's zone, at least one.

    The night in which clocks change has a shift that is an hour longer or shorter.
    """
    day = at.astimezone(zone).date()
    # Two hours that a clock change makes one moment count once.
    starts = sorted(
        {
            datetime.combine(day + timedelta(days=offset), begin, zone).astimezone(UTC)
            for offset in _NEARBY
            for begin in begins
        }
    )
    last = max(index for index, start in enumerate(starts) if start <= at)
    return Shift(starts[last], starts[last + 1])


def shift_before(shift: Shift, begins: Sequence[time], zone: tzinfo) -> Shift:
    """The shift that ended when this one began."""
    return shift_at(shift.start - timedelta(microseconds=1), begins, zone)


def shift_after(shift: Shift, begins: Sequence[time], zone: tzinfo) -> Shift:
    """The shift that begins when this one ends."""
    return shift_at(shift.end, begins, zone)
