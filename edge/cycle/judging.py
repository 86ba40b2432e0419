"""Judges one part: from its trigger to evidence, judgements and a verdict. Nothing is recorded or sent here."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from datetime import timedelta
from uuid import uuid4

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
from quality.plan import ControlPlan
from quality.ports import Clock, Forecaster, FrameSource, Inspector
from quality.station import Scan

USUAL = 60
"""How many readings say what is usual."""
RECENT = 20
"""How many forecast means are kept for the reasons' trends."""


class Judging:
    """The models, cameras and plan of one station."""

    def __init__(
        self,
        plan: ControlPlan,
        clock: Clock,
        inference: Executor,
        forecaster: Forecaster | None,
        faces: Sequence[tuple[FrameSource, Inspector | None]],
        models: tuple[str, ...],
    ) -> None:
        self._plan = plan
        self._clock = clock
        self._inference = inference
        self._forecaster = forecaster
        self._faces = faces
        self._models = models
        self._counters = {tool.reading for tool in plan.tools} | {rule.name for rule in plan.parameters}
        self._usual: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=USUAL))
        self._recent: dict[str, deque[float]] = {c.name: deque(maxlen=RECENT) for c in plan.characteristics}

    async def judge(self, cycle: Cycle, scan: Scan) -> Inspection:
        """The part's inspection. What fails on the way is missing evidence in it, never an exception."""
        pictures = [asyncio.ensure_future(source.frame_after(scan.monotonic)) for source, _ in self._faces]
        readings = tuple(r for r in scan.readings if isinstance(r, Reading))
        missing = [r for r in scan.readings if isinstance(r, NoEvidence)]
        forecast = self._forecast(cycle, readings)
        if isinstance(forecast, NoEvidence):
            missing.append(forecast)
            forecast = None
        frames: list[Frame] = []
        findings: list[Finding] = []
        for (_, inspector), picture in zip(self._faces, pictures, strict=True):
            frame = await picture
            if isinstance(frame, NoEvidence):
                missing.append(frame)
                continue
            frames.append(frame)
            finding = await self._inspect(frame, inspector)
            if isinstance(finding, NoEvidence):
                missing.append(finding)
            elif finding is not None:
                findings.append(finding)
        evidence = Evidence(readings, tuple(frames), forecast, tuple(findings), tuple(missing))
        return self._inspection(cycle, evidence, self._judgements(evidence))

    def overflow(self, cycle: Cycle) -> Inspection:
        """A hold for a part that came while too many others waited to be judged."""
        missing = NoEvidence("edge process", "too many parts waited to be judged", "look for a slow model or disk")
        evidence = Evidence(missing=(missing,))
        return self._inspection(cycle, evidence, (judge_missing(missing, ReasonCode.OVERFLOW),))

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

    def _forecast(self, cycle: Cycle, readings: tuple[Reading, ...]) -> Forecast | NoEvidence | None:
        if self._forecaster is None:
            return None
        return self._forecaster.forecast(cycle, readings)

    async def _inspect(self, frame: Frame, inspector: Inspector | None) -> Finding | NoEvidence | None:
        if inspector is None:
            return None
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._inference, inspector.inspect, frame)

    def _judgements(self, evidence: Evidence) -> tuple[Judgement, ...]:
        values: Mapping[str, float] = {reading.name: reading.value for reading in evidence.readings}
        judgements = [judge_missing(missing) for missing in evidence.missing]
        if evidence.forecast is not None:
            judgements += judge_forecast(evidence.forecast, self._plan, values, self._recent)
            for name, mean in zip(evidence.forecast.characteristics, evidence.forecast.mean, strict=True):
                if name in self._recent:
                    self._recent[name].append(float(mean))
        judgements += (judge_finding(finding, self._plan) for finding in evidence.findings)
        # What counts up or is set by a person is never unusual.
        measured = [reading for reading in evidence.readings if reading.name not in self._counters]
        if verdict_of(judgements) is not Verdict.PASS:
            judgements = list(explained(judgements, unusual_readings(measured, self._usual)))
        for reading in measured:
            self._usual[reading.name].append(reading.value)
        return tuple(judgements)
