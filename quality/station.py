"""What the line's PLC says of itself, and how it answers: the meaning of the contract, without registers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from quality.characteristic import PartSerial
from quality.evidence import NoEvidence, Reading
from quality.order import OrderResult
from quality.saying import Saying, saying


class VerdictAnswer(StrEnum):
    """How the PLC answered a verdict."""

    ACCEPTED = "ACCEPTED"
    WRONG_SEQUENCE = "WRONG_SEQUENCE"
    WRONG_SERIAL = "WRONG_SERIAL"
    BAD_CHECK_WORD = "BAD_CHECK_WORD"
    PART_GONE = "PART_GONE"


ANSWERED: Mapping[VerdictAnswer, Saying] = {
    VerdictAnswer.ACCEPTED: saying("accepted"),
    VerdictAnswer.WRONG_SEQUENCE: saying("wrong sequence"),
    VerdictAnswer.WRONG_SERIAL: saying("wrong serial"),
    VerdictAnswer.BAD_CHECK_WORD: saying("bad check word"),
    VerdictAnswer.PART_GONE: saying("part gone"),
}
"""The answers in words."""


@dataclass(frozen=True, slots=True)
class StationStatus:
    """One scan of the status block. Sequences count within one PLC boot."""

    boot_count: int
    heartbeat: int
    cycle_sequence: int
    serial: PartSerial
    part_present: bool
    ready_for_verdict: bool
    gate_closed: bool
    line_stopped: bool
    watchdog_tripped: bool
    bypass: bool
    held_count: int
    last_passed_sequence: int
    answered_cycle: int
    verdict_answer: VerdictAnswer | None
    answered_order: int
    order_result: OrderResult | None


@dataclass(frozen=True, slots=True)
class Scan:
    """What one scan of the equipment brought: the status, and each reading or why there is none.

    `seen_at` is the wall time (UTC) and `monotonic` the clock's seconds at which the reply was complete.
    """

    status: StationStatus
    readings: tuple[Reading | NoEvidence, ...]
    seen_at: datetime
    monotonic: float

    def value(self, name: str) -> float | None:
        """The reading of that name, or None when it is missing."""
        for reading in self.readings:
            if isinstance(reading, Reading) and reading.name == name:
                return reading.value
        return None
