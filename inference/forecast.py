"""The forecast model with its history: the newest parts' measurements and readings, gaps and all."""

import copy
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle, BundleError
from inference.explanation import explain_mean
from inference.history import History
from inference.session import Session, open_session
from quality.conformal import adapted, scores
from quality.evidence import Forecast, Measurement, NoEvidence, Reading
from quality.influence import Influence
from quality.inspection import Cycle
from quality.ports import HistoryRow
from quality.saying import Saying, saying

_MEND = saying("roll back to the last good bundle, or train it again")
FORECAST_AGAIN = 256
"""So many of the newest parts are forecast over again on restoring, to calibrate; older ones hardly tell."""


class OnnxForecaster:
    """Forecasts parts with a `forecast` bundle; implements the port Forecaster.

    The graph takes `history` float32 [rows, C] (oldest first, NaN where nothing was measured) and, when the bundle
    uses readings, `history_readings` [rows, Q] and `readings` [Q]; it gives `mean` and `scale` [C]. The scale is
    adapted to how often measured parts missed their 90 % intervals (quality.conformal). May be called from several
    threads.
    """

    def __init__(self, bundle: Bundle, session: Session | None = None) -> None:
        """Opens the bundle's graph unless a session is handed in.

        Raises BundleError when the bundle is no forecast or unlike its graph.
        """
        self._digest = bundle.digest
        self._characteristics, self._readings, self._length = _fields(bundle)
        self._history = self._blank()
        self._factor = np.ones(len(self._characteristics))
        self._lock = threading.Lock()
        nothing = self._history.feed(np.zeros(len(self._readings), np.float32))
        self._session = session or open_session(bundle.model, nothing)

    @property
    def characteristics(self) -> tuple[str, ...]:
        """What it forecasts, in the order of its arrays."""
        return self._characteristics

    @property
    def readings(self) -> tuple[str, ...]:
        """What it needs to know of the part."""
        return self._readings

    def restore(self, rows: Sequence[HistoryRow]) -> None:
        """Rebuilds the history from records, oldest first, in place of what it held.

        The newest FORECAST_AGAIN parts are forecast over again, each from what was measured before it was made, so
        that the calibration is nearly what it would be had they been lived through. Raises what the graph's run
        raises; the history is then whole all the same, and the calibration that of the parts before.
        """
        with self._lock:
            self._history = self._blank()
            self._factor = np.ones(len(self._characteristics))
            for cycle, readings, measurements in rows[-self._length :]:
                self._history.remember(cycle, self._history.row(readings))
                for measurement in measurements:
                    self._history.fill(measurement)
        lived = self._live_again(rows[-self._length - FORECAST_AGAIN :])
        with self._lock:
            self._history, self._factor = lived

    def forecast(self, cycle: Cycle, readings: Sequence[Reading]) -> Forecast | NoEvidence:
        """The part of that cycle from what is known before it. Remembers its readings as the newest row.

        Asked again about the newest cycle, it answers again from the same history. NoEvidence when a reading the
        model needs is missing, or when the model gives anything but a finite mean and a positive scale for each
        characteristic. Raises what the graph's run raises.
        """
        with self._lock:
            history, factor = self._history, self._factor
            row = history.row(readings)
            if history.newest == (cycle.serial, cycle.sequence):
                history.forget_newest()
            # Copied and let go of before the graph runs: one that hangs must not keep anybody from the history.
            feed = history.feed(row)
            history.remember(cycle, row)
        missing = [name for name, value in zip(self._readings, row, strict=True) if not np.isfinite(value)]
        if missing:
            return NoEvidence(
                saying("reading {name}", name=missing[0]),
                saying("the forecast needs {missing}, and the part came without", missing=", ".join(missing)),
                saying("check the sensor and its register in LINE.yaml"),
            )
        mean, scale = self._session.run(["mean", "scale"], feed)
        if (problem := self._problem(mean, scale)) is not None:
            return NoEvidence(saying("forecast model {digest}", digest=self._digest[:12]), problem, _MEND)
        with self._lock:
            history.forecast_newest(cycle, mean, scale)
        return Forecast(self._characteristics, mean.astype(np.float64), scale * factor, self._digest)

    def learn(self, measurements: Sequence[Measurement]) -> None:
        """Fills in what was measured on an earlier part; parts that left the history are passed over."""
        with self._lock:
            self._factor = _learnt(self._history, self._factor, measurements)

    def explain(
        self, cycle: Cycle, readings: Sequence[Reading], characteristic: str, most: int = 5
    ) -> tuple[Influence, ...]:
        """What moved the mean forecast for the part of that cycle, the greatest first; not for the hot path.

        To be asked while it is the newest part: empty once another came, and when a reading is missing. Raises
        ValueError for a characteristic that is not forecast, and what the graph's run raises.
        """
        if characteristic not in self._characteristics:
            raise ValueError(f"{characteristic} is not forecast; {', '.join(self._characteristics)} are")
        column = self._characteristics.index(characteristic)
        with self._lock:
            if self._history.newest != (cycle.serial, cycle.sequence):
                return ()
            history = copy.deepcopy(self._history)
        history.forget_newest()
        row = history.row(readings)
        if not np.isfinite(row).all():
            return ()
        return explain_mean(
            self._session,
            history.feed(row),
            column=column,
            readings=self._readings,
            serials=history.serials,
            most=most,
        )

    def _blank(self) -> History:
        return History(self._length, self._characteristics, self._readings)

    def _live_again(self, rows: Sequence[HistoryRow]) -> tuple[History, NDArray[np.float64]]:
        """The history and the scale's factors after those parts, of which the newest are forecast again."""
        history, factor = self._blank(), np.ones(len(self._characteristics))
        to_come: list[Measurement] = []
        for index, (cycle, readings, measurements) in enumerate(rows):
            known = [m for m in to_come if m.at <= cycle.triggered_at]
            to_come = [m for m in to_come if m.at > cycle.triggered_at]
            factor = _learnt(history, factor, known)
            row = history.row(readings)
            feed = history.feed(row)
            history.remember(cycle, row)
            if index >= len(rows) - FORECAST_AGAIN and np.isfinite(row).all():
                mean, scale = self._session.run(["mean", "scale"], feed)
                if self._problem(mean, scale) is None:
                    history.forecast_newest(cycle, mean, scale)
            to_come += measurements
        return history, _learnt(history, factor, to_come)

    def _problem(self, mean: NDArray[Any], scale: NDArray[Any]) -> Saying | None:
        expected = (len(self._characteristics),)
        if mean.shape != expected or scale.shape != expected:
            return saying(
                "it gave a mean of shape {mean} and a scale of shape {scale} for {count} characteristics",
                mean=str(list(mean.shape)),
                scale=str(list(scale.shape)),
                count=len(self._characteristics),
            )
        if not (np.isfinite(mean).all() and np.isfinite(scale).all() and (scale > 0).all()):
            return saying("it gave a mean or scale that is no number")
        return None


def _learnt(
    history: History, factor: NDArray[np.float64], measurements: Sequence[Measurement]
) -> NDArray[np.float64]:
    """Fills in the measurements; the scale's factors after what was new in them."""
    by_part: dict[int, NDArray[np.float64]] = {}
    for measurement in measurements:
        if (place := history.fill(measurement)) is not None:
            score = by_part.setdefault(place[0], np.full(len(factor), np.nan))
            score[place[1]] = scores(history.measured[place], history.mean[place], history.scale[place])
    for score in by_part.values():
        factor = adapted(factor, score)
    return factor


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
