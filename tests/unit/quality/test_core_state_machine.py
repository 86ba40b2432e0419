"""The decision core under every order of events: people, the PLC's answers and time, as Hypothesis likes.

The machine is a store in a few lines: it keeps what the pure functions return and refuses what they refuse.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from quality.case import (
    DECIDING_ROLES,
    FINAL_DECISIONS,
    Case,
    CaseKind,
    CaseState,
    Decision,
    DecisionKind,
    Disposition,
    Refusal,
    RefusalCode,
    Second,
    answer,
    escalate,
    second,
    settle,
)
from quality.characteristic import Characteristic, Limits, LineId, PartSerial, StationId
from quality.deciding import check, check_second, needs_second
from quality.plan import ControlPlan, ParameterRule, ReactionPlan, Role, Thresholds
from quality.saying import Saying

BEGIN = datetime(2026, 11, 24, 8, tzinfo=UTC)
RULE = ParameterRule("x_offset_um", "x offset", "µm", 1, Limits(-150, 150), 100, {"hole_x_mm": 0.001})
PLAN = ControlPlan(
    part="beam",
    characteristics=(Characteristic("hole_x_mm", "mm", Limits(-0.18, 0.18), 0.0, critical=True),),
    forecast=Thresholds(0.2, 0.6),
    surface=Thresholds(0.3, 0.7),
    measure_every=5,
    reaction=ReactionPlan(decide_within_s=300),
    parameters=(RULE,),
)


class DecisionCore(RuleBasedStateMachine):
    """Cases, the decisions taken on them, and what may never become of them."""

    cases = Bundle("cases")
    taken = Bundle("taken")
    travelling = Bundle("travelling")

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGIN
        self.numbered = 0
        self.kept: dict[UUID, Case] = {}
        self.decisions: dict[UUID, Decision] = {}
        self.winners: dict[tuple[UUID, int], UUID] = {}
        self.critical: set[UUID] = set()
        self.asked_for: list[UUID] = []
        """Decisions for which a second person is asked, oldest first."""
        self.settled: set[UUID] = set()
        self.opinions: dict[UUID, Second] = {}
        self.in_force = 0.0

    def number(self) -> UUID:
        self.numbered += 1
        return UUID(int=self.numbered)

    def put(self, moved: Case) -> None:
        """Keeps the next state of a case; what can never happen to one is looked for here."""
        before = self.kept[moved.id]
        assert before.state is not CaseState.CLOSED, "a closed case moved"
        assert moved.version in {before.version, before.version + 1}
        assert moved.version > before.version or (moved.state, moved.escalated) == (before.state, True)
        same = replace(
            before, version=moved.version, state=moved.state, escalated=moved.escalated, asked=moved.asked
        )
        assert moved == same, "a case became another part's"
        self.kept[moved.id] = moved

    def take(self, decision: Decision) -> bool:
        """As the store does: the same again changes nothing, another under the same id is refused."""
        known = self.decisions.get(decision.id)
        if known is not None:
            if replace(decision, decided_at=known.decided_at) != known:
                raise Refusal(RefusalCode.REUSED_ID, Saying("another decision has this id"))
            return False
        check(decision, PLAN, self.in_force)
        if decision.case_id is not None:
            by_two = needs_second(
                PLAN, decision.kind, decision.disposition, suspect=self.suspect(decision.case_id)
            )
            self.put(answer(self.kept[decision.case_id], decision, needs_second=by_two))
            won = self.kept[decision.case_id].id, decision.case_version or 0
            assert won not in self.winners, "two decisions won one version"
            self.winners[won] = decision.id
        self.decisions[decision.id] = decision
        return True

    def suspect(self, case: UUID) -> set[str]:
        return {"hole_x_mm"} if case in self.critical else set()

    @rule(target=cases, kind=st.sampled_from(CaseKind), critical=st.booleans())
    def a_part_is_held_or_has_escaped(self, kind: CaseKind, critical: bool) -> UUID:  # noqa: FBT001 - drawn
        return self.open_case(kind, critical=critical)

    @initialize(target=cases)
    def two_parts_are_held(self) -> object:
        parts = (self.open_case(CaseKind.SUSPECT_PART, critical=critical) for critical in (True, False))
        return multiple(*parts)

    def open_case(self, kind: CaseKind, *, critical: bool) -> UUID:
        number = self.number()
        if critical:
            self.critical.add(number)
        self.kept[number] = Case(
            id=number,
            kind=kind,
            line=LineId("line"),
            station=StationId("station"),
            boot_count=1,
            cycle_sequence=number.int,
            serial=PartSerial(f"BM-{number.int}"),
            opened_at=self.now,
            deadline=self.now + timedelta(seconds=PLAN.reaction.decide_within_s),
            asked=PLAN.reaction.who,
        )
        return number

    @rule(
        target=taken,
        case=cases,
        kind=st.sampled_from(
            sorted(set(DecisionKind) - {DecisionKind.ADJUST_PARAMETER}) + 3 * [DecisionKind.RELEASE]
        ),
        behind=st.sampled_from([0] * 12 + [1, 2, -1]),
        role=st.sampled_from([Role.ENGINEER] * 16 + list(Role)),
        disposition=st.sampled_from([*Disposition, None]),
        reason=st.sampled_from(["as seen"] * 12 + [" "]),
    )
    def somebody_decides(
        self,
        case: UUID,
        kind: DecisionKind,
        behind: int,
        role: Role,
        disposition: Disposition | None,
        reason: str,
    ) -> object:
        before = dict(self.kept)
        asked = self.kept[case]
        decision = Decision(
            self.number(),
            kind,
            LineId("line"),
            "Ana",
            role,
            self.now,
            reason,
            case,
            asked.version - behind,
            disposition,
        )
        try:
            self.take(decision)
        except Refusal:
            assert self.kept == before, "a refusal changed something"
            return multiple()
        assert role in DECIDING_ROLES
        assert reason.strip()
        assert behind == 0, "an answer to another version was taken"
        assert asked.state is CaseState.OPEN
        assert kind is not DecisionKind.CONFIRM_HOLD or disposition is not None
        assert (asked.kind, kind) != (CaseKind.ESCAPE, DecisionKind.RELEASE), "what has passed was released"
        as_is = kind is DecisionKind.CONFIRM_HOLD and disposition is Disposition.USE_AS_IS
        if case in self.critical and (kind is DecisionKind.RELEASE or as_is):
            self.asked_for.append(decision.id)
            assert self.kept[case].state is CaseState.PROPOSED, "one person let go what takes two"
        else:
            assert (self.kept[case].state is CaseState.ANSWERED) == (kind in FINAL_DECISIONS)
        return decision.id

    @rule(target=travelling, decision=taken)
    def the_edge_picks_it_up(self, decision: UUID) -> object:
        made = self.decisions[decision]
        if made.kind not in FINAL_DECISIONS:
            return multiple()
        if made.case_id is not None and self.kept[made.case_id].state is CaseState.PROPOSED:
            return multiple()
        opinion = self.opinions.get(decision)
        return decision if opinion is None or opinion.agrees else multiple()

    @rule(
        target=travelling,
        decision=taken,
        by=st.sampled_from(["Ana", "Ben", "Cai"]),
        role=st.sampled_from([Role.ENGINEER] * 16 + list(Role)),
        agrees=st.booleans(),
        back=st.integers(0, 8),
    )
    def a_second_person_answers(
        self,
        decision: UUID,
        by: str,
        role: Role,
        agrees: bool,  # noqa: FBT001 - drawn by Hypothesis
        back: int,
    ) -> object:
        if back and self.asked_for:
            decision = self.asked_for[-min(back, len(self.asked_for))]
        before = dict(self.kept)
        made = self.decisions[decision]
        assert made.case_id is not None
        asked = self.kept[made.case_id]
        opinion = Second(by, role, self.now, agrees, "" if agrees else "no")
        try:
            check_second(made, opinion, PLAN)
            self.put(second(asked, made, opinion))
        except Refusal:
            assert self.kept == before, "a refusal changed something"
            return multiple()
        assert asked.state is CaseState.PROPOSED, "nobody was asked"
        assert self.winners[asked.id, asked.version - 1] == decision, "another decision was asked about"
        assert decision not in self.opinions, "two second persons were heard"
        assert role in DECIDING_ROLES
        assert not (agrees and by == made.decided_by), "somebody agreed with themselves"
        assert self.kept[asked.id].state is (CaseState.ANSWERED if agrees else CaseState.OPEN)
        self.opinions[decision] = opinion
        return decision if agrees else multiple()

    @rule(decision=taken)
    def the_tablet_sends_it_again(self, decision: UUID) -> None:
        before = dict(self.kept)
        assert not self.take(replace(self.decisions[decision], decided_at=self.now))
        assert self.kept == before

    @rule(decision=taken, changed=st.sampled_from(["reason", "decided_by"]))
    def the_id_comes_with_another_body(self, decision: UUID, changed: str) -> None:
        before = dict(self.kept)
        other = replace(self.decisions[decision], **{changed: "something else"})  # type: ignore[arg-type] - str both
        with pytest.raises(Refusal) as refused:
            self.take(other)
        assert refused.value.code is RefusalCode.REUSED_ID
        assert self.kept == before

    @rule(value=st.integers(-400, 400) | st.floats(-200, 200), known=st.booleans())
    def somebody_adjusts(self, value: float, known: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
        decision = Decision(
            self.number(),
            DecisionKind.ADJUST_PARAMETER,
            LineId("line"),
            "Ana",
            Role.ENGINEER,
            self.now,
            "drift",
            parameter=RULE.name,
            value=value,
        )
        allowed = known and RULE.limits.contain(value) and value == round(value)
        allowed = allowed and abs(value - self.in_force) <= RULE.largest_step
        in_force = self.in_force if known else None
        if allowed:
            check(decision, PLAN, in_force)
            self.in_force = value
            return
        with pytest.raises(Refusal) as refused:
            check(decision, PLAN, in_force)
        assert refused.value.code is RefusalCode.OUT_OF_LIMITS

    @rule(decision=consumes(travelling), applied=st.booleans())
    def the_plc_answers(self, decision: UUID, applied: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
        if decision in self.settled:
            return
        self.settled.add(decision)
        case_id = self.decisions[decision].case_id
        assert case_id is not None
        assert self.kept[case_id].state is CaseState.ANSWERED, "nobody else may answer meanwhile"
        self.put(settle(self.kept[case_id], applied=applied))
        assert self.kept[case_id].state is (CaseState.CLOSED if applied else CaseState.OPEN)

    @rule(seconds=st.integers(0, 400))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        for case in list(self.kept.values()):
            later = escalate(case, self.now, PLAN.reaction.escalate_to)
            waits = case.state in {CaseState.OPEN, CaseState.PROPOSED}
            due = waits and not case.escalated and self.now >= case.deadline
            assert (later != case) == due
            assert later.version == case.version, "an answer on its way would be refused"
            if due:
                self.put(later)
                assert self.kept[case.id].asked is Role.SUPERVISOR

    @invariant()
    def every_answered_case_has_one_final_decision_on_its_way(self) -> None:
        for case in self.kept.values():
            if case.state is CaseState.ANSWERED:
                first, before = (self.winners.get((case.id, case.version - back)) for back in (1, 2))
                final = first or before
                assert final is not None
                assert self.decisions[final].kind in FINAL_DECISIONS
                if first is None:
                    opinion = self.opinions[final]
                    assert opinion.agrees
                    assert opinion.by != self.decisions[final].decided_by

    @invariant()
    def each_version_has_at_most_one_winner(self) -> None:
        on_cases = [d for d in self.decisions.values() if d.case_id is not None]
        assert len({(d.case_id, d.case_version) for d in on_cases}) == len(on_cases)
        assert all(self.kept[d.case_id].version > (d.case_version or 0) for d in on_cases if d.case_id)


TestDecisionCore = DecisionCore.TestCase
TestDecisionCore.settings = settings(max_examples=250, stateful_step_count=40, deadline=None)
