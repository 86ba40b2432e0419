"""A recording of a line: what it made, in the order made, ready to learn from or to be replayed.

The folder's format is read elsewhere; here is only what was read.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from quality.characteristic import Characteristic


@dataclass(frozen=True, slots=True, eq=False)
class PartHistory:
    """The parts of a recording in the order made.

    `measured` is float64 [parts, characteristics] in each characteristic's unit, NaN where nothing was measured;
    `readings` is float64 [parts, len(reading_names)], NaN where missing; `times` holds one aware or naive
    datetime or None for each part, under each time column's name.
    """

    characteristics: tuple[Characteristic, ...]
    sequence: NDArray[np.int64]
    serials: tuple[str, ...]
    measured: NDArray[np.float64]
    reading_names: tuple[str, ...]
    readings: NDArray[np.float64]
    times: dict[str, tuple[datetime | None, ...]]
    bars: tuple[str | None, ...]
    provoked: NDArray[np.int64]
    maintenance: tuple[tuple[datetime, str, str], ...]
    """(at, machine, event), in the order of time."""

    def __len__(self) -> int:
        return len(self.serials)

    @property
    def nonconforming(self) -> NDArray[np.bool_]:
        """True [parts] where any measured characteristic is outside its limits."""
        lower = np.array([c.limits.lower for c in self.characteristics])
        upper = np.array([c.limits.upper for c in self.characteristics])
        with np.errstate(invalid="ignore"):
            outside = (self.measured < lower) | (self.measured > upper)
        return np.asarray(outside.any(axis=1))


@dataclass(frozen=True, slots=True)
class LabelledFrame:
    """One picture of a recording. `path` and `mask` are files inside the recording; `mask` may be None."""

    path: str
    tile_group: str
    exposure: str
    label: str
    conforming: bool
    mask: str | None
