"""Carries decisions out: each becomes one order, sent until the PLC answers it, and settled once."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from edge.cycle.alarms import Alarms
from edge.cycle.counting import PART_ORDERS
from edge.cycle.holds import Holds
from edge.cycle.measuring import Measuring
from edge.cycle.writer import Writer
from quality.alarm import Priority
from quality.case import Case, CaseKind, Decision, DecisionKind, Disposition
from quality.judgement import Verdict
from quality.order import Order, OrderCode, OrderResult, OrderState
from quality.plan import ControlPlan
from quality.ports import Clock, EquipmentError, Gate, Records
from quality.saying import Saying, saying, told
from quality.station import StationStatus, VerdictAnswer

REFUSALS: Mapping[OrderResult, Saying] = {
    OrderResult.BAD_CHECK_WORD: saying("the PLC found the order damaged; the same decision can be taken again"),
    OrderResult.OLD_SEQUENCE: saying("the PLC has answered a later order already; take the decision again"),
    OrderResult.UNKNOWN_CODE: saying("the PLC does not know this order; have its program looked at"),
    OrderResult.UNKNOWN_TARGET: saying(
        "the PLC does not know this parameter; mend its number in the control plan"
    ),
    OrderResult.OUT_OF_RANGE: saying("the PLC does not accept this value; it allows less than the control plan"),
    OrderResult.NOT_HELD: saying("the PLC does not hold this part; look where it is"),
}
TWO_PARTS = saying(
    "two parts in the hold lane have this cycle's number, one from before a restart of the PLC; take this one out"
    " by hand, and confirm the hold with what becomes of it"
)
RESTARTED = saying("The PLC restarted before it answered: it may or may not have been done. Look at the line.")


class Orders:
    """From recorded decision to settled order."""

    def __init__(
        self,
        gate: Gate,
        records: Records,
        write: Writer,
        measuring: Measuring,
        holds: Holds,
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
        self._holds = holds
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
        decisions = {decision.id: decision for decision in await self._write(self._records.pending_decisions)}
        cases = {case.id: case for case in await self._write(self._records.open_cases)} if decisions else {}
        for decision in decisions.values():
            await self._order(decision, cases.get(decision.case_id) if decision.case_id else None)
        for order in await self._write(self._records.open_orders):
            decision = decisions[order.decision_id]
            if not await self._send(order, decision, cases.get(decision.case_id) if decision.case_id else None):
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
                await self._settle_without_order(
                    decision, applied=True, detail=saying("Recorded; the part had passed.")
                )
            case DecisionKind.RELEASE | DecisionKind.CONFIRM_HOLD if case is not None:
                accepted = decision.kind is DecisionKind.RELEASE or decision.disposition is Disposition.USE_AS_IS
                code = OrderCode.RELEASE_PART if accepted else OrderCode.DIVERT
                await self._record(decision, code, case.cycle_sequence)
            case _:
                await self._settle_without_order(
                    decision, applied=False, detail=saying("The case it answers is closed.")
                )

    async def _record_adjustment(self, decision: Decision) -> None:
        rules = {rule.name: rule for rule in self._plan.parameters}
        rule = rules.get(decision.parameter or "")
        if rule is None or decision.value is None or not rule.limits.contain(decision.value):
            detail = saying(
                "The control plan in force does not allow {parameter} = {value}.",
                parameter=str(decision.parameter),
                value=str(decision.value),
            )
            await self._settle_without_order(decision, applied=False, detail=detail)
            return
        await self._record(decision, OrderCode.SET_PARAMETER, rule.target, round(decision.value))

    async def _record(self, decision: Decision, code: OrderCode, target: int = 0, value: int = 0) -> None:
        await self._write(self._records.record_order, decision, code, target, value)

    async def _settle_without_order(self, decision: Decision, *, applied: bool, detail: str) -> None:
        await self._write(self._records.settle_decision, decision.id, applied=applied, detail=detail)

    async def _send(self, order: Order, decision: Decision, case: Case | None) -> bool:
        """Writes one order and settles it; False when the PLC did not answer, and the order stays open."""
        try:
            state, result, detail = await self._outcome(order, decision, case)
        except EquipmentError as error:
            await self._alarms.raise_("plc", "order not acknowledged", Priority.URGENT, told(error))
            return False
        await self._write(self._records.settle_order, order.sequence, state, result, detail)
        await self._alarms.clear("plc", "order not acknowledged")
        if case is not None and state is not OrderState.DONE:
            self._holds.reopened()
        return True

    async def _outcome(
        self, order: Order, decision: Decision, case: Case | None
    ) -> tuple[OrderState, OrderResult | None, str]:
        """What came of the order, sent if it was not yet answered. Raises EquipmentError."""
        status = (await self._gate.scan()).status
        if order.state is OrderState.RECORDED and order.sequence <= status.answered_order:
            return self._refused(order, decision, OrderResult.OLD_SEQUENCE)
        if (answered := _answer_to(order, status)) is not None:
            return await self._answered(order, decision, answered)
        if order.state is OrderState.SENT and order.boot_count != status.boot_count:
            return OrderState.UNKNOWN, None, RESTARTED
        if order.code in PART_ORDERS:
            if case is None:
                return OrderState.REFUSED, None, saying("The case it answers is closed.")
            if not await self._holds_it(case):
                # It may have been carried out between the two looks, before it could be answered.
                answered = _answer_to(order, (await self._gate.scan()).status)
                return await self._answered(order, decision, answered or OrderResult.NOT_HELD)
        await self._write(self._records.order_sent, order.sequence, status.boot_count)
        result = await self._gate.give_order(replace(order, boot_count=status.boot_count))
        return await self._answered(order, decision, result)

    async def _holds_it(self, case: Case) -> bool:
        """True when the PLC holds this very part.

        An order names only a cycle, and cycles start again with each boot: without this look, releasing a part
        that is gone could let another one pass. A hold names the serial too.
        """
        answer = await self._gate.give_verdict(case.cycle_sequence, case.serial, Verdict.HOLD, None)
        return answer is VerdictAnswer.ACCEPTED

    async def _answered(
        self, order: Order, decision: Decision, result: OrderResult
    ) -> tuple[OrderState, OrderResult, str]:
        if result is not OrderResult.DONE:
            return self._refused(order, decision, result)
        state, detail = await self._read_back(order)
        return state, result, detail

    @staticmethod
    def _refused(order: Order, decision: Decision, result: OrderResult) -> tuple[OrderState, OrderResult, str]:
        if result is OrderResult.NOT_HELD and decision.kind is DecisionKind.CONFIRM_HOLD:
            return (
                OrderState.DONE,
                result,
                saying("Recorded; the PLC no longer held the part, so nothing was left to do there."),
            )
        two = result is OrderResult.UNKNOWN_TARGET and order.code in PART_ORDERS
        return OrderState.REFUSED, result, saying("Not done: {why}.", why=TWO_PARTS if two else REFUSALS[result])

    async def _read_back(self, order: Order) -> tuple[OrderState, str]:
        if order.code is not OrderCode.SET_PARAMETER:
            return OrderState.DONE, saying("Acknowledged by the PLC.")
        rule = next((rule for rule in self._plan.parameters if rule.target == order.target), None)
        if rule is None:
            return OrderState.UNKNOWN, saying(
                "The PLC acknowledged, but the control plan in force has no such parameter."
            )
        found = (await self._gate.scan()).value(rule.name)
        if found == order.value:
            return OrderState.DONE, saying(
                "Acknowledged by the PLC and read back as {value} {unit}.", value=f"{found:g}", unit=rule.unit
            )
        shown = saying("nothing") if found is None else f"{found:g} {rule.unit}"
        return OrderState.UNKNOWN, saying(
            "The PLC acknowledged, but {shown} is read back. Look at the machine.", shown=shown
        )


def _answer_to(order: Order, status: StationStatus) -> OrderResult | None:
    """What the PLC says came of the order, if it was the last one answered; a PLC may remember over a restart."""
    if order.state is OrderState.SENT and status.answered_order == order.sequence:
        return status.order_result
    return None
