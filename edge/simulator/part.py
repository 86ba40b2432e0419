"""The simulated part: a bumper beam with six milled holes, what it is, and what the drawing asks of it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

HOLES: Final = 6
HOLES_PER_SPINDLE: Final = 3
"""Spindle A mills holes 1 to 3, spindle B holes 4 to 6."""

NOMINAL_DIAMETER_MM: Final = 14.0
POSITION_LIMIT_MM: Final = 0.18
DIAMETER_LIMIT_MM: Final = 0.05

CHARACTERISTICS: Final = tuple(
    f"hole_{hole}_{what}_mm" for hole in range(1, HOLES + 1) for what in ("x", "y", "diameter")
)
NOMINAL: Final[NDArray[np.float64]] = np.tile([0.0, 0.0, NOMINAL_DIAMETER_MM], HOLES)
_ALLOWED: Final = np.tile([POSITION_LIMIT_MM, POSITION_LIMIT_MM, DIAMETER_LIMIT_MM], HOLES)
LOWER: Final[NDArray[np.float64]] = NOMINAL - _ALLOWED
UPPER: Final[NDArray[np.float64]] = NOMINAL + _ALLOWED

READINGS: Final = (
    "spindle_a_power_kw",
    "spindle_b_power_kw",
    "vibration_a_mm_s",
    "vibration_b_mm_s",
    "coolant_temperature_c",
    "ambient_temperature_c",
    "clamp_pressure_bar",
    "tool_life_a_parts",
    "tool_life_b_parts",
)

DEFECTS: Final = ("scratch", "burr", "chip", "missing_hole", "blowhole")


@dataclass(frozen=True, slots=True)
class Defect:
    """A surface defect: what it is, and the seed from which its shape and place are drawn."""

    label: str
    shape: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something that maintenance did to the machine before a part was made."""

    machine: str
    what: str


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One beam as it really is.

    `number` counts from 1 over the whole life of the line. `values` is float64 [18], the true characteristics
    in mm in the order of CHARACTERISTICS; `readings` is float64 [9] in the order of READINGS, as the sensors
    showed them while it was made. `made_s` is the machine time in seconds; `events` came just before.
    """

    number: int
    serial: str
    bar: int
    made_s: float
    values: NDArray[np.float64]
    readings: NDArray[np.float64]
    defect: Defect | None
    events: tuple[Event, ...]

    @property
    def out(self) -> tuple[str, ...]:
        """The characteristics that are outside their limits."""
        outside = (self.values < LOWER) | (self.values > UPPER)
        return tuple(name for name, bad in zip(CHARACTERISTICS, outside, strict=True) if bad)

    @property
    def conforming(self) -> bool:
        """True when every characteristic is within its limits and the surface has no defect."""
        return self.defect is None and not self.out
