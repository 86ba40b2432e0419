"""Start-up is recovery: what the PLC says is held against what was recorded before anything is judged."""

from edge.cycle.alarms import Alarms
from edge.cycle.delivery import Delivery
from edge.cycle.holds import Holds
from edge.cycle.writer import Writer
from quality.alarm import Priority
from quality.ports import Clock, EquipmentError, Gate, Records
from quality.saying import told
from quality.station import Scan, VerdictAnswer

RETRY_AFTER_S = 0.5


async def first_scan(gate: Gate, alarms: Alarms, clock: Clock) -> Scan:
    """The PLC's state, however long it takes to get it."""
    while True:
        try:
            scan = await gate.scan()
        except EquipmentError as error:
            await alarms.raise_("plc", "no answer", Priority.URGENT, told(error))
            await clock.sleep(RETRY_AFTER_S)
            continue
        await alarms.clear("plc", "no answer")
        return scan


async def recover(scan: Scan, records: Records, write: Writer, delivery: Delivery, holds: Holds) -> None:
    """Gives verdicts that were recorded but never acknowledged again, and re-asserts every open hold.

    Unsettled orders are resent under their old sequence by `Orders`, which starts after this.
    """
    status = scan.status
    await write(records.orders_start_above, status.answered_order)
    for cycle, verdict, reason in await write(records.unanswered_verdicts):
        if cycle.boot_count != status.boot_count:
            await delivery.settle(cycle, verdict, VerdictAnswer.PART_GONE)
        elif cycle.sequence == status.answered_cycle and status.verdict_answer is not None:
            await delivery.settle(cycle, verdict, status.verdict_answer)
        else:
            await delivery.deliver(cycle, verdict, reason)
    await holds.tell()
