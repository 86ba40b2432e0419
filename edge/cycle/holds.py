"""Keeps the PLC and the records at one about what is held: every open hold is told to each life of the PLC."""

from uuid import UUID

import structlog

from edge.cycle.alarms import Alarms
from edge.cycle.watch import Watch
from edge.cycle.writer import Writer
from quality.alarm import Priority
from quality.case import ASKING, Case, CaseKind
from quality.judgement import Verdict
from quality.ports import Clock, EquipmentError, Gate, Records
from quality.saying import saying, told
from quality.station import ANSWERED, VerdictAnswer

RETRY_AFTER_S = 0.5

log = structlog.get_logger(__name__)


class Holds:
    """Tells the PLC of the open holds at our start, after each of its own, and whenever one is open again."""

    def __init__(
        self, gate: Gate, records: Records, write: Writer, alarms: Alarms, clock: Clock, *, every_s: float
    ) -> None:
        self._gate = gate
        self._records = records
        self._write = write
        self._alarms = alarms
        self._clock = clock
        self._every_s = every_s
        self._told: int | None = None
        """The PLC's boot that has been told of every hold."""
        self._reopened = False

    def reopened(self) -> None:
        """A case is open again, and its hold has to be told with the others."""
        self._reopened = True

    async def run(self, watch: Watch) -> None:
        """Looks for a restarted PLC and for cases that are open again, for ever."""
        while True:
            boot = watch.latest.status.boot_count if watch.latest else self._told
            if boot != self._told:
                log.warning("plc has restarted", boot=boot)
            if boot != self._told or self._reopened:
                await self.tell()
            await self._forget_closed()
            await self._clock.sleep(self._every_s)

    async def tell(self) -> None:
        """Returns once the PLC has answered about every open hold, within one of its boots."""
        answered: set[UUID] = set()
        boot: int | None = None
        while True:
            self._reopened = False
            try:
                now = (await self._gate.scan()).status.boot_count
                if now == boot and all(case.id in answered for case in await self._waiting()):
                    break
                if now != boot:
                    boot, answered = now, set()
                for case in await self._waiting():
                    if case.id not in answered:
                        await self._tell(case)
                        answered.add(case.id)
            except EquipmentError as error:
                sentence = saying("The PLC cannot be told of the open holds: {trouble}", trouble=told(error))
                await self._alarms.raise_("plc", "holds not acknowledged", Priority.URGENT, sentence)
                await self._clock.sleep(RETRY_AFTER_S)
        self._told = boot
        await self._alarms.clear("plc", "holds not acknowledged")

    async def _tell(self, case: Case) -> None:
        answer = await self._gate.give_verdict(case.cycle_sequence, case.serial, Verdict.HOLD, None)
        part = saying("part {serial}", serial=case.serial)
        if answer is VerdictAnswer.ACCEPTED:
            await self._alarms.clear(part, "hold lost")
        # A person may have released the part meanwhile; then it is not lost.
        elif any(case.id == waiting.id for waiting in await self._waiting()):
            sentence = saying(
                "Part {serial} has an open case, but the PLC does not hold it ({answer}). Find the part.",
                serial=case.serial,
                answer=ANSWERED[answer],
            )
            await self._alarms.raise_(part, "hold lost", Priority.URGENT, sentence)

    async def _waiting(self) -> list[Case]:
        """The holds that wait for a person. An answered one is left to its order, which is on its way."""
        return [
            case
            for case in await self._write(self._records.open_cases)
            if case.kind is CaseKind.SUSPECT_PART and case.state in ASKING
        ]

    async def _forget_closed(self) -> None:
        lost = self._alarms.sources("hold lost")
        if lost:
            asked_about = {f"part {case.serial}" for case in await self._write(self._records.open_cases)}
            for part in set(lost) - asked_about:
                await self._alarms.clear(part, "hold lost")
