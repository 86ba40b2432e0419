"""What is controlled on a part: a characteristic and the limits it has to stay within."""

import math
from dataclasses import dataclass
from typing import NewType

LineId = NewType("LineId", str)
StationId = NewType("StationId", str)
PartSerial = NewType("PartSerial", str)


@dataclass(frozen=True, slots=True)
class Limits:
    """The closed interval of values that conform, in the characteristic's unit.

    One-sided limits use an infinity for the side that is not limited.
    Raises ValueError when the interval is empty or a bound is NaN.
    """

    lower: float
    upper: float

    def __post_init__(self) -> None:
        if not self.lower < self.upper:
            raise ValueError(f"limits: lower {self.lower} must be below upper {self.upper}")

    def contain(self, value: float) -> bool:
        """True when the value conforms; NaN never does."""
        return self.lower <= value <= self.upper

    @property
    def width(self) -> float:
        """Upper minus lower; infinite for one-sided limits."""
        return self.upper - self.lower


@dataclass(frozen=True, slots=True)
class Characteristic:
    """A controlled property of the part, for example the x position of hole 4, in mm.

    `title` is what an engineer calls it ("hole 4 x"); `name` is what files and columns call it
    ("hole_4_x_mm"). `nominal` is None when the drawing names none. A part that is suspect in a `critical` one is
    let go by two people, never by one.
    """

    name: str
    unit: str
    limits: Limits
    nominal: float | None = None
    title: str = ""
    critical: bool = False

    @property
    def label(self) -> str:
        """The title, or the name made readable when the plan gives no title."""
        if self.title:
            return self.title
        stem = self.name.removesuffix(f"_{self.unit}")
        return stem.replace("_", " ")

    @property
    def target(self) -> float:
        """The value to steer towards: nominal, else the middle of two-sided limits, else the finite limit."""
        if self.nominal is not None:
            return self.nominal
        if math.isinf(self.limits.lower):
            return self.limits.upper
        if math.isinf(self.limits.upper):
            return self.limits.lower
        return (self.limits.lower + self.limits.upper) / 2
