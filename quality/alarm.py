"""Alarms: what maintenance or an engineer has to know, by source and kind, with the mend."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


class Priority(IntEnum):
    """ISA-18.2 style priorities; 1 is the most urgent."""

    URGENT = 1
    HIGH = 2
    LOW = 3


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is wrong. `source` names the device, `sentence` says what and the mend."""

    source: str
    kind: str
    priority: Priority
    sentence: str
    raised_at: datetime
