"""Alarms: what maintenance or an engineer has to know, by source and kind, with the mend.

States, shelving, first-out and rates follow ISA-18.2 (IEC 62682); what a rate is held against is from there and
from EEMUA 191: one alarm in ten minutes is what one person can deal with, ten in ten minutes is a flood.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from itertools import accumulate
from math import ceil

TEN_MINUTES = timedelta(minutes=10)
TARGET_RATE = 1
"""Alarms in ten minutes that one person can answer, over a long time."""
FLOOD_FROM = 10
FLOOD_BELOW = 5
"""A flood begins with so many alarms in ten minutes, and ends with fewer than the second number."""
LONGEST_SHELF = timedelta(hours=8)
BURST_GAP = timedelta(seconds=10)
LONGEST_BURST = timedelta(minutes=1)


class Priority(IntEnum):
    """ISA-18.2 style priorities; 1 is the most urgent."""

    URGENT = 1
    HIGH = 2
    LOW = 3


class AlarmState(StrEnum):
    """Whether an alarm stands, and whether a person has said that they know of it."""

    UNACKNOWLEDGED = "UNACKNOWLEDGED"
    """It stands, and nobody has acknowledged it."""
    ACKNOWLEDGED = "ACKNOWLEDGED"
    """It stands, and somebody knows."""
    RETURNED = "RETURNED"
    """It stands no longer, and nobody has acknowledged it."""
    SHELVED = "SHELVED"
    """A person has put it out of sight until a time."""
    NORMAL = "NORMAL"
    """It stands no longer, and somebody knew."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is wrong. `source` names the device, `sentence` says what and the mend.

    A latched one tells of what has happened and cannot be undone: it stands until a person acknowledges it.
    """

    source: str
    kind: str
    priority: Priority
    sentence: str
    raised_at: datetime
    latched: bool = False


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a person has put every alarm of one source and kind, until a time, and why.

    Raises ValueError without a reason, and for longer than `LONGEST_SHELF`.
    """

    source: str
    kind: str
    by: str
    reason: str
    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError(f"shelving {self.source}, {self.kind}: say why")
        if not timedelta() < self.until - self.since <= LONGEST_SHELF:
            raise ValueError(f"shelving {self.source}, {self.kind}: up to {LONGEST_SHELF} from now, not longer")


def alarm_state(*, stands: bool, acknowledged: bool, shelved: bool) -> AlarmState:
    """The state of an alarm (ISA-18.2, figure of the alarm states)."""
    if shelved:
        return AlarmState.SHELVED
    if stands:
        return AlarmState.ACKNOWLEDGED if acknowledged else AlarmState.UNACKNOWLEDGED
    return AlarmState.NORMAL if acknowledged else AlarmState.RETURNED


def same_burst(first: datetime, last: datetime, raised: datetime) -> bool:
    """Whether an alarm belongs to the burst whose first and last alarms were raised then.

    What comes within seconds has one cause more often than not, and the first one out is nearest to it. What goes
    on for over a minute is no burst any more, or all that follows a chattering sensor would be its effect.
    """
    return timedelta() <= raised - last <= BURST_GAP and raised - first <= LONGEST_BURST


@dataclass(frozen=True, slots=True)
class AlarmRate:
    """How many alarms came in each ten minutes from `since` on, oldest first; the last may still be running."""

    since: datetime
    counts: tuple[int, ...]

    @property
    def average(self) -> float:
        """Alarms in ten minutes, over the whole time."""
        return sum(self.counts) / len(self.counts) if self.counts else 0.0

    @property
    def most(self) -> int:
        """The most in any ten minutes."""
        return max(self.counts, default=0)

    @property
    def floods(self) -> tuple[bool, ...]:
        """For each ten minutes, whether they belong to a flood."""
        limits = accumulate(
            self.counts, lambda flood, count: count >= (FLOOD_BELOW if flood else FLOOD_FROM), initial=False
        )
        return tuple(limits)[1:]


def alarm_rate(raised: Iterable[datetime], since: datetime, until: datetime) -> AlarmRate:
    """The rate of alarms raised at those times between `since` and `until`; others do not count."""
    counts = [0] * ceil((until - since) / TEN_MINUTES)
    for at in raised:
        if since <= at < until:
            counts[(at - since) // TEN_MINUTES] += 1
    return AlarmRate(since, tuple(counts))
