"""The inspection cycle: each waiting part is judged, recorded, answered at the gate, and perhaps sampled.

The order is the promise: a verdict is durable before the PLC is told of it.
"""

from edge.cycle.alarms import Alarms
from edge.cycle.collecting import Collecting
from edge.cycle.delivery import Delivery
from edge.cycle.judging import Judging
from edge.cycle.latency import Latency
from edge.cycle.measuring import Measuring
from edge.cycle.watch import Waiting, Watch
from edge.cycle.writer import Writer
from quality.alarm import Priority
from quality.inspection import Inspection
from quality.judge import main_reason
from quality.judgement import Verdict
from quality.ports import AlreadyRecorded, Records


class Inspecting:
    """Takes parts from the watch, one after the other."""

    def __init__(
        self,
        watch: Watch,
        collecting: Collecting,
        judging: Judging,
        records: Records,
        write: Writer,
        delivery: Delivery,
        measuring: Measuring,
        alarms: Alarms,
        *,
        keep_passed_every: int,
    ) -> None:
        self._watch = watch
        self._collecting = collecting
        self._judging = judging
        self._records = records
        self._write = write
        self._delivery = delivery
        self._measuring = measuring
        self._alarms = alarms
        self._keep_passed_every = keep_passed_every
        self.latency = Latency()
        self.parts = 0

    async def run(self) -> None:
        """Inspects for ever."""
        while True:
            await self.inspect(await self._watch.waiting.get())

    async def inspect(self, waiting: Waiting) -> None:
        """One part's whole way."""
        if waiting.overflow:
            inspection = self._judging.overflow(waiting.cycle)
        else:
            scan = await self._collecting.complete(waiting.cycle, waiting.scan)
            inspection = await self._judging.judge(waiting.cycle, scan)
        await self._alarms.only(
            "no evidence",
            Priority.HIGH,
            {m.device: f"{m.device}: {m.problem}. Mend: {m.mend}." for m in inspection.evidence.missing},
        )
        case = self._judging.case_for(inspection)
        kept = inspection.evidence.frames if self._worth_keeping(inspection) else ()
        try:
            await self._write(self._records.record, inspection, case, kept)
        except AlreadyRecorded:
            # What is recorded counts: recovery gives that verdict, not a second opinion.
            return
        reason = main_reason(inspection.judgements)
        answered = await self._delivery.deliver(inspection.cycle, inspection.verdict, reason)
        self.latency.add(answered - waiting.scan.monotonic)
        self.parts += 1
        self._measuring.sample(inspection)

    def _worth_keeping(self, inspection: Inspection) -> bool:
        passed = inspection.verdict is Verdict.PASS
        return not passed or inspection.cycle.sequence % self._keep_passed_every == 0
