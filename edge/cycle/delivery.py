"""Takes a recorded verdict to the PLC until it is answered, and says so when it is not."""

from edge.cycle.alarms import Alarms
from edge.cycle.writer import Writer
from quality.alarm import Priority
from quality.inspection import Cycle
from quality.judgement import ReasonCode, Verdict
from quality.ports import Clock, EquipmentError, Gate, Records
from quality.station import VerdictAnswer

RETRY_AFTER_S = 0.1


class Delivery:
    """The last step of a part's way: verdict written, acknowledged, and the acknowledgement recorded."""

    def __init__(self, gate: Gate, records: Records, write: Writer, alarms: Alarms, clock: Clock) -> None:
        self._gate = gate
        self._records = records
        self._write = write
        self._alarms = alarms
        self._clock = clock

    async def deliver(self, cycle: Cycle, verdict: Verdict, reason: ReasonCode | None) -> float:
        """Tries until the PLC answers; the part waits at the closed gate meanwhile.

        Returns the clock's seconds at which it answered; the answer is on record when this returns.
        """
        while True:
            try:
                answer = await self._gate.give_verdict(cycle.sequence, cycle.serial, verdict, reason)
            except EquipmentError as error:
                await self._alarms.raise_(
                    "plc",
                    "verdict not acknowledged",
                    Priority.URGENT,
                    f"The {verdict} of part {cycle.serial} is not acknowledged: {error}",
                )
                await self._clock.sleep(RETRY_AFTER_S)
                continue
            break
        answered = self._clock.monotonic()
        await self._write(self._records.verdict_answered, cycle, answer, self._clock.now())
        await self._alarms.clear("plc", "verdict not acknowledged")
        if answer is not VerdictAnswer.ACCEPTED:
            await self._alarms.raise_(
                "plc",
                "verdict refused",
                Priority.HIGH,
                f"The PLC did not take the {verdict} of part {cycle.serial}, cycle {cycle.sequence}"
                f" ({answer.replace('_', ' ').lower()}). Look where the part is.",
            )
        else:
            await self._alarms.clear("plc", "verdict refused")
        return answered
