"""What happened to the line between two parts that makes a change likelier: a gap, a pause, a counter set back.

Nothing needs to be told what is usual: it is seen from the parts before.
"""

import re
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from statistics import median

REMEMBERED = 200
USUAL_SHARE = 0.05
"""A step of the serial that makes up this share of the recent ones is usual."""
LONG_PAUSE = 10.0
"""A pause is long from so many times the usual time between two parts."""
COUNTS_FROM = 20
"""A reading that has not fallen for so many parts is a counter."""
_LAST_NUMBER = re.compile(r"(\d+)\D*$")


class Cue(StrEnum):
    """Something that happened to the line."""

    GAP = "GAP"
    """Parts are missing between two serials or sequences."""
    PAUSE = "PAUSE"
    """The line stood still."""
    MAINTENANCE = "MAINTENANCE"
    """Maintenance is on record."""
    TOOL = "TOOL"
    """A counter, like that of a tool's life, was set back."""
    RESTART = "RESTART"
    """The PLC started anew."""


@dataclass(frozen=True, slots=True)
class PartSeen:
    """A part as it is known before it is measured.

    `at` is when it was made, if known; `readings` by name, `chances` the forecast's probability of nonconformance
    by characteristic; `maintained` says that maintenance is on record since the part before.
    """

    serial: str
    sequence: int
    boot_count: int = 1
    at: datetime | None = None
    readings: Mapping[str, float] = field(default_factory=dict)
    chances: Mapping[str, float] = field(default_factory=dict)
    maintained: bool = False


class Interruptions:
    """Compares each part with the one before."""

    def __init__(self) -> None:
        self._last: PartSeen | None = None
        self._steps: deque[int] = deque(maxlen=REMEMBERED)
        self._pauses: deque[float] = deque(maxlen=REMEMBERED)
        self._rising: Counter[str] = Counter()

    def before(self, part: PartSeen) -> frozenset[Cue]:
        """What happened between the part seen last and this one; remembers it."""
        last, self._last = self._last, part
        if last is None:
            return frozenset()
        found = {
            Cue.RESTART: part.boot_count != last.boot_count,
            Cue.GAP: self._is_gap(last, part),
            Cue.PAUSE: self._is_pause(last, part),
            Cue.TOOL: self._is_set_back(last, part),
            Cue.MAINTENANCE: part.maintained,
        }
        return frozenset(cue for cue, so in found.items() if so)

    def _is_gap(self, last: PartSeen, part: PartSeen) -> bool:
        if part.boot_count == last.boot_count and part.sequence > last.sequence + 1:
            return True
        before, here = (_LAST_NUMBER.search(serial) for serial in (last.serial, part.serial))
        if before is None or here is None:
            return False
        step = int(here[1]) - int(before[1])
        self._steps.append(step)
        return self._steps.count(step) < USUAL_SHARE * len(self._steps)

    def _is_pause(self, last: PartSeen, part: PartSeen) -> bool:
        if last.at is None or part.at is None:
            return False
        pause = abs((part.at - last.at).total_seconds())
        long = bool(self._pauses) and pause > LONG_PAUSE * median(self._pauses)
        self._pauses.append(pause)
        return long

    def _is_set_back(self, last: PartSeen, part: PartSeen) -> bool:
        set_back = False
        for name, value in part.readings.items():
            before = last.readings.get(name)
            if before is not None and value < before:
                set_back |= self._rising[name] >= COUNTS_FROM
                self._rising[name] = 0
            elif before is not None:
                self._rising[name] += value > before
        return set_back
