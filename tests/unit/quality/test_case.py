"""The decision core: one decision wins a version, and nothing outside the plan is taken."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.case import (
    FINAL_DECISIONS,
    Case,
    CaseKind,
    CaseState,
    Decision,
    DecisionKind,
    Disposition,
    Refusal,
    RefusalCode,
    answer,
    escalate,
    settle,
)
from quality.characteristic import Characteristic, Limits, LineId, PartSerial, StationId
from quality.deciding import check
from quality.plan import ControlPlan, ParameterRule, ReactionPlan, Role, Thresholds

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
OFFSET = ParameterRule("x_offset_um", "x offset", "µm", 1, Limits(-150, 150), 100, {"hole_x_mm": 0.001})
PLAN = ControlPlan(
    part="beam",
    characteristics=(Characteristic("hole_x_mm", "mm", Limits(-0.18, 0.18), 0.0),),
    forecast=Thresholds(0.2, 0.6),
    surface=Thresholds(0.3, 0.7),
    measure_every=5,
    reaction=ReactionPlan(),
    parameters=(OFFSET,),
)
CASE = Case(
    id=UUID(int=1),
    kind=CaseKind.SUSPECT_PART,
    line=LineId("line-1"),
    station=StationId("milling"),
    boot_count=1,
    cycle_sequence=7,
    serial=PartSerial("BM-7"),
    opened_at=NOW,
    deadline=NOW + timedelta(minutes=5),
    asked=Role.ENGINEER,
)


def decision(kind: DecisionKind = DecisionKind.RELEASE, **changes: object) -> Decision:
    made = Decision(
        id=uuid4(),
        kind=kind,
        line=CASE.line,
        decided_by="engineer",
        role=Role.ENGINEER,
        decided_at=NOW,
        reason="measured in",
        case_id=CASE.id,
        case_version=CASE.version,
        disposition=Disposition.SCRAP if kind is DecisionKind.CONFIRM_HOLD else None,
        parameter="x_offset_um" if kind is DecisionKind.ADJUST_PARAMETER else None,
        value=-90.0 if kind is DecisionKind.ADJUST_PARAMETER else None,
    )
    return replace(made, **changes)  # type: ignore[arg-type] - the tests name the fields


def refused(code: RefusalCode, made: Decision, current: float | None = 0.0) -> None:
    with pytest.raises(Refusal) as caught:
        check(made, PLAN, current)
    assert caught.value.code is code
    assert caught.value.sentence


@pytest.mark.parametrize("kind", list(DecisionKind))
def test_a_complete_decision_of_an_engineer_is_taken(kind: DecisionKind) -> None:
    check(decision(kind), PLAN, 0.0)
    assert answer(CASE, decision(kind)).version == CASE.version + 1


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.IT])
def test_who_does_not_decide_is_refused(role: Role) -> None:
    refused(RefusalCode.NOT_ALLOWED, decision(role=role))


def test_a_decision_needs_a_reason_and_its_parts() -> None:
    refused(RefusalCode.INCOMPLETE, decision(reason="  "))
    refused(RefusalCode.INCOMPLETE, decision(DecisionKind.CONFIRM_HOLD, disposition=None))
    refused(RefusalCode.INCOMPLETE, decision(DecisionKind.ADJUST_PARAMETER, value=None))
    refused(RefusalCode.INCOMPLETE, decision(DecisionKind.RELEASE, case_id=None, case_version=None))


@pytest.mark.parametrize(
    ("parameter", "value", "current"),
    [
        ("x_offset_um", 151, 100),
        ("x_offset_um", -151, -100),
        ("x_offset_um", 101, 0),
        ("x_offset_um", 10.5, 0),
        ("x_offset_um", float("nan"), 0),
        ("x_offset_um", 10, None),
        ("unknown", 10, 0),
    ],
)
def test_an_adjustment_stays_within_limits_and_largest_step(
    parameter: str, value: float, current: float | None
) -> None:
    made = decision(DecisionKind.ADJUST_PARAMETER, parameter=parameter, value=value)
    refused(RefusalCode.OUT_OF_LIMITS, made, current)


@given(value=st.integers(-400, 400), current=st.integers(-150, 150))
def test_an_adjustment_is_taken_exactly_when_the_plan_allows_it(value: int, current: int) -> None:
    made = decision(DecisionKind.ADJUST_PARAMETER, value=float(value))
    allowed = abs(value) <= 150 and abs(value - current) <= 100
    try:
        check(made, PLAN, float(current))
        taken = True
    except Refusal:
        taken = False
    assert taken == allowed


def test_an_answer_to_an_older_version_is_stale() -> None:
    with pytest.raises(Refusal) as caught:
        answer(replace(CASE, version=3), decision(case_version=2))
    assert caught.value.code is RefusalCode.STALE


def test_an_answered_case_takes_no_second_answer() -> None:
    answered = answer(CASE, decision())
    with pytest.raises(Refusal) as caught:
        answer(answered, decision(case_version=answered.version))
    assert caught.value.code is RefusalCode.ALREADY_ANSWERED


def test_a_part_that_has_passed_cannot_be_released() -> None:
    with pytest.raises(Refusal) as caught:
        answer(replace(CASE, kind=CaseKind.ESCAPE), decision())
    assert caught.value.code is RefusalCode.NOT_ALLOWED


@given(st.lists(st.sampled_from(list(DecisionKind)), max_size=12))
def test_at_most_one_final_decision_is_taken_and_versions_only_grow(kinds: list[DecisionKind]) -> None:
    case, final = CASE, 0
    for kind in kinds:
        before = case
        try:
            case = answer(case, decision(kind, case_version=case.version))
        except Refusal:
            assert case is before
            continue
        assert case.version == before.version + 1
        final += kind in FINAL_DECISIONS
    assert final <= 1
    assert (case.state is CaseState.ANSWERED) == (final == 1)


def test_what_the_plc_answers_closes_the_case_or_opens_it_again() -> None:
    answered = answer(CASE, decision())
    assert settle(answered, applied=True).state is CaseState.CLOSED
    again = settle(answered, applied=False)
    assert (again.state, again.version) == (CaseState.OPEN, answered.version + 1)


def test_silence_escalates_once_and_keeps_the_version() -> None:
    assert escalate(CASE, NOW, Role.SUPERVISOR) is CASE
    later = escalate(CASE, CASE.deadline, Role.SUPERVISOR)
    assert (later.escalated, later.asked, later.version) == (True, Role.SUPERVISOR, CASE.version)
    assert escalate(later, CASE.deadline, Role.SUPERVISOR) is later
    answered = answer(CASE, decision())
    assert escalate(answered, CASE.deadline, Role.SUPERVISOR) is answered
