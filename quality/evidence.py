"""What is known about a part before it is judged, and what could not be known.

Evidence comes from equipment (`Reading`), gauges (`Measurement`), cameras (`Frame`) and models
(`Finding`, `Forecast`). What failed on the way is a `NoEvidence`, which is evidence for a hold.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from quality.characteristic import PartSerial
from quality.saying import Saying

_NOTHING = Saying("")


@dataclass(frozen=True, slots=True)
class NoEvidence:
    """Something that should have been known and is not: which device failed, how, and the mend."""

    device: str
    problem: Saying
    mend: Saying = _NOTHING


@dataclass(frozen=True, slots=True)
class Reading:
    """A process value from equipment in `unit`, with the time it was read (UTC)."""

    name: str
    value: float
    unit: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Measurement:
    """A value of one characteristic measured on one part by a gauge: the ground truth, in its unit."""

    characteristic: str
    value: float
    serial: PartSerial
    cycle_sequence: int
    at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One camera picture of one part.

    `encoded` is the picture as the camera sent it and `sha256` its hex digest; `pixels` is uint8,
    [height, width] or [height, width, 3] (BGR), as the surface model asks for it.
    """

    camera: str
    captured_at: datetime
    sha256: str
    encoded: bytes
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the full-size frame, in pixels, with the score of what is in it (0..1)."""

    left: int
    top: int
    width: int
    height: int
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What the surface model saw on one frame.

    `score` is the probability in 0..1 that the face is nonconforming; `map` is float32 [rows, columns]
    in 0..1 over the whole frame; `model` is the bundle's digest; `mm_per_pixel` is the camera's scale on the face,
    None where nobody has measured it.
    """

    camera: str
    score: float
    map: NDArray[np.float32]
    boxes: tuple[Box, ...]
    model: str
    mm_per_pixel: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """The predictive distribution of a part that is not measured yet.

    `mean` and `scale` are float64 [len(characteristics)], in each characteristic's unit: a normal
    distribution with that mean and standard deviation. `model` is the bundle's digest.
    """

    characteristics: tuple[str, ...]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    model: str

    def of(self, characteristic: str) -> tuple[float, float]:
        """Mean and scale of one characteristic. Raises ValueError when it is not forecast."""
        index = self.characteristics.index(characteristic)
        return float(self.mean[index]), float(self.scale[index])
