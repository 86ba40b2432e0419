"""Judges one part: from its trigger to evidence, judgements and a verdict. Nothing is recorded or sent here."""

import asyncio
import math
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import structlog

from edge.cycle.model_thread import ModelThread
from quality.case import Case, CaseKind
from quality.evidence import Finding, Forecast, Frame, NoEvidence, Reading
from quality.inspection import Cycle, Evidence, Inspection
from quality.judge import (
    explained,
    judge_finding,
    judge_forecast,
    judge_missing,
    leading,
    unusual_readings,
    verdict_of,
)
from quality.judgement import Judgement, ReasonCode, Verdict
from quality.plan import ControlPlan, wary
from quality.ports import Clock, Forecaster, FrameSource, HistoryRow, Inspector
from quality.saying import saying
from quality.station import Scan

USUAL = 60
"""How many readings say what is usual."""
RECENT = 20
"""How many forecast means are kept for the reasons' trends."""

log = structlog.get_logger(__name__)


class Judging:
    """The models, cameras and plan of one station."""

    def __init__(
        self,
        plan: ControlPlan,
        clock: Clock,
        thread: Callable[[], Executor],
        forecaster: Forecaster | None,
        faces: Sequence[tuple[FrameSource, Inspector | None]],
        models: tuple[str, ...],
        *,
        deadline_s: float,
        drifts: Callable[[], bool] = bool,
    ) -> None:
        """`thread` starts a thread for one model; `models` are the digests; a model may take `deadline_s`.

        While something `drifts`, more is reviewed.
        """
        self._plan = plan
        self._wary_plan = wary(plan)
        self._drifts = drifts
        self._clock = clock
        self._models = models

        def named(device: str) -> ModelThread:
            return ModelThread(device, thread, clock, within_s=deadline_s)

        self._forecaster = forecaster
        self._forecasting = named("forecast model")
        self._faces = [
            (source, inspector, named(f"surface model of {source.camera}")) for source, inspector in faces
        ]
        self._counters = {tool.reading for tool in plan.tools} | {rule.name for rule in plan.parameters}
        self._usual: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=USUAL))
        self._recent: dict[str, deque[float]] = {c.name: deque(maxlen=RECENT) for c in plan.characteristics}

    async def take_up(self, history: Sequence[HistoryRow]) -> None:
        """Gives the forecast model the earlier parts; asked in its thread because it forecasts them over again.

        A model that fails at it still has the history and forecasts, with the width it was trained to.
        """
        if self._forecaster is None:
            return
        missing = await self._forecasting.ask(self._forecaster.restore, history)
        if missing is not None:
            log.warning("the forecast is not calibrated to the parts before", problem=missing.problem)

    async def judge(self, cycle: Cycle, scan: Scan) -> Inspection:
        """The part's inspection. What fails on the way is missing evidence in it, never an exception."""
        believed = [_believed(reading) for reading in scan.readings]
        readings = tuple(r for r in believed if isinstance(r, Reading))
        missing = [r for r in believed if isinstance(r, NoEvidence)]
        async with asyncio.TaskGroup() as asking:
            looking = [asking.create_task(self._look(*face, scan.monotonic, cycle)) for face in self._faces]
            forecasting = asking.create_task(self._foresee(cycle, readings))
        forecast = forecasting.result()
        if isinstance(forecast, NoEvidence):
            missing.append(forecast)
            forecast = None
        judgements = self._judge_forecast(forecast, readings)
        seen = [look.result() for look in looking]
        missing += (one for _, one in seen if isinstance(one, NoEvidence))
        findings = tuple(one for _, one in seen if isinstance(one, Finding))
        frames = tuple(frame for frame, _ in seen if frame is not None)
        judgements += (judge_finding(finding, self._in_force) for finding in findings)
        judgements += (judge_missing(one) for one in missing)
        evidence = Evidence(readings, frames, forecast, findings, tuple(missing))
        return self._inspection(cycle, evidence, self._explained(judgements, readings))

    def doubted(self, inspection: Inspection, doubts: Sequence[NoEvidence]) -> Inspection:
        """The inspection when what it rests on may not be about the part after all: a hold that says why."""
        evidence = replace(inspection.evidence, missing=(*inspection.evidence.missing, *doubts))
        judgements = (*inspection.judgements, *map(judge_missing, doubts))
        return self._inspection(inspection.cycle, evidence, judgements)

    def overflow(self, cycle: Cycle) -> Inspection:
        """A hold for a part that came while too many others waited to be judged."""
        missing = NoEvidence(
            saying("edge process"),
            saying("too many parts waited to be judged"),
            saying("look for a slow model or disk"),
        )
        return self._unjudged(cycle, missing, ReasonCode.OVERFLOW)

    def given_up(self, cycle: Cycle, times: int) -> Inspection:
        """A hold for a part on which this process has died that often."""
        missing = NoEvidence(
            saying("edge process"),
            saying("it died {times} times while it judged this part", times=times),
            saying("look at its log; check the bundles with `jidoka models verify`"),
        )
        return self._unjudged(cycle, missing, ReasonCode.NO_EVIDENCE)

    def _unjudged(self, cycle: Cycle, missing: NoEvidence, code: ReasonCode) -> Inspection:
        return self._inspection(cycle, Evidence(missing=(missing,)), (judge_missing(missing, code),))

    def case_for(self, inspection: Inspection) -> Case | None:
        """The question a person is asked about the part, or None when it passes."""
        if inspection.verdict is Verdict.PASS:
            return None
        reaction = self._plan.reaction
        cycle = inspection.cycle
        return Case(
            id=uuid4(),
            kind=CaseKind.SUSPECT_PART,
            line=cycle.line,
            station=cycle.station,
            boot_count=cycle.boot_count,
            cycle_sequence=cycle.sequence,
            serial=cycle.serial,
            opened_at=inspection.judged_at,
            deadline=inspection.judged_at + timedelta(seconds=reaction.decide_within_s),
            asked=reaction.who,
        )

    def _inspection(self, cycle: Cycle, evidence: Evidence, judgements: Sequence[Judgement]) -> Inspection:
        return Inspection(
            cycle=cycle,
            evidence=evidence,
            judgements=leading(judgements),
            verdict=verdict_of(judgements),
            judged_at=self._clock.now(),
            plan_version=self._plan.version,
            models=self._models,
        )

    @property
    def _in_force(self) -> ControlPlan:
        return self._wary_plan if self._drifts() else self._plan

    async def _foresee(self, cycle: Cycle, readings: tuple[Reading, ...]) -> Forecast | NoEvidence | None:
        if self._forecaster is None:
            return None
        return await self._forecasting.ask(self._forecaster.forecast, cycle, readings)

    def _judge_forecast(self, forecast: Forecast | None, readings: tuple[Reading, ...]) -> list[Judgement]:
        if forecast is None:
            return []
        values = {reading.name: reading.value for reading in readings}
        judgements = judge_forecast(forecast, self._in_force, values, self._recent)
        for name, mean in zip(forecast.characteristics, forecast.mean, strict=True):
            if name in self._recent:
                self._recent[name].append(float(mean))
        return list(judgements)

    async def _look(
        self, source: FrameSource, inspector: Inspector | None, thread: ModelThread, after: float, cycle: Cycle
    ) -> tuple[Frame | None, Finding | NoEvidence | None]:
        """One camera's frame of the part, and what the model sees on it, or what is missing instead."""
        frame = await source.frame_after(after, cycle)
        if isinstance(frame, NoEvidence):
            return None, frame
        if inspector is None:
            return frame, None
        return frame, await thread.ask(inspector.inspect, frame)

    def _explained(self, judgements: Sequence[Judgement], readings: tuple[Reading, ...]) -> Sequence[Judgement]:
        """The judgements of a suspect part with the readings that are unlike those of the parts before."""
        # What counts up or is set by a person is never unusual.
        measured = [reading for reading in readings if reading.name not in self._counters]
        if verdict_of(judgements) is not Verdict.PASS:
            judgements = explained(judgements, unusual_readings(measured, self._usual))
        for reading in measured:
            self._usual[reading.name].append(reading.value)
        return judgements


def _believed(reading: Reading | NoEvidence) -> Reading | NoEvidence:
    if isinstance(reading, NoEvidence) or math.isfinite(reading.value):
        return reading
    return NoEvidence(
        saying("reading {name}", name=reading.name),
        saying("reads {value}", value=reading.value),
        saying("check the sensor and its register"),
    )
