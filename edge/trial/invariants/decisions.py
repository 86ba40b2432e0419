"""What people decide happens once, to the part it was decided about, and only if it was theirs to decide."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from edge.trial.chronicle import Decided, Executed, Fact, Stored
from edge.trial.invariants.rule import Rule, Scene, Violation, on_wire
from edge.trial.line import LINE, PARAMETERS
from quality.case import Decision, DecisionKind, Disposition
from quality.order import Order, OrderCode, OrderState
from records.views import DecisionView, InspectionDetail

DONE: Final = 1
CODES: Final = {
    OrderCode.STOP_LINE: 1,
    OrderCode.RESUME: 2,
    OrderCode.RELEASE_PART: 3,
    OrderCode.DIVERT: 4,
    OrderCode.SET_PARAMETER: 5,
}
PART_CODES: Final = frozenset({OrderCode.RELEASE_PART, OrderCode.DIVERT})
_OF_KIND: Final = {
    DecisionKind.STOP_LINE: OrderCode.STOP_LINE,
    DecisionKind.RESUME: OrderCode.RESUME,
    DecisionKind.RELEASE: OrderCode.RELEASE_PART,
    DecisionKind.ADJUST_PARAMETER: OrderCode.SET_PARAMETER,
}


class AppliedOnce(Rule):
    """A decision becomes one order, and the PLC does that order once."""

    number = 3
    sentence = "each decision is applied exactly once"

    def __init__(self, scene: Scene, broken: Callable[[Violation], None]) -> None:
        super().__init__(scene, broken)
        self._executed: list[Executed] = []
        self._done: Counter[UUID] = Counter()

    def heard(self, fact: Fact) -> None:
        """Holds what the PLC did against the decision that it comes from."""
        if not isinstance(fact, Executed):
            return
        what = f"order {fact.sequence} (code {fact.code}, target {fact.target}, value {fact.value})"
        order = order_in_store(self.scene, fact.sequence)
        decision = self.scene.records.decision(order.decision_id) if order else None
        self.must(decision is not None, f"the PLC carried out {what}, which comes from no decision")
        if order is None or decision is None:
            return
        target = on_wire(order.target) if order.code in PART_CODES else order.target
        self.must(is_decided(decision), f"{what} carries out what a second person has yet to agree to, or did not")
        given = CODES[order.code], target, order.value
        self.must(given == (fact.code, fact.target, fact.value), f"the PLC was given {what}, stored is {given}")
        self.must(order.code is _code(decision), f"{what} does not carry out the {decision.kind} it comes from")
        if decision.case_id is not None:
            detail = self.scene.records.case(decision.case_id)
            about = on_wire(detail.case.cycle_sequence) if detail else None
            self.must(about == fact.target, f"{what} was decided about cycle {about}")
        if fact.result == DONE:
            self._done[decision.id] += 1
            self.must(self._done[decision.id] == 1, f"{what} carries out its decision a second time")

    def examine(self, fresh: Sequence[InspectionDetail]) -> None:  # noqa: ARG002
        """One order for one decision."""
        orders = Counter(order.decision_id for order in self.scene.records.orders(LINE))
        most = max(orders.values(), default=0)
        self.must(most <= 1, f"a decision has {most} orders")

    def close(self) -> None:
        """What the person was told in the end is what happened."""
        allowed = {OrderState.DONE: {1}, OrderState.REFUSED: {0}, OrderState.UNKNOWN: {0, 1}}
        lane = {fate.part.serial for fate in self.scene.plc.station.lane}
        for order in self.scene.records.orders(LINE):
            done = self._done[order.decision_id]
            decision = self.scene.records.decision(order.decision_id)
            if decision is not None and decision.kind is DecisionKind.CONFIRM_HOLD and decision.serial not in lane:
                # A part that is not in the lane any more has nothing left to be done to it there.
                continue
            self.must(
                done in allowed.get(order.state, set()),
                f"order {order.sequence} ({order.code}) ended as {order.state}, and was done {done} times",
            )


class OneWins(Rule):
    """Two people cannot both have decided."""

    number = 9
    sentence = "at most one decision wins a version of a case"

    def __init__(self, scene: Scene, broken: Callable[[Violation], None]) -> None:
        super().__init__(scene, broken)
        self._winners: dict[tuple[UUID, int], UUID] = {}
        self._told: dict[UUID, Decision] = {}

    def heard(self, fact: Fact) -> None:
        """Judges what people were told."""
        if not isinstance(fact, Decided):
            return
        decision = fact.decision
        first = self._told.setdefault(decision.id, decision)
        self.must(
            replace(decision, decided_at=first.decided_at) == first,
            f"decision {decision.kind} was taken twice under one id, and differs",
        )
        if decision.case_id is not None and decision.case_version is not None:
            winner = self._winners.setdefault((decision.case_id, decision.case_version), decision.id)
            self.must(
                winner == decision.id, f"a second {decision.kind} was taken on version {decision.case_version}"
            )


class ParameterAsDecided(Rule):
    """A number that reaches a machine is the one that a person saw."""

    number = 11
    sentence = "a parameter written equals the value decided, inside its limits, read back"

    def heard(self, fact: Fact) -> None:
        """Looks when the PLC takes it, and when it is settled as done."""
        match fact:
            case Executed(code=code) if code == CODES[OrderCode.SET_PARAMETER]:
                self._written(fact)
            case Stored(call="settle_order", args=(sequence, OrderState.DONE, *_)):
                self._settled(sequence)
            case _:
                pass

    def _written(self, fact: Executed) -> None:
        decision = self._decision(fact.sequence)
        if decision is None or decision.parameter is None:
            return
        rule = self.scene.plan.parameter(decision.parameter)
        self.must(fact.value == decision.value, f"{rule.name} was set to {fact.value}, decided {decision.value}")
        self.must(fact.target == rule.target, f"parameter {fact.target} was set instead of {rule.name}")
        self.must(rule.limits.contain(fact.value), f"{rule.name} was set to {fact.value}, outside its limits")

    def _settled(self, sequence: int) -> None:
        decision = self._decision(sequence)
        if decision is None or decision.parameter is None:
            return
        value = self.scene.plc.station.offsets.um[0][PARAMETERS.index(decision.parameter)]
        self.must(
            value == decision.value,
            f"{decision.parameter} is settled as {decision.value}, and the machine has {value}",
        )

    def _decision(self, sequence: int) -> DecisionView | None:
        order = order_in_store(self.scene, sequence)
        return self.scene.records.decision(order.decision_id) if order else None


def order_in_store(scene: Scene, sequence: int) -> Order | None:
    """The order of that sequence."""
    return next((order for order in scene.records.orders(LINE) if order.sequence == sequence), None)


def is_decided(decision: DecisionView) -> bool:
    """True when the decision needs nobody's agreement any more."""
    return decision.travel is not OrderState.PROPOSED and (decision.second is None or decision.second.agrees)


def _code(decision: DecisionView) -> OrderCode | None:
    if decision.kind is DecisionKind.CONFIRM_HOLD:
        return OrderCode.RELEASE_PART if decision.disposition is Disposition.USE_AS_IS else OrderCode.DIVERT
    return _OF_KIND.get(decision.kind)
