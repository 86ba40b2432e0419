"""Watches for drift while parts go by: readings, surface scores, silent sensors, the intervals' coverage.

Each is an alarm that says which, since when and how far, and while one stands parts are reviewed from half the
usual probability on (`quality.plan.wary`): a model that may not know this line any more asks more often.
"""

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

from edge.cycle.alarms import Alarms
from quality.alarm import Priority
from quality.conformal import NORMAL_QUANTILE
from quality.drift import MISSED, WINDOW, Misses, Reference, Series
from quality.evidence import Forecast, Measurement, NoEvidence, Reading
from quality.inspection import Cycle, Inspection
from quality.judgement import Verdict
from quality.plan import ControlPlan
from quality.ports import Forecaster, HistoryRow
from quality.saying import saying
from quality.wording import percent

REMEMBERED = 512
"""Parts whose measurement may still come."""
EFFECT = saying("Until this is over, parts are reviewed from half the usual probability on.")

log = structlog.get_logger(__name__)


class Drift:
    """What drifts on one station. A reference taken here belongs to the `models` (digests) it was taken beside."""

    def __init__(
        self,
        alarms: Alarms,
        plan: ControlPlan,
        file: Path,
        models: Sequence[str],
        references: Mapping[str, Reference] | None = None,
    ) -> None:
        """`references` of readings come with the bundle; the others are taken here, and kept in `file`."""
        self._alarms = alarms
        self._plan = plan
        self._file = file
        self._models = list(models)
        # What counts up or is set by a person always moves on.
        self._ignored = {tool.reading for tool in plan.tools} | {rule.name for rule in plan.parameters}
        known = {f"reading {name}": one for name, one in (references or {}).items()}
        self._given = frozenset(known)
        self._series = {name: Series(before) for name, before in (self._kept() | known).items()}
        self._misses = Misses()
        self._forecasts: OrderedDict[tuple[str, int], Forecast] = OrderedDict()
        self._standing: frozenset[str] = frozenset()

    @property
    def wary(self) -> bool:
        """Whether anything drifts."""
        return bool(self._standing)

    def restore(self, rows: Sequence[HistoryRow]) -> None:
        """Takes up the readings of the parts on record, oldest first."""
        for _, readings, _ in rows:
            self._read(readings)

    async def see(self, inspection: Inspection) -> None:
        """One more part."""
        evidence, cycle = inspection.evidence, inspection.cycle
        self._read(evidence.readings)
        if inspection.verdict is Verdict.PASS:
            for finding in evidence.findings:
                self._one(f"surface {finding.camera}", finding.score)
        if evidence.forecast is not None:
            self._forecasts[cycle.serial, cycle.sequence] = evidence.forecast
            while len(self._forecasts) > REMEMBERED:
                self._forecasts.popitem(last=False)
        await self._say(cycle)

    def learn(self, measurements: Sequence[Measurement]) -> None:
        """What was measured on an earlier part, held against what was forecast for it."""
        parts: dict[tuple[str, int], dict[str, bool]] = {}
        for m in measurements:
            forecast = self._forecasts.get((m.serial, m.cycle_sequence))
            if forecast is not None and m.characteristic in forecast.characteristics:
                mean, scale = forecast.of(m.characteristic)
                missed = abs(m.value - mean) > NORMAL_QUANTILE * scale
                parts.setdefault((m.serial, m.cycle_sequence), {})[m.characteristic] = missed
        for part, missed_of in parts.items():
            del self._forecasts[part]
            self._misses.see(missed_of)

    def state(self) -> dict[str, object]:
        """For each series how far it lies and how far it may, what its reference is, and the shares of misses."""
        return {
            "wary": self.wary,
            "series": {name: self._shown(name, series) for name, series in self._series.items()},
            "missed": self._misses.shares(),
            "missed_allowed": MISSED,
            "evidence": round(self._misses.evidence, 4),
        }

    def _read(self, readings: Sequence[Reading]) -> None:
        for reading in readings:
            if reading.name not in self._ignored:
                self._one(f"reading {reading.name}", reading.value)

    def _one(self, name: str, value: float) -> None:
        series = self._series.setdefault(name, Series())
        without = series.before is None
        series.see(value)
        if without and series.before is not None:
            log.info("reference taken from the first parts", series=name, parts=WINDOW)
            self._keep()

    async def _say(self, cycle: Cycle) -> None:
        moved, silent, coverage = {}, {}, {}
        for name, series in self._series.items():
            if series.silent and name.startswith("reading "):
                silent[name] = saying(
                    "{name} has read {value} on {parts} parts up to {serial}, and it never stood still for so"
                    " long."
                    " {effect} Mend: look at the sensor, its wiring and its register.",
                    name=_called(name),
                    value=f"{series.now[-1]:g}",
                    parts=series.run,
                    serial=cycle.serial,
                    effect=EFFECT,
                )
            elif (shift := series.shift) is not None and shift.drifts:
                moved[name] = saying(
                    "{name} lies elsewhere than in its reference, seen at {serial}: median {before} then, {now}"
                    " now;"
                    " the distributions are {distance} apart, where chance allows {allowed}. {effect} Mend:"
                    " look at"
                    " the sensor or camera, and at what was changed on the line; if it is meant to stay, train a"
                    " bundle with it.",
                    name=_called(name),
                    serial=cycle.serial,
                    before=f"{shift.before:.4g}",
                    now=f"{shift.now:.4g}",
                    distance=f"{shift.distance:.2f}",
                    allowed=f"{shift.allowed:.2f}",
                    effect=EFFECT,
                )
        if self._misses.standing:
            label = self._plan.characteristic(self._misses.standing).label
            coverage["forecast"] = saying(
                "The forecast of {characteristic} misses its 90 % interval too often, seen at {serial}: more than"
                " {missed} of the measured parts lie outside. {effect} Mend: look at what was changed on the line"
                " and at the gauge; if it lasts, train a bundle with the newest parts.",
                characteristic=label,
                serial=cycle.serial,
                missed=percent(MISSED),
                effect=EFFECT,
            )
        await self._alarms.only("drift", Priority.HIGH, moved)
        await self._alarms.only("silent", Priority.HIGH, silent)
        await self._alarms.only("coverage", Priority.HIGH, coverage)
        self._standing = frozenset((*moved, *silent, *coverage))

    def _shown(self, name: str, series: Series) -> dict[str, object]:
        taken = "the bundle's" if name in self._given else "the first parts"
        shown: dict[str, object] = {"reference": taken if series.before else f"{len(series.now)} parts so far"}
        if series.shift is not None:
            shift = series.shift
            shown |= {
                "distance": round(shift.distance, 3),
                "allowed": round(shift.allowed, 3),
                "before": float(f"{shift.before:.5g}"),
                "now": float(f"{shift.now:.5g}"),
            }
        return shown | {"same": series.run}

    def _kept(self) -> dict[str, Reference]:
        try:
            said = json.loads(self._file.read_bytes())
            if said["models"] != self._models:
                return {}
            return {name: Reference.from_json(one) for name, one in said["series"].items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("the references are taken anew", file=str(self._file), problem=str(error))
            return {}

    def _keep(self) -> None:
        series = {name: one.before.as_json() for name, one in self._series.items() if one.before is not None}
        beside = self._file.with_name(f".{self._file.name}.new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps({"models": self._models, "series": series}), encoding="utf-8")
            beside.replace(self._file)
        except OSError as error:
            # Without it the next start takes its reference from later parts, and that is all.
            log.warning("the references are not kept", file=str(self._file), problem=str(error))


class WatchedForecaster:
    """A forecaster whose misses are counted. Implements `quality.ports.Forecaster`."""

    def __init__(self, forecaster: Forecaster, drift: Drift) -> None:
        self._forecaster = forecaster
        self._drift = drift

    def restore(self, rows: Sequence[HistoryRow]) -> None:
        """As the forecaster does."""
        self._forecaster.restore(rows)

    def forecast(self, cycle: Cycle, readings: Sequence[Reading]) -> Forecast | NoEvidence:
        """As the forecaster does."""
        return self._forecaster.forecast(cycle, readings)

    def learn(self, measurements: Sequence[Measurement]) -> None:
        """Counts, and hands on."""
        self._drift.learn(measurements)
        self._forecaster.learn(measurements)


def _called(name: str) -> str:
    """The series as people call it; its own name says what it is of first."""
    kind, _, what = name.partition(" ")
    return {"reading": saying("reading {name}", name=what), "surface": saying("surface {name}", name=what)}.get(
        kind, name
    )
