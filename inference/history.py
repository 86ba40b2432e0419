"""What a forecaster remembers of the newest parts: what was read, measured and forecast."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quality.evidence import Measurement, Reading
from quality.inspection import Cycle

Rows = NDArray[np.float32]


class History:
    """The newest `rows` parts, oldest first; NaN is what is not known.

    `measured` [rows, C] and `read` [rows, Q] are what the graph takes; `mean` and `scale` [rows, C] are what it
    gave for each of those parts.
    """

    def __init__(self, rows: int, characteristics: tuple[str, ...], readings: tuple[str, ...]) -> None:
        self._column = {name: index for index, name in enumerate(characteristics)}
        self._readings = readings
        self.measured, self.mean, self.scale = (
            np.full((rows, len(characteristics)), np.nan, np.float32) for _ in range(3)
        )
        self.read = np.full((rows, len(readings)), np.nan, np.float32)
        self._parts: list[tuple[str, int] | None] = [None] * rows

    @property
    def newest(self) -> tuple[str, int] | None:
        """Serial and sequence of the newest part."""
        return self._parts[-1]

    @property
    def serials(self) -> list[str | None]:
        """The rows' serials; None before there were so many parts."""
        return [part[0] if part else None for part in self._parts]

    def row(self, readings: Sequence[Reading]) -> Rows:
        """The readings [Q] in the graph's order."""
        values = {reading.name: reading.value for reading in readings}
        return np.array([values.get(name, np.nan) for name in self._readings], np.float32)

    def feed(self, now: Rows) -> dict[str, NDArray[Any]]:
        """What the graph takes for the next part with those readings, copied."""
        feed: dict[str, NDArray[Any]] = {"history": self.measured.copy()}
        if self._readings:
            feed |= {"history_readings": self.read.copy(), "readings": now.copy()}
        return feed

    def remember(self, cycle: Cycle, row: Rows) -> None:
        """One more part, not measured and not forecast yet."""
        for rows in self._rows():
            rows[:-1] = rows[1:]
            rows[-1] = np.nan
        self.read[-1] = np.where(np.isfinite(row), row, np.nan)
        self._parts[:] = [*self._parts[1:], (cycle.serial, cycle.sequence)]

    def forget_newest(self) -> None:
        """Takes the newest part back."""
        for rows in self._rows():
            rows[1:] = rows[:-1].copy()
            rows[0] = np.nan
        self._parts[:] = [None, *self._parts[:-1]]

    def forecast_newest(self, cycle: Cycle, mean: Rows, scale: Rows) -> None:
        """Keeps what was forecast for that part, unless another one has come since."""
        if self.newest == (cycle.serial, cycle.sequence):
            self.mean[-1], self.scale[-1] = mean, scale

    def fill(self, measurement: Measurement) -> tuple[int, int] | None:
        """Fills in what was measured; gives row and column if that was not known before.

        Parts that left the history, and characteristics that are not forecast, are passed over.
        """
        column = self._column.get(measurement.characteristic)
        part = (measurement.serial, measurement.cycle_sequence)
        if column is None or part not in self._parts:
            return None
        # The newest row of that name, should a PLC that lost its count ever repeat one.
        at = len(self._parts) - 1 - self._parts[::-1].index(part)
        new = np.isnan(self.measured[at, column])
        self.measured[at, column] = measurement.value
        return (at, column) if new else None

    def _rows(self) -> tuple[Rows, ...]:
        return self.measured, self.mean, self.scale, self.read
