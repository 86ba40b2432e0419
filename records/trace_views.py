"""What the store shows of parts in the order made: those measured for a control chart, all around one part."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from quality.judgement import Verdict


@dataclass(frozen=True, slots=True)
class MeasuredPart:
    """One measured value of a characteristic, with the passage it belongs to and the readings asked for."""

    inspection_id: int
    boot_count: int
    cycle_sequence: int
    serial: str
    at: datetime
    """When the passage began."""
    value: float
    readings: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class MeasuredSeries:
    """Measured parts, oldest first; `earlier` values of the characteristic are on record before them."""

    parts: tuple[MeasuredPart, ...]
    earlier: int


@dataclass(frozen=True, slots=True)
class PassageRow:
    """One passage among others: `conforming` is what its measurement says, None when it was not measured."""

    inspection_id: int
    boot_count: int
    cycle_sequence: int
    serial: str
    at: datetime
    verdict: Verdict
    conforming: bool | None
    readings: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A passage and those before and after it, in the order made; `more_*` says that they are not all."""

    passages: tuple[PassageRow, ...]
    more_before: bool
    more_after: bool


@dataclass(frozen=True, slots=True)
class Span:
    """Inspections from the one number to the other, both included."""

    first: int
    last: int
