"""Takes adjusted parameters out of what the forecast model learns and puts them back into what it says.

An adjustment moves its characteristics by a known amount (the control plan's `moves`). The model would
otherwise see it only once a part made after it has been measured, and until then hold parts that are good again.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from quality.evidence import Forecast, Measurement, NoEvidence, Reading
from quality.inspection import Cycle
from quality.plan import ControlPlan
from quality.ports import Forecaster, HistoryRow

REMEMBERED = 4096
"""Parts whose parameters are remembered, for measurements that come later."""


class CompensatedForecaster:
    """A forecaster that works on the line as it would be with every parameter at 0."""

    def __init__(self, forecaster: Forecaster, plan: ControlPlan) -> None:
        self._forecaster = forecaster
        self._rules = plan.parameters
        self._shifts: OrderedDict[tuple[str, int], Mapping[str, float]] = OrderedDict()

    def restore(self, rows: Sequence[HistoryRow]) -> None:
        """Starts from what is on record, oldest first."""
        restored = []
        for cycle, readings, measurements in rows:
            self._remember(cycle, readings)
            restored.append((cycle, readings, tuple(self._without_parameters(measurements))))
        self._forecaster.restore(restored)

    def forecast(self, cycle: Cycle, readings: Sequence[Reading]) -> Forecast | NoEvidence:
        """The part's forecast with the parameters that are in force for it."""
        shift = self._remember(cycle, readings)
        forecast = self._forecaster.forecast(cycle, readings)
        if isinstance(forecast, NoEvidence) or not shift:
            return forecast
        moved = np.array([shift.get(name, 0.0) for name in forecast.characteristics])
        return replace(forecast, mean=forecast.mean + moved)

    def learn(self, measurements: Sequence[Measurement]) -> None:
        """Hands on what would have been measured without the parameters in force for that part."""
        self._forecaster.learn(self._without_parameters(measurements))

    def _without_parameters(self, measurements: Sequence[Measurement]) -> list[Measurement]:
        return [
            replace(
                m, value=m.value - self._shifts.get((m.serial, m.cycle_sequence), {}).get(m.characteristic, 0.0)
            )
            for m in measurements
        ]

    def _remember(self, cycle: Cycle, readings: Sequence[Reading]) -> Mapping[str, float]:
        shift = self._shift(readings)
        self._shifts[(cycle.serial, cycle.sequence)] = shift
        while len(self._shifts) > REMEMBERED:
            self._shifts.popitem(last=False)
        return shift

    def _shift(self, readings: Sequence[Reading]) -> dict[str, float]:
        values = {reading.name: reading.value for reading in readings}
        shift: dict[str, float] = {}
        for rule in self._rules:
            if (value := values.get(rule.name, 0.0)) != 0:
                for name, gain in rule.moves.items():
                    shift[name] = shift.get(name, 0.0) + gain * value
        return shift
