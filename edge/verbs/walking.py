"""A recorded line made again, part by part: the forecaster sees what it would have seen, and no more."""

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np

from inference.bundle import Bundle, BundleError
from inference.forecast import OnnxForecaster
from quality.characteristic import LineId, PartSerial, StationId
from quality.cues import PartSeen
from quality.evidence import Forecast, Measurement, NoEvidence, Reading
from quality.inspection import Cycle
from quality.recording import PartHistory

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_TAKT = timedelta(seconds=1)
MEASURED_AT = "measured_at"
IN_ORDER = 0.9
"""A time column is one of making from this share of rising steps on."""


class RecordedLine:
    """A forecaster on recorded parts. Time is virtual: the parts follow each other by a second."""

    def __init__(self, bundle: Bundle, history: PartHistory) -> None:
        """Raises BundleError when the recording lacks a characteristic or a reading that the bundle needs."""
        self._history = history
        self._forecaster = OnnxForecaster(bundle)
        for what, needed, there in (
            ("characteristic", self._forecaster.characteristics, [c.name for c in history.characteristics]),
            ("reading", self._forecaster.readings, list(history.reading_names)),
        ):
            if missing := [name for name in needed if name not in there]:
                raise BundleError(
                    f"{bundle.name}: needs the {what} {missing[0]}, which the recording does not have;"
                    " use a recording of the same line, or train a bundle on this one"
                )
        self._made = _times_made(history)

    def take_up(self, start: int) -> None:
        """Starts over just before the part at index `start`, every earlier part measured."""
        self._forecaster.restore(
            [(self._cycle(part), self._readings(part), self._measurements(part)) for part in range(start)]
        )

    def forecast(self, part: int) -> Forecast | NoEvidence:
        """The part at that index."""
        return self._forecaster.forecast(self._cycle(part), self._readings(part))

    def measure(self, part: int) -> None:
        """Lets the forecaster know what was measured on the part."""
        self._forecaster.learn(self._measurements(part))

    def seen(self, part: int, chances: Mapping[str, float]) -> PartSeen:
        """The part as a policy may know it before it is measured, with the forecast's chances."""
        cycle, history = self._cycle(part), self._history
        at = self._made[part]
        before = next((when for when in reversed(self._made[:part]) if when is not None), None)
        return PartSeen(
            cycle.serial,
            cycle.sequence,
            at=at,
            readings=dict(zip(history.reading_names, history.readings[part].tolist(), strict=True)),
            chances=chances,
            maintained=at is not None
            and before is not None
            and any(before < _aware(when) <= at for when, _, _ in history.maintenance),
        )

    def _cycle(self, part: int) -> Cycle:
        return Cycle(
            LineId("recorded"),
            StationId("recorded"),
            1,
            int(self._history.sequence[part]),
            PartSerial(self._history.serials[part]),
            _EPOCH + part * _TAKT,
        )

    def _readings(self, part: int) -> tuple[Reading, ...]:
        at = _EPOCH + part * _TAKT
        values = zip(self._history.reading_names, self._history.readings[part], strict=True)
        return tuple(Reading(name, float(v), name.rsplit("_", 1)[-1], at) for name, v in values if np.isfinite(v))

    def _measurements(self, part: int) -> tuple[Measurement, ...]:
        cycle = self._cycle(part)
        values = zip(self._history.characteristics, self._history.measured[part], strict=True)
        return tuple(
            Measurement(c.name, float(v), cycle.serial, cycle.sequence, cycle.triggered_at)
            for c, v in values
            if np.isfinite(v)
        )


def _times_made(history: PartHistory) -> list[datetime | None]:
    """When each part was made: the first time column that mostly rises with the order made, if there is one.

    When a part was measured is not known before it is.
    """
    for name, times in history.times.items():
        known = [_aware(when) for when in times if when is not None]
        rising = sum(later >= earlier for earlier, later in itertools.pairwise(known))
        if name != MEASURED_AT and len(known) > 1 and rising >= IN_ORDER * (len(known) - 1):
            return [when and _aware(when) for when in times]
    return [None] * len(history)


def _aware(when: datetime) -> datetime:
    """Times without a zone are compared as if they were UTC: only their order and distance matter here."""
    return when if when.tzinfo else when.replace(tzinfo=UTC)
