"""The forecast model with its history: the newest parts' measurements and readings, gaps and all."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle, BundleError
from inference.session import Session, open_session
from quality.evidence import Forecast, Measurement, NoEvidence, Reading
from quality.inspection import Cycle
from quality.ports import HistoryRow

_MEND = "roll back to the last good bundle, or train it again"


class OnnxForecaster:
    """Forecasts parts with a `forecast` bundle; implements the port Forecaster.

    The graph takes `history` float32 [rows, C] (oldest first, NaN where nothing was measured) and, when the bundle
    uses readings, `history_readings` [rows, Q] and `readings` [Q]; it gives `mean` and `scale` [C]. May be called
    from several threads.
    """

    def __init__(self, bundle: Bundle, session: Session | None = None) -> None:
        """Opens the bundle's graph unless a session is handed in.

        Raises BundleError when the bundle is no forecast or unlike its graph.
        """
        self._digest = bundle.digest
        self._characteristics, self._readings, self._rows = _fields(bundle)
        self._column = {name: index for index, name in enumerate(self._characteristics)}
        count, quantity = len(self._characteristics), len(self._readings)
        self._measured = np.full((self._rows, count), np.nan, np.float32)
        self._read = np.full((self._rows, quantity), np.nan, np.float32)
        self._parts: list[tuple[str, int] | None] = [None] * self._rows
        self._lock = threading.Lock()
        self._session = session or open_session(bundle.model, self._feed(np.zeros(quantity, np.float32)))

    @property
    def characteristics(self) -> tuple[str, ...]:
        """What it forecasts, in the order of its arrays."""
        return self._characteristics

    @property
    def readings(self) -> tuple[str, ...]:
        """What it needs to know of the part."""
        return self._readings

    def restore(self, rows: Sequence[HistoryRow]) -> None:
        """Rebuilds the history from records, oldest first, in place of what it held."""
        with self._lock:
            self._measured[:] = np.nan
            self._read[:] = np.nan
            self._parts[:] = [None] * self._rows
            for cycle, readings, measurements in rows[-self._rows :]:
                self._remember(cycle, self._row(readings))
                self._fill(measurements)

    def forecast(self, cycle: Cycle, readings: Sequence[Reading]) -> Forecast | NoEvidence:
        """The part of that cycle from what is known before it. Remembers its readings as the newest row.

        Asked again about the newest cycle, it answers again from the same history. NoEvidence when a reading the
        model needs is missing, or when the model gives anything but a finite mean and a positive scale for each
        characteristic. Raises what the graph's run raises.
        """
        row = self._row(readings)
        with self._lock:
            if self._parts[-1] == (cycle.serial, cycle.sequence):
                self._forget_newest()
            # Copied and let go of before the graph runs: one that hangs must not keep anybody from the history.
            feed = {name: values.copy() for name, values in self._feed(row).items()}
            self._remember(cycle, row)
        missing = [name for name, value in zip(self._readings, row, strict=True) if not np.isfinite(value)]
        if missing:
            return NoEvidence(
                f"reading {missing[0]}",
                f"the forecast needs {', '.join(missing)}, and the part came without",
                "check the sensor and its register in LINE.yaml",
            )
        mean, scale = self._session.run(["mean", "scale"], feed)
        if (problem := self._problem(mean, scale)) is not None:
            return NoEvidence(f"forecast model {self._digest[:12]}", problem, _MEND)
        return Forecast(self._characteristics, mean.astype(np.float64), scale.astype(np.float64), self._digest)

    def learn(self, measurements: Sequence[Measurement]) -> None:
        """Fills in what was measured on an earlier part; parts that left the history are passed over."""
        with self._lock:
            self._fill(measurements)

    def _problem(self, mean: NDArray[Any], scale: NDArray[Any]) -> str | None:
        expected = (len(self._characteristics),)
        if mean.shape != expected or scale.shape != expected:
            return (
                f"it gave a mean of shape {list(mean.shape)} and a scale of shape {list(scale.shape)} for"
                f" {len(self._characteristics)} characteristics"
            )
        if not (np.isfinite(mean).all() and np.isfinite(scale).all() and (scale > 0).all()):
            return "it gave a mean or scale that is no number"
        return None

    def _fill(self, measurements: Sequence[Measurement]) -> None:
        for measurement in measurements:
            column = self._column.get(measurement.characteristic)
            part = (measurement.serial, measurement.cycle_sequence)
            if column is not None and part in self._parts:
                # The newest row of that name, should a PLC that lost its count ever repeat one.
                at = self._rows - 1 - self._parts[::-1].index(part)
                self._measured[at, column] = measurement.value

    def _row(self, readings: Sequence[Reading]) -> NDArray[np.float32]:
        values = {reading.name: reading.value for reading in readings}
        return np.array([values.get(name, np.nan) for name in self._readings], np.float32)

    def _remember(self, cycle: Cycle, row: NDArray[np.float32]) -> None:
        self._measured[:-1] = self._measured[1:]
        self._measured[-1] = np.nan
        self._read[:-1] = self._read[1:]
        self._read[-1] = np.where(np.isfinite(row), row, np.nan)
        self._parts[:] = [*self._parts[1:], (cycle.serial, cycle.sequence)]

    def _forget_newest(self) -> None:
        self._measured[1:] = self._measured[:-1].copy()
        self._read[1:] = self._read[:-1].copy()
        self._measured[0], self._read[0] = np.nan, np.nan
        self._parts[:] = [None, *self._parts[:-1]]

    def _feed(self, readings: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        feed: dict[str, NDArray[Any]] = {"history": self._measured}
        if self._readings:
            feed |= {"history_readings": self._read, "readings": readings}
        return feed


def _fields(bundle: Bundle) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """Characteristics, readings and rows as the manifest says them, checked against the graph's inputs."""
    if bundle.kind != "forecast":
        raise BundleError(f"{bundle.name}: is a {bundle.kind} bundle; name a forecast bundle here")
    characteristics, readings = _names(bundle, "characteristics"), _names(bundle, "readings")
    rows = bundle.fields.get("rows")
    if not isinstance(rows, int):
        raise BundleError(f"{bundle.name}: its fields must say how many rows of history it takes; {_MEND}")
    expected: dict[str, tuple[int, ...]] = {"history": (rows, len(characteristics))}
    if readings:
        expected |= {"history_readings": (rows, len(readings)), "readings": (len(readings),)}
    given: dict[str, tuple[int, ...]] = dict.fromkeys(("mean", "scale"), (len(characteristics),))
    for tensors, shapes in ((bundle.inputs, expected), (bundle.outputs, given)):
        found = {tensor.name: tensor.shape for tensor in tensors}
        if found != shapes or any(tensor.dtype != "float32" for tensor in tensors):
            raise BundleError(
                f"{bundle.name}: its graph has {', '.join(map(str, tensors))}, not {shapes}; {_MEND}"
            )
    return characteristics, readings, rows


def _names(bundle: Bundle, field: str) -> tuple[str, ...]:
    names = bundle.fields.get(field)
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise BundleError(f"{bundle.name}: its fields must name its {field}; {_MEND}")
    return tuple(names)
