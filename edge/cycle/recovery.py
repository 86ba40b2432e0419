"""Start-up is recovery: what the PLC says is held against what was recorded before anything is judged."""

from edge.cycle.alarms import Alarms
from edge.cycle.delivery import Delivery
from edge.cycle.writer import Writer
from quality.alarm import Priority
from quality.case import CaseKind, CaseState
from quality.judgement import Verdict
from quality.ports import Clock, EquipmentError, Gate, Records
from quality.station import Scan, VerdictAnswer

RETRY_AFTER_S = 0.5


async def first_scan(gate: Gate, alarms: Alarms, clock: Clock) -> Scan:
    """The PLC's state, however long it takes to get it."""
    while True:
        try:
            scan = await gate.scan()
        except EquipmentError as error:
            await alarms.raise_("plc", "no answer", Priority.URGENT, str(error))
            await clock.sleep(RETRY_AFTER_S)
            continue
        await alarms.clear("plc", "no answer")
        return scan


async def recover(
    scan: Scan, gate: Gate, records: Records, write: Writer, alarms: Alarms, delivery: Delivery
) -> None:
    """Gives verdicts that were recorded but never acknowledged again, and re-asserts every open hold.

    Unsettled orders are resent under their old sequence by `Orders`, which starts after this.
    """
    status = scan.status
    await write(records.orders_start_above, status.answered_order)
    for cycle, verdict, reason in await write(records.unanswered_verdicts):
        if cycle.boot_count != status.boot_count:
            await write(records.verdict_answered, cycle, VerdictAnswer.PART_GONE, scan.seen_at)
        elif cycle.sequence == status.answered_cycle and status.verdict_answer is not None:
            await write(records.verdict_answered, cycle, status.verdict_answer, scan.seen_at)
        else:
            await delivery.deliver(cycle, verdict, reason)
    await reassert_holds(gate, records, write, alarms)


async def reassert_holds(gate: Gate, records: Records, write: Writer, alarms: Alarms) -> None:
    """Tells the PLC of every part that a person has not decided on, at our start and after each of the PLC's.

    A hold that the PLC no longer knows is an alarm: the part may be anywhere. An answered case is not told: its
    order, which may have been carried out, is on its way.
    """
    lost: dict[str, str] = {}
    for case in await write(records.open_cases):
        if case.kind is not CaseKind.SUSPECT_PART or case.state is not CaseState.OPEN:
            continue
        try:
            answer = await gate.give_verdict(case.cycle_sequence, case.serial, Verdict.HOLD, None)
        except EquipmentError as error:
            await alarms.raise_("plc", "verdict not acknowledged", Priority.URGENT, str(error))
            return
        if answer is not VerdictAnswer.ACCEPTED:
            lost[f"part {case.serial}"] = (
                f"Part {case.serial} has an open case, but the PLC does not hold it"
                f" ({answer.replace('_', ' ').lower()}). Find the part."
            )
    await alarms.only("hold lost", Priority.URGENT, lost)
