"""The inspection cycle: each waiting part is judged, recorded, answered at the gate, and perhaps sampled.

The order is the promise: a verdict is durable before the PLC is told of it. Between seeing a part and judging it
the world moves on, so what the verdict rests on is looked at once more before it is recorded.
"""

from edge.cycle.alarms import Alarms
from edge.cycle.attempts import Attempts
from edge.cycle.collecting import Collecting
from edge.cycle.delivery import Delivery
from edge.cycle.drift import Drift
from edge.cycle.explaining import Explaining
from edge.cycle.judging import Judging
from edge.cycle.latency import Latency
from edge.cycle.measuring import Measuring
from edge.cycle.serials import Serials
from edge.cycle.watch import Waiting, Watch
from edge.cycle.writer import Writer
from quality.alarm import Priority
from quality.evidence import NoEvidence
from quality.inspection import Cycle, Inspection
from quality.judge import main_reason
from quality.judgement import Verdict
from quality.ports import AlreadyRecorded, Records
from quality.saying import saying
from quality.station import VerdictAnswer

MOST_ATTEMPTS = 2
"""So often the process may die on a part before the part is held without being judged."""


class Inspecting:
    """Takes parts from the watch, one after the other."""

    def __init__(
        self,
        watch: Watch,
        collecting: Collecting,
        judging: Judging,
        serials: Serials,
        attempts: Attempts,
        records: Records,
        write: Writer,
        delivery: Delivery,
        measuring: Measuring,
        alarms: Alarms,
        *,
        keep_passed_every: int,
        drift: Drift | None = None,
        explaining: Explaining | None = None,
    ) -> None:
        self._watch = watch
        self._collecting = collecting
        self._judging = judging
        self._serials = serials
        self._attempts = attempts
        self._records = records
        self._write = write
        self._delivery = delivery
        self._measuring = measuring
        self._alarms = alarms
        self._keep_passed_every = keep_passed_every
        self._drift = drift
        self._explaining = explaining
        self.latency = Latency()
        self.parts = 0

    async def run(self) -> None:
        """Inspects for ever."""
        while True:
            await self.inspect(await self._watch.waiting.get())

    async def inspect(self, waiting: Waiting) -> None:
        """One part's whole way."""
        cycle = waiting.cycle
        died = self._attempts.begin(cycle)
        if waiting.overflow:
            inspection = self._judging.overflow(cycle)
        elif died >= MOST_ATTEMPTS:
            inspection = self._judging.given_up(cycle, died)
        else:
            scan = await self._collecting.complete(cycle, waiting.scan)
            inspection = await self._judging.judge(cycle, scan)
            if doubts := await self._doubts(cycle):
                inspection = self._judging.doubted(inspection, doubts)
        await self._alarms.only(
            "no evidence",
            Priority.HIGH,
            {
                m.device: saying(
                    "{device}: {problem}. Mend: {mend}.", device=m.device, problem=m.problem, mend=m.mend
                )
                for m in inspection.evidence.missing
            },
        )
        case = self._judging.case_for(inspection)
        kept = inspection.evidence.frames if self._worth_keeping(inspection) else ()
        try:
            await self._write(self._records.record, inspection, case, kept)
        except AlreadyRecorded as known:
            self._attempts.end()
            await self._seen_before(cycle, known)
            return
        self._attempts.end()
        self._serials.remember(cycle, held=inspection.verdict is not Verdict.PASS)
        await self._alarms.clear("plc", "cycle counted twice")
        await self._answer(inspection, waiting.scan.monotonic)

    async def _answer(self, inspection: Inspection, seen: float) -> None:
        cycle, verdict = inspection.cycle, inspection.verdict
        if self._watch.boot_count not in {None, cycle.boot_count}:
            # The part counts as entering anew; the number may be another part's by now.
            await self._delivery.settle(cycle, verdict, VerdictAnswer.PART_GONE)
            return
        reason = main_reason(inspection.judgements)
        answered = await self._delivery.deliver(cycle, verdict, reason, same_boot=self._watch.is_current)
        self.latency.add(answered - seen)
        self.parts += 1
        if self._drift is not None:
            await self._drift.see(inspection)
        if self._explaining is not None:
            self._explaining.ask(inspection)
        self._measuring.sample(inspection)

    async def _doubts(self, cycle: Cycle) -> list[NoEvidence]:
        """Why what was seen may not be of this part, or this may not be a new part."""
        doubts = []
        if (known := await self._serials.doubt(cycle)) is not None:
            doubts.append(known)
        if (now := self._watch.followed_by(cycle)) is not None:
            doubts.append(
                NoEvidence(
                    saying("station"),
                    saying(
                        "part {serial}, cycle {cycle}, came in before {earlier} was judged, and the pictures"
                        " may show either",
                        serial=now.serial,
                        cycle=now.cycle_sequence,
                        earlier=cycle.serial,
                    ),
                    saying("find both parts; look at what lets a part in before the last one has left"),
                )
            )
        return doubts

    async def _seen_before(self, cycle: Cycle, known: AlreadyRecorded) -> None:
        """What is recorded counts, not a second opinion; but a number must not stand for two parts."""
        if known.serial != cycle.serial:
            await self._alarms.again(
                "plc",
                "cycle counted twice",
                Priority.URGENT,
                saying(
                    "Cycle {cycle} of boot {boot} is on record as part {serial}, and the PLC now gives the"
                    " number to part {other}, which waits. The PLC has lost its count: set its boot count to one"
                    " that it never had, and restart its program.",
                    cycle=cycle.sequence,
                    boot=cycle.boot_count,
                    serial=known.serial,
                    other=cycle.serial,
                ),
            )
            return
        for earlier, verdict, reason in await self._write(self._records.unanswered_verdicts):
            if (earlier.boot_count, earlier.sequence) == (cycle.boot_count, cycle.sequence):
                await self._delivery.deliver(earlier, verdict, reason)

    def _worth_keeping(self, inspection: Inspection) -> bool:
        passed = inspection.verdict is Verdict.PASS
        return not passed or inspection.cycle.sequence % self._keep_passed_every == 0
