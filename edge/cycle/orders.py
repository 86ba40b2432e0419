"""Carries decisions out: each becomes one order, sent until the PLC answers it, and settled once."""

from collections.abc import Mapping
from uuid import UUID

from edge.cycle.alarms import Alarms
from edge.cycle.measuring import Measuring
from edge.cycle.writer import Writer
from quality.alarm import Priority
from quality.case import Case, CaseKind, Decision, DecisionKind, Disposition
from quality.order import Order, OrderCode, OrderResult, OrderState
from quality.plan import ControlPlan
from quality.ports import Clock, EquipmentError, Gate, Records

REFUSALS: Mapping[OrderResult, str] = {
    OrderResult.BAD_CHECK_WORD: "the PLC found the order damaged; the same decision can be taken again",
    OrderResult.OLD_SEQUENCE: "the PLC has answered a later order already; take the decision again",
    OrderResult.UNKNOWN_CODE: "the PLC does not know this order; have its program looked at",
    OrderResult.UNKNOWN_TARGET: "the PLC does not know this parameter; mend its number in the control plan",
    OrderResult.OUT_OF_RANGE: "the PLC does not accept this value; it allows less than the control plan",
    OrderResult.NOT_HELD: "the PLC does not hold this part; look where it is",
}


class Orders:
    """From recorded decision to settled order."""

    def __init__(
        self,
        gate: Gate,
        records: Records,
        write: Writer,
        measuring: Measuring,
        alarms: Alarms,
        clock: Clock,
        plan: ControlPlan,
        *,
        every_s: float,
    ) -> None:
        self._gate = gate
        self._records = records
        self._write = write
        self._measuring = measuring
        self._alarms = alarms
        self._clock = clock
        self._plan = plan
        self._every_s = every_s
        self._asked: set[UUID] = set()

    async def run(self) -> None:
        """Looks for decisions for ever; cheap while nothing was committed."""
        seen: int | None = None
        while True:
            changed = await self._write(self._records.changed)
            if changed != seen and await self.carry_out():
                seen = changed
            await self._clock.sleep(self._every_s)

    async def carry_out(self) -> bool:
        """Every decision that waits, in the order taken; False when the PLC could not be told yet."""
        decisions = await self._write(self._records.pending_decisions)
        if decisions:
            cases = {case.id: case for case in await self._write(self._records.open_cases)}
            for decision in decisions:
                await self._order(decision, cases.get(decision.case_id) if decision.case_id else None)
        for order in await self._write(self._records.open_orders):
            if not await self._send(order):
                return False
        return True

    async def _order(self, decision: Decision, case: Case | None) -> None:
        match decision.kind:
            case DecisionKind.STOP_LINE:
                await self._record(decision, OrderCode.STOP_LINE)
            case DecisionKind.RESUME:
                await self._record(decision, OrderCode.RESUME)
            case DecisionKind.ADJUST_PARAMETER:
                await self._record_adjustment(decision)
            case DecisionKind.MEASURE if case is not None:
                if decision.id not in self._asked:
                    self._asked.add(decision.id)
                    self._measuring.ask(case, decision.id)
            case DecisionKind.CONFIRM_HOLD if case is not None and case.kind is CaseKind.ESCAPE:
                await self._settle_without_order(decision, applied=True, detail="Recorded; the part had passed.")
            case DecisionKind.RELEASE | DecisionKind.CONFIRM_HOLD if case is not None:
                accepted = decision.kind is DecisionKind.RELEASE or decision.disposition is Disposition.USE_AS_IS
                code = OrderCode.RELEASE_PART if accepted else OrderCode.DIVERT
                await self._record(decision, code, case.cycle_sequence)
            case _:
                await self._settle_without_order(decision, applied=False, detail="The case it answers is closed.")

    async def _record_adjustment(self, decision: Decision) -> None:
        rules = {rule.name: rule for rule in self._plan.parameters}
        rule = rules.get(decision.parameter or "")
        if rule is None or decision.value is None or not rule.limits.contain(decision.value):
            detail = f"The control plan in force does not allow {decision.parameter} = {decision.value}."
            await self._settle_without_order(decision, applied=False, detail=detail)
            return
        await self._record(decision, OrderCode.SET_PARAMETER, rule.target, round(decision.value))

    async def _record(self, decision: Decision, code: OrderCode, target: int = 0, value: int = 0) -> None:
        await self._write(self._records.record_order, decision, code, target, value)

    async def _settle_without_order(self, decision: Decision, *, applied: bool, detail: str) -> None:
        await self._write(self._records.settle_decision, decision.id, applied=applied, detail=detail)

    async def _send(self, order: Order) -> bool:
        """Writes one order and settles it; False when the PLC did not answer, and the order stays open."""
        try:
            boot = (await self._gate.scan()).status.boot_count
            if order.state is OrderState.SENT and order.boot_count != boot:
                detail = (
                    "The PLC restarted before it answered: it may or may not have been done. Look at the line."
                )
                await self._settle(order, OrderState.UNKNOWN, None, detail)
                return True
            await self._write(self._records.order_sent, order.sequence, boot)
            result = await self._gate.give_order(order)
            if result is not OrderResult.DONE:
                await self._settle(order, OrderState.REFUSED, result, f"Not done: {REFUSALS[result]}.")
                return True
            state, detail = await self._read_back(order)
        except EquipmentError as error:
            await self._alarms.raise_("plc", "order not acknowledged", Priority.URGENT, str(error))
            return False
        await self._settle(order, state, result, detail)
        return True

    async def _read_back(self, order: Order) -> tuple[OrderState, str]:
        if order.code is not OrderCode.SET_PARAMETER:
            return OrderState.DONE, "Acknowledged by the PLC."
        rule = next(rule for rule in self._plan.parameters if rule.target == order.target)
        found = (await self._gate.scan()).value(rule.name)
        if found == order.value:
            return OrderState.DONE, f"Acknowledged by the PLC and read back as {found:g} {rule.unit}."
        shown = "nothing" if found is None else f"{found:g} {rule.unit}"
        return OrderState.UNKNOWN, f"The PLC acknowledged, but {shown} is read back. Look at the machine."

    async def _settle(self, order: Order, state: OrderState, result: OrderResult | None, detail: str) -> None:
        await self._write(self._records.settle_order, order.sequence, state, result, detail)
        await self._alarms.clear("plc", "order not acknowledged")
