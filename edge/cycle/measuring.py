"""Has parts measured: by sampling, as the control plan says, and when a person asks.

The plan says every n-th part, or a share of them; then a policy chooses, which sees every part and is told of
every measurement.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from edge.cycle.alarms import Alarms
from edge.cycle.writer import Writer
from quality.alarm import Priority
from quality.case import Case, CaseKind
from quality.evidence import Measurement, NoEvidence
from quality.inspection import Cycle, Inspection
from quality.judge import outside
from quality.judgement import Verdict
from quality.measuring import MeasuringPolicy, part_seen
from quality.plan import ControlPlan
from quality.ports import Clock, Forecaster, Gauge, HistoryRow, Records
from quality.saying import saying

MOST_SAMPLES_WAITING = 8


@dataclass(frozen=True, slots=True)
class _Request:
    cycle: Cycle
    passed: bool
    decision_id: UUID | None


class Measuring:
    """One gauge, asked for one part at a time."""

    def __init__(
        self,
        gauge: Gauge | None,
        forecaster: Forecaster | None,
        records: Records,
        write: Writer,
        alarms: Alarms,
        clock: Clock,
        plan: ControlPlan,
    ) -> None:
        self._gauge = gauge
        self._forecaster = forecaster
        self._records = records
        self._write = write
        self._alarms = alarms
        self._clock = clock
        self._plan = plan
        self._policy = None if plan.measure_share is None else MeasuringPolicy.within(plan.measure_share)
        self._requests: asyncio.Queue[_Request] = asyncio.Queue()

    def restore(self, rows: Sequence[HistoryRow]) -> None:
        """Lets the policy see earlier parts again, oldest first."""
        if self._policy is not None:
            for cycle, readings, measurements in rows:
                bad = [m.characteristic for m in outside(measurements, self._plan)]
                seen = part_seen(cycle, readings, None, self._plan)
                self._policy.remember(seen, bad if measurements else None)

    def sample(self, inspection: Inspection) -> None:
        """Asks for the part if its turn has come; when the gauge cannot keep up, the sample is left out."""
        cycle = inspection.cycle
        due = self._is_due(inspection)
        if self._gauge is None or not due or self._requests.qsize() >= MOST_SAMPLES_WAITING:
            return
        self._requests.put_nowait(_Request(cycle, inspection.verdict is Verdict.PASS, None))

    def ask(self, case: Case, decision_id: UUID) -> None:
        """Asks for the part of that case because a person decided so."""
        cycle = Cycle(case.line, case.station, case.boot_count, case.cycle_sequence, case.serial, case.opened_at)
        self._requests.put_nowait(_Request(cycle, passed=False, decision_id=decision_id))

    async def run(self) -> None:
        """Measures what is asked for, for ever."""
        while True:
            await self.measure(await self._requests.get())

    async def measure(self, request: _Request) -> None:
        """Asks the gauge for one part and records what it says."""
        cycle = request.cycle
        measured: tuple[Measurement, ...] | NoEvidence
        if self._gauge is None:
            measured = NoEvidence(
                saying("gauge"), saying("the line has none"), saying("add a gauge section to the line's file")
            )
        else:
            measured = _believed(await self._gauge.measure(cycle.sequence, cycle.serial))
        if isinstance(measured, NoEvidence):
            sentence = saying(
                "Part {serial} could not be measured: {problem}. Mend: {mend}.",
                serial=cycle.serial,
                problem=measured.problem,
                mend=measured.mend,
            )
            await self._alarms.raise_("gauge", "no measurement", Priority.LOW, sentence)
            if request.decision_id is not None:
                await self._write(
                    self._records.settle_decision, request.decision_id, applied=False, detail=sentence
                )
            return
        await self._alarms.clear("gauge", "no measurement")
        bad = outside(measured, self._plan)
        out = ", ".join(self._plan.characteristic(m.characteristic).label for m in bad)
        await self._write(
            self._records.record_measurements,
            measured,
            conforming=not bad,
            decision_id=request.decision_id,
            detail=saying("Measured: {out} out of limits.", out=out)
            if bad
            else saying("Measured: every characteristic conforms."),
        )
        if self._forecaster is not None:
            self._forecaster.learn(measured)
        if self._policy is not None:
            self._policy.learn(cycle.serial, cycle.sequence, [m.characteristic for m in bad])
        if bad and request.passed:
            await self._write(self._records.open_case, self._escape(cycle))

    def _is_due(self, inspection: Inspection) -> bool:
        cycle, evidence = inspection.cycle, inspection.evidence
        if self._policy is None:
            return cycle.sequence % self._plan.measure_every == 0
        seen = part_seen(cycle, evidence.readings, evidence.forecast, self._plan)
        return self._policy.choose(seen).occasion is not None

    def _escape(self, cycle: Cycle) -> Case:
        now = self._clock.now()
        return Case(
            id=uuid4(),
            kind=CaseKind.ESCAPE,
            line=cycle.line,
            station=cycle.station,
            boot_count=cycle.boot_count,
            cycle_sequence=cycle.sequence,
            serial=cycle.serial,
            opened_at=now,
            deadline=now + timedelta(seconds=self._plan.reaction.decide_within_s),
            asked=self._plan.reaction.who,
        )


def _believed(measured: tuple[Measurement, ...] | NoEvidence) -> tuple[Measurement, ...] | NoEvidence:
    """A measurement without a value, or with one that is no number, is none at all."""
    if isinstance(measured, NoEvidence):
        return measured
    for one in measured:
        if not math.isfinite(one.value):
            return NoEvidence(
                saying("gauge"),
                saying(
                    "{characteristic} was measured as {value}", characteristic=one.characteristic, value=one.value
                ),
                saying("look at the gauge"),
            )
    return measured or NoEvidence(
        saying("gauge"), saying("it answered without a value"), saying("look at the gauge")
    )
