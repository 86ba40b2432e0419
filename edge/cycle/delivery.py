"""Takes a recorded verdict to the PLC until it is answered, and says so when it is not."""

import asyncio

from edge.cycle.alarms import Alarms
from edge.cycle.writer import Writer
from quality.alarm import Priority
from quality.inspection import Cycle
from quality.judgement import ReasonCode, Verdict
from quality.ports import Clock, EquipmentError, Gate, Records
from quality.saying import Saying, saying, told
from quality.station import ANSWERED, VerdictAnswer

RETRY_AFTER_S = 0.1
ALARM_AFTER_S = 1.7
"""A verdict is acknowledged or alarmed within 2 s of its commit; the alarm has to reach the disk in that time."""


class Delivery:
    """The last step of a part's way: verdict written, acknowledged, and the acknowledgement recorded."""

    def __init__(self, gate: Gate, records: Records, write: Writer, alarms: Alarms, clock: Clock) -> None:
        self._gate = gate
        self._records = records
        self._write = write
        self._alarms = alarms
        self._clock = clock

    async def deliver(
        self, cycle: Cycle, verdict: Verdict, reason: ReasonCode | None, *, same_boot: bool = False
    ) -> float:
        """Tries until the PLC answers; the part waits at the closed gate meanwhile. To be called on the commit.

        `same_boot` says that the PLC has just been seen in the cycle's boot; otherwise it is looked at first.
        Returns the clock's seconds at which it answered; the answer is on record when this returns.
        """
        async with asyncio.TaskGroup() as group:
            # However long the gate itself waits, and whatever else it is busy with.
            overdue = group.create_task(self._alarm_when_overdue(cycle, verdict))
            answer = await self._answer(cycle, verdict, reason, same_boot=same_boot)
            overdue.cancel()
        answered = self._clock.monotonic()
        await self.settle(cycle, verdict, answer)
        return answered

    async def settle(self, cycle: Cycle, verdict: Verdict, answer: VerdictAnswer) -> None:
        """Says where a part has to be looked for, and records what the PLC answered.

        In that order: whatever ends the process in between, the next one settles it again and says it again. A
        suspect part that the PLC does not hold may be anywhere: that alarm stands until the part is held again or
        its case is closed.
        """
        part = saying("part {serial}", serial=cycle.serial)
        if answer is not VerdictAnswer.ACCEPTED:
            await self._tell_of_refusal(cycle, verdict, part, ANSWERED[answer])
        await self._write(self._records.verdict_answered, cycle, answer, self._clock.now())
        await self._alarms.clear("plc", "verdict not acknowledged")
        if answer is VerdictAnswer.ACCEPTED:
            await self._alarms.clear("plc", "verdict refused")
            if verdict is not Verdict.PASS:
                await self._alarms.clear(part, "hold lost")

    async def _tell_of_refusal(self, cycle: Cycle, verdict: Verdict, part: Saying, words: Saying) -> None:
        if verdict is Verdict.PASS:
            await self._alarms.again(
                "plc",
                "verdict refused",
                Priority.HIGH,
                saying(
                    "The PLC did not take the PASS of {part}, cycle {sequence} ({words}). Look where it is.",
                    part=part,
                    sequence=cycle.sequence,
                    words=words,
                ),
            )
        else:
            await self._alarms.raise_(
                part,
                "hold lost",
                Priority.URGENT,
                saying(
                    "The PLC did not take the {verdict} of {part}, cycle {sequence} ({words}). Find the part.",
                    verdict=verdict.value,
                    part=part,
                    sequence=cycle.sequence,
                    words=words,
                ),
            )

    async def _answer(
        self, cycle: Cycle, verdict: Verdict, reason: ReasonCode | None, *, same_boot: bool
    ) -> VerdictAnswer:
        while True:
            try:
                # After its restart the PLC counts from 1 again, and the number may be another part's.
                if not same_boot and (await self._gate.scan()).status.boot_count != cycle.boot_count:
                    return VerdictAnswer.PART_GONE
                same_boot = False
                return await self._gate.give_verdict(cycle.sequence, cycle.serial, verdict, reason)
            except EquipmentError as error:
                await self._alarm(cycle, verdict, told(error))
                await self._clock.sleep(RETRY_AFTER_S)

    async def _alarm_when_overdue(self, cycle: Cycle, verdict: Verdict) -> None:
        await self._clock.sleep(ALARM_AFTER_S)
        await self._alarm(cycle, verdict, saying("the PLC is silent or busy; it is tried on"))

    async def _alarm(self, cycle: Cycle, verdict: Verdict, trouble: str) -> None:
        sentence = saying(
            "The {verdict} of part {serial} is not acknowledged: {trouble}",
            verdict=verdict.value,
            serial=cycle.serial,
            trouble=trouble,
        )
        await self._alarms.raise_("plc", "verdict not acknowledged", Priority.URGENT, sentence)
