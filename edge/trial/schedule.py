"""The faults of a shift: every kind that can be injected, and which of them come when, drawn from the seed.

A kind is named here once; who makes it happen is its place: `NETWORK`, `STORE`, `EDGE`, `TABLET`, or else the
plant.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from types import MappingProxyType
from typing import Final

QUIET_S: Final = 600.0
"""At the end of a shift nothing fails any more, so that one sees whether everything recovers."""
MOST_OF_A_KIND: Final = 4
DETAILS: Final = 1 << 16


class FaultKind(StrEnum):
    """What can go wrong, one name for each fault that can be injected."""

    LINK_CUT = "link cut"
    LINK_PARTITION = "link partition"
    LINK_SLOW = "link slow"
    REQUEST_LOST = "request lost"
    REQUEST_TRUNCATED = "request truncated"
    REQUEST_CORRUPT = "request corrupt"
    REQUEST_DUPLICATED = "request duplicated"
    REPLY_LOST = "reply lost"
    REPLY_LATE = "reply late"
    REPLY_TRUNCATED = "reply truncated"
    REPLY_CORRUPT = "reply corrupt"
    REPLY_DUPLICATED = "reply duplicated"
    REPLY_OLD = "reply overtaken by an older one"
    REPLY_WRONG_FUNCTION = "reply with wrong function code"
    REPLY_WRONG_COUNT = "reply with wrong count"
    REPLY_WRONG_ECHO = "reply with wrong echo"
    REPLY_WRONG_UNIT = "reply with wrong unit"
    REPLY_TRANSACTION_0 = "reply with transaction 0"
    REPLY_GARBAGE = "garbage on the line"

    STORE_LOCKED = "store locked"
    STORE_FULL = "disk full"
    STORE_BROKEN = "disk error"
    STORE_SLOW = "disk slow"

    EDGE_KILLED = "edge killed"
    KILLED_BEFORE_COMMIT = "power cut before a transaction"
    KILLED_IN_TRANSACTION = "power cut mid-transaction"
    KILLED_AFTER_COMMIT = "power cut after commit"
    EDGE_HUNG = "edge heartbeat stopped"

    PLC_REBOOT = "plc reboot"
    PLC_HALTED = "plc heartbeat frozen"
    PLC_BUSY = "plc busy"
    PLC_EXCEPTION = "plc exception"
    STUCK_REGISTERS = "registers stuck"
    REGISTER_GLITCH = "register glitch"
    WORD_ORDER = "word order swapped"
    DUPLICATED_TRIGGER = "trigger duplicated"
    MISSED_TRIGGER = "trigger missed"
    SEQUENCE_ROLLOVER = "sequence rollover"
    SLIP = "two parts in the station"
    BYPASS = "bypass switch"
    PARAMETER_CLAMPED = "parameter clamped by the plc"
    SERIAL_DUPLICATE = "serial duplicated"
    NO_MORE_PARTS = "part left standing"
    READING_NAN = "reading not a number"
    READING_OUT_OF_RANGE = "reading out of range"

    CAMERA_FROZEN = "camera frozen"
    PREVIOUS_FRAME = "previous part's frame"
    CAMERA_CORRUPT = "picture corrupt"
    CAMERA_HANG = "capture hangs"
    CAMERA_GONE = "camera gone"
    WRONG_RESOLUTION = "wrong resolution"
    CAMERA_CLOCK = "camera clock ahead"

    MODEL_NAN = "model output not a number"
    MODEL_SHAPE = "model output of wrong shape"
    MODEL_RAISES = "model breaks down"
    MODEL_SLOW = "model slower than its deadline"
    MODEL_DIES = "inference worker killed"

    GAUGE_SILENT = "gauge silent"
    GAUGE_NAN = "gauge measures no number"
    GAUGE_LATE = "gauge late"

    CLOCK_FORWARD = "clock jumps forward"
    CLOCK_BACK = "clock jumps back"

    TABLET_OFFLINE = "tablet loses wi-fi after the tap"
    NOBODY_DECIDES = "nobody decides"
    TWO_DECIDE = "two decide at once"
    REPLAYED_DECISION = "decision replayed"
    CHANGED_REPLAY = "decision replayed with changed body"
    STALE_DECISION = "decision on a stale version"


NETWORK: Final = frozenset(kind for kind in FaultKind if kind.name.startswith(("LINK_", "REQUEST_", "REPLY_")))
STORE: Final = frozenset(kind for kind in FaultKind if kind.name.startswith(("STORE_", "KILLED_")))
EDGE: Final = frozenset({FaultKind.EDGE_KILLED, FaultKind.EDGE_HUNG})
TABLET: Final = frozenset({FaultKind.TABLET_OFFLINE})


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a shift."""

    at: float
    """Virtual seconds since the shift's start."""
    kind: FaultKind
    seconds: float
    """How long it lasts; what happens at one moment has 0."""
    detail: int
    """A number for the fault's own choices, 0 to 65535."""


_SECONDS: Final[Mapping[FaultKind, tuple[float, float]]] = MappingProxyType(
    {
        FaultKind.LINK_PARTITION: (0.2, 30.0),
        FaultKind.LINK_SLOW: (2.0, 30.0),
        **{kind: (1.0, 15.0) for kind in NETWORK if kind.name.startswith(("REQUEST_", "REPLY_"))},
        FaultKind.STORE_LOCKED: (0.5, 15.0),
        FaultKind.STORE_FULL: (1.0, 60.0),
        FaultKind.STORE_BROKEN: (0.5, 10.0),
        FaultKind.STORE_SLOW: (5.0, 60.0),
        FaultKind.EDGE_HUNG: (0.5, 12.0),
        FaultKind.PLC_REBOOT: (1.0, 20.0),
        FaultKind.PLC_HALTED: (2.0, 20.0),
        FaultKind.PLC_BUSY: (1.0, 10.0),
        FaultKind.PLC_EXCEPTION: (1.0, 10.0),
        FaultKind.STUCK_REGISTERS: (1.0, 60.0),
        FaultKind.WORD_ORDER: (1.0, 30.0),
        FaultKind.BYPASS: (10.0, 180.0),
        FaultKind.PARAMETER_CLAMPED: (60.0, 900.0),
        FaultKind.NO_MORE_PARTS: (30.0, 120.0),
        **{kind: (30.0, 120.0) for kind in FaultKind if kind.name.startswith(("READING_", "MODEL_", "GAUGE_"))},
        **{kind: (10.0, 90.0) for kind in FaultKind if kind.name.startswith("CAMERA_")},
        FaultKind.PREVIOUS_FRAME: (30.0, 90.0),
        FaultKind.WRONG_RESOLUTION: (30.0, 90.0),
        FaultKind.TABLET_OFFLINE: (60.0, 600.0),
        FaultKind.NOBODY_DECIDES: (300.0, 1200.0),
        **{kind: (120.0, 600.0) for kind in FaultKind if kind.name.endswith(("_DECIDE", "_DECISION", "_REPLAY"))},
    }
)
"""From the shortest to the longest; a kind that is not here happens at one moment."""


def draw(seed: int, hours: float, only: Iterable[FaultKind] = ()) -> tuple[Fault, ...]:
    """The shift's faults in order of time: one to four of every kind (of `only`, when any are named).

    Where they fall is even over the shift up to its quiet end, so that some come on top of each other.
    """
    until = hours * 3600 - QUIET_S
    wanted = set(only) or set(FaultKind)
    faults: list[Fault] = []
    for kind in wanted:
        # Chance of its own for every kind, so that leaving one out, or a new one, moves none of the others.
        own = Random(f"{kind} {seed}")
        for _ in range(own.randint(1, MOST_OF_A_KIND)):
            shortest, longest = _SECONDS.get(kind, (0.0, 0.0))
            seconds = own.uniform(shortest, longest)
            at = own.uniform(1.0, max(1.0, until - seconds))
            faults.append(Fault(round(at, 3), kind, round(seconds, 3), own.randrange(DETAILS)))
    return tuple(sorted(faults, key=lambda fault: (fault.at, fault.kind)))
