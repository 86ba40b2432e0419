"""Who has to agree and who has to sign: what the plan says, and no way around it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.case import (
    CaseState,
    Disposition,
    Refusal,
    RefusalCode,
    Second,
    Taken,
    answer,
    escalate,
    second,
    who_decided_what,
)
from quality.characteristic import Characteristic, Limits
from quality.deciding import check, check_second, must_be_signed, needs_second, suspect_in
from quality.judgement import Judgement, Verdict
from quality.plan import DecisionKind, ReactionPlan, Role
from tests.unit.quality.test_case import CASE, NOW, OFFSET, PLAN, decision

BORE = Characteristic("bore_mm", "mm", Limits(13.9, 14.1), 14.0, critical=True)
STRICT = replace(
    PLAN,
    characteristics=(*PLAN.characteristics, BORE),
    parameters=(replace(OFFSET, alone_within=20),),
    reaction=ReactionPlan(signed=(DecisionKind.RELEASE, DecisionKind.STOP_LINE)),
)
LETS_GO = [(DecisionKind.RELEASE, None), (DecisionKind.CONFIRM_HOLD, Disposition.USE_AS_IS)]


def opinion(by: str = "ben", *, agrees: bool = True, **changes: object) -> Second:
    made = Second(
        by, Role.ENGINEER, NOW + timedelta(minutes=1), agrees, "" if agrees else "the burr is still there"
    )
    return replace(made, **changes)  # type: ignore[arg-type] - the tests name the fields


def judged(subject: str, verdict: Verdict) -> Judgement:
    return Judgement(subject, 0.5, verdict, marginal=False)


def refusal_of(call: object, *args: object, **named: object) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call(*args, **named)  # type: ignore[operator] - a function
    assert caught.value.sentence
    return caught.value


@pytest.mark.parametrize(
    ("judgements", "measured", "suspect"),
    [
        ([judged("bore_mm", Verdict.HOLD)], {}, {"bore_mm"}),
        ([judged("bore_mm", Verdict.REVIEW), judged("surface:face", Verdict.HOLD)], {}, {"bore_mm"}),
        ([judged("bore_mm", Verdict.PASS)], {"bore_mm": 14.05}, set()),
        ([judged("hole_x_mm", Verdict.HOLD)], {"bore_mm": 14.2}, {"hole_x_mm", "bore_mm"}),
        ([judged("evidence:gauge", Verdict.HOLD)], {"bore_mm": float("nan")}, {"bore_mm"}),
    ],
)
def test_a_part_is_suspect_in_what_was_judged_against_it_or_measured_out(
    judgements: list[Judgement], measured: dict[str, float], suspect: set[str]
) -> None:
    assert suspect_in(judgements, measured, STRICT) == suspect


@pytest.mark.parametrize(("kind", "disposition"), LETS_GO)
def test_letting_go_what_is_suspect_in_a_critical_characteristic_takes_two(
    kind: DecisionKind, disposition: Disposition | None
) -> None:
    assert needs_second(STRICT, kind, disposition, suspect={"bore_mm"})
    assert not needs_second(STRICT, kind, disposition, suspect={"hole_x_mm"})
    assert not needs_second(PLAN, kind, disposition, suspect={"bore_mm"})


def test_holding_and_stopping_never_wait_for_anybody() -> None:
    for kind in set(DecisionKind) - {DecisionKind.RELEASE, DecisionKind.ADJUST_PARAMETER}:
        for disposition in (None, Disposition.SCRAP, Disposition.REWORK, Disposition.REPAIR):
            assert not needs_second(STRICT, kind, disposition, suspect={"bore_mm"})


@given(current=st.integers(-150, 150), value=st.integers(-150, 150))
def test_one_person_adjusts_within_the_band_and_two_beyond(current: int, value: int) -> None:
    step = ("x_offset_um", float(current), float(value))
    assert needs_second(STRICT, DecisionKind.ADJUST_PARAMETER, step=step) == (abs(value - current) > 20)
    assert not needs_second(PLAN, DecisionKind.ADJUST_PARAMETER, step=step)


def test_what_the_plan_wants_signed_is_not_taken_unsigned() -> None:
    assert refusal_of(check, decision(), STRICT).code is RefusalCode.SIGNATURE
    check(decision(signed_at=NOW), STRICT)
    check(decision(DecisionKind.MEASURE), STRICT)
    as_is = decision(DecisionKind.CONFIRM_HOLD, disposition=Disposition.USE_AS_IS)
    assert refusal_of(check, as_is, STRICT).code is RefusalCode.SIGNATURE
    check(decision(DecisionKind.CONFIRM_HOLD), STRICT)
    assert must_be_signed(STRICT, DecisionKind.STOP_LINE)


def test_a_code_is_reason_enough_if_the_plan_has_it() -> None:
    check(decision(reason="", reason_code="FALSE_ALARM"), PLAN)
    wrong = refusal_of(check, decision(reason="because", reason_code="TOOL_WEAR"), PLAN)
    assert (wrong.code, "TOOL_WEAR" in wrong.sentence) == (RefusalCode.INCOMPLETE, True)


def test_nobody_agrees_with_themselves_but_may_take_it_back() -> None:
    made = decision()
    assert refusal_of(check_second, made, opinion("engineer"), PLAN).code is RefusalCode.NOT_ALLOWED
    check_second(made, opinion("engineer", agrees=False), PLAN)
    check_second(made, opinion("ben"), PLAN)


def test_an_answer_to_a_proposal_is_complete_allowed_and_signed() -> None:
    made = decision(signed_at=NOW)
    assert refusal_of(check_second, made, opinion(role=Role.OPERATOR), PLAN).code is RefusalCode.NOT_ALLOWED
    assert refusal_of(check_second, made, opinion(agrees=False, reason=""), PLAN).code is RefusalCode.INCOMPLETE
    assert refusal_of(check_second, made, opinion(), STRICT).code is RefusalCode.SIGNATURE
    check_second(made, opinion(signed_at=NOW), STRICT)
    check_second(made, opinion(agrees=False), STRICT)


def test_a_step_that_has_grown_too_large_meanwhile_is_not_agreed_to() -> None:
    made = decision(DecisionKind.ADJUST_PARAMETER, value=-90.0)
    check_second(made, opinion(), PLAN, 0.0)
    assert refusal_of(check_second, made, opinion(), PLAN, 50.0).code is RefusalCode.OUT_OF_LIMITS
    check_second(made, opinion(agrees=False), PLAN, 50.0)


@pytest.mark.parametrize("kind", list(DecisionKind))
def test_a_proposal_waits_and_the_second_person_decides(kind: DecisionKind) -> None:
    made = decision(kind)
    proposed = answer(CASE, made, needs_second=True)
    assert (proposed.state, proposed.version) == (CaseState.PROPOSED, 2)
    agreed = second(proposed, made, opinion())
    assert (agreed.state, agreed.version) == (answer(CASE, made).state, 3)
    refused = second(proposed, made, opinion(agrees=False))
    assert (refused.state, refused.version) == (CaseState.OPEN, 3)


def test_of_two_second_persons_the_later_is_told_of_the_first() -> None:
    made = decision()
    agreed = second(answer(CASE, made, needs_second=True), made, opinion("cai"))
    late = refusal_of(second, agreed, made, opinion("dia"), first=Taken(made, second=opinion("cai")))
    assert late.code is RefusalCode.ALREADY_ANSWERED
    assert late.sentence == "cai agreed 0 s ago with engineer: release the part. Nothing was changed."


def test_whoever_decides_on_a_proposal_is_told_who_proposed_what() -> None:
    made = decision()
    proposed = answer(CASE, made, needs_second=True)
    other = decision(DecisionKind.MEASURE, case_version=2, decided_at=NOW + timedelta(seconds=40))
    told = refusal_of(answer, proposed, other, first=Taken(made, waits=True))
    assert (told.code, told.first) == (RefusalCode.PROPOSED, Taken(made, waits=True))
    assert told.sentence == (
        "engineer proposed 40 s ago: release the part. A second person is asked. Nothing was changed."
    )
    stale = refusal_of(answer, proposed, replace(other, case_version=1), first=Taken(made, waits=True))
    assert stale.code is RefusalCode.STALE
    assert "engineer proposed" in stale.sentence


@pytest.mark.parametrize(
    ("kind", "minutes", "words"),
    [
        (DecisionKind.CONFIRM_HOLD, 1, "engineer decided 60 s ago: confirm the hold, scrap the part."),
        (DecisionKind.ADJUST_PARAMETER, 5, "engineer decided 5 min ago: set x_offset_um to -90."),
        (DecisionKind.RESUME, 240, "engineer decided 4 h ago: resume the line."),
        (DecisionKind.STOP_LINE, -1, "engineer decided 0 s ago: stop the line."),
    ],
)
def test_what_was_decided_is_told_in_one_sentence(kind: DecisionKind, minutes: int, words: str) -> None:
    assert str(who_decided_what(Taken(decision(kind)), NOW + timedelta(minutes=minutes))) == words


def test_a_proposal_is_escalated_like_an_open_question() -> None:
    proposed = answer(CASE, decision(), needs_second=True)
    later = escalate(proposed, CASE.deadline, Role.SUPERVISOR)
    assert (later.escalated, later.version, later.state) == (True, proposed.version, CaseState.PROPOSED)
