"""What the case page says and offers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from quality.case import Case, CaseKind, CaseState, DecisionKind, Disposition
from quality.characteristic import Characteristic, Limits, LineId, PartSerial, StationId
from quality.evidence import NoEvidence
from quality.influence import Influence
from quality.judge import judge_missing
from quality.judgement import Judgement, Reason, ReasonCode, Verdict
from quality.order import OrderState
from quality.plan import ControlPlan, ParameterRule, ReactionPlan, Role, Thresholds
from quality.saying import saying
from records.views import DecisionView, EarlierCase, ForecastView, HistoryPoint, InspectionDetail, InspectionRow
from review_api.language import Languages
from review_api.pages import case_view
from review_api.pages.advice import Advice, actions, advise, precedent
from review_api.pages.charts import Next, history_chart
from review_api.pages.travel import journey, still_shown
from review_api.pages.words import countdown, parameter_title, reading, signed, subject, unit

ENGLISH = Languages(ZoneInfo("Europe/Berlin")).default
AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HOLE = Characteristic("hole_4_x_mm", "mm", Limits(-0.18, 0.18), 0.0, "hole 4 x")
OFFSET = ParameterRule(
    "spindle_b_x_offset_um", "spindle B x offset", "um", 3, Limits(-150, 150), 100, {"hole_4_x_mm": 0.001}
)
PLAN = ControlPlan(
    "bumper beam", (HOLE,), Thresholds(0.25, 0.6), Thresholds(0.3, 0.7), 5, ReactionPlan(), (OFFSET,)
)
CASE = Case(
    UUID(int=1),
    CaseKind.SUSPECT_PART,
    LineId("l"),
    StationId("s"),
    1,
    7,
    PartSerial("B7"),
    AT,
    AT + timedelta(minutes=5),
    Role.ENGINEER,
)
NEAR_LIMIT = Judgement("hole_4_x_mm", 0.31, Verdict.REVIEW, marginal=True)


def plan_of(*characteristics: Characteristic) -> ControlPlan:
    return ControlPlan("bumper beam", characteristics, PLAN.forecast, PLAN.surface, 5, ReactionPlan())


PARAMETER = "spindle_b_x_offset_um"


def inspection(mean: float = 0.17, readings: dict[str, float] | None = None) -> InspectionDetail:
    row = InspectionRow(3, "l", "s", 1, 7, "B7", AT, AT, Verdict.REVIEW, "v", (), (NEAR_LIMIT,), None)
    return InspectionDetail(row, readings or {}, (ForecastView("hole_4_x_mm", mean, 0.02),), (), (), {})


def decision(kind: DecisionKind, travel: OrderState, disposition: Disposition | None = None) -> DecisionView:
    return DecisionView(
        UUID(int=2), kind, CASE.id, "vera", Role.ENGINEER, AT, "why", disposition, None, None, travel, "", "B7"
    )


def test_the_suggestion_comes_first_and_stopping_the_line_last() -> None:
    found = case_view.recommended(inspection(), PLAN, {PARAMETER: 0.0})
    advice = advise(CASE, (NEAR_LIMIT,), found, PLAN, {})
    offered = actions(CASE, advice, found, adjustable=True)
    assert advice.kind is DecisionKind.ADJUST_PARAMETER
    assert "Hole 4 x of the next parts: forecast +0.070 ± 0.020 mm." in advice.why
    assert offered[0].label == "Adjust −100 µm"
    assert offered[0].suggested
    assert offered[-1].kind is DecisionKind.STOP_LINE
    assert [action.suggested for action in offered].count(True) == 1


def test_what_was_adjusted_since_the_part_was_made_is_not_suggested_again() -> None:
    then = inspection(readings={PARAMETER: 0.0})
    before = case_view.recommended(then, PLAN, {PARAMETER: 0.0})
    after = case_view.recommended(then, PLAN, {PARAMETER: -100.0})
    assert before is not None
    assert before.value == -100
    assert after is not None
    assert after.step == -50, "it could not go below its limit of -150"
    done = case_view.recommended(inspection(0.09, {PARAMETER: 0.0}), PLAN, {PARAMETER: -90.0})
    assert done is None


def test_a_step_is_offered_within_the_largest_step_and_the_limits() -> None:
    (offered,) = case_view.adjustables(inspection(), PLAN, {PARAMETER: 90.0}, None)
    assert (offered.lowest, offered.highest, offered.value) == (-10, 150, 90)


def test_a_parameter_whose_value_is_not_known_is_not_offered() -> None:
    assert case_view.adjustables(inspection(), PLAN, {}, None) == ()


def test_missing_evidence_asks_for_a_measurement_and_a_marked_defect_for_a_look() -> None:
    missing = judge_missing(NoEvidence("face", "no picture", "look at the cable"))
    assert advise(CASE, (missing,), None, PLAN, {}).kind is DecisionKind.MEASURE
    unsure = Judgement("surface:face", 0.5, Verdict.REVIEW, marginal=True)
    assert advise(CASE, (unsure,), None, PLAN, {}).kind is None
    sure = Judgement("surface:face", 0.9, Verdict.HOLD, marginal=False)
    assert advise(CASE, (sure,), None, PLAN, {}).kind is DecisionKind.CONFIRM_HOLD


def test_a_reading_unlike_those_before_is_looked_at_before_anything_is_adjusted() -> None:
    values = {"reading": "clamp pressure", "value": 41.0, "usual": 60.0, "unit": "bar"}
    slipped = replace(NEAR_LIMIT, reasons=(*NEAR_LIMIT.reasons, Reason(ReasonCode.READING_UNUSUAL, values)))
    advice = advise(CASE, (slipped,), None, PLAN, {})
    assert advice.kind is None
    assert "clamp pressure" in advice.what


def test_an_escaped_part_cannot_be_released() -> None:
    escape = replace(CASE, kind=CaseKind.ESCAPE)
    advice = advise(escape, (), None, PLAN, {})
    kinds = {action.kind for action in actions(escape, advice, None, adjustable=False)}
    assert kinds == {DecisionKind.CONFIRM_HOLD, DecisionKind.STOP_LINE}
    assert case_view.matter(escape, PLAN) == "Bumper beam B7 passed, and measures out"


def test_what_was_measured_is_said_before_what_was_thought() -> None:
    judged = Judgement(
        "hole_4_x_mm",
        0.3,
        Verdict.REVIEW,
        marginal=True,
        reasons=(Reason(ReasonCode.TREND, {"characteristic": "hole 4 x", "parts": 9, "direction": "rising"}),),
    )
    said = case_view.why(CASE, (judged,), {"hole_4_x_mm": 0.21}, PLAN)
    assert said[0].startswith("Hole 4 x was measured at +0.21 mm")
    assert said[1] == "Hole 4 x has been rising for 9 parts."
    assert case_view.leading_characteristic((judged,), {"hole_4_x_mm": 0.21}, PLAN) is HOLE


def test_a_part_that_the_gauge_found_within_its_limits_may_go() -> None:
    measured = {"hole_4_x_mm": 0.03}
    said = case_view.why(CASE, (NEAR_LIMIT,), measured, PLAN)
    assert said[0] == "Hole 4 x was measured at +0.03 mm, within its limits."
    found = case_view.recommended(inspection(), PLAN, {PARAMETER: 0.0})
    assert advise(CASE, (NEAR_LIMIT,), found, PLAN, measured).kind is DecisionKind.RELEASE


def test_a_measurement_clears_no_face_no_missing_evidence_and_not_what_it_left_out() -> None:
    measured = {"hole_4_x_mm": 0.03}
    marked = Judgement("surface:face", 0.9, Verdict.HOLD, marginal=False)
    assert advise(CASE, (NEAR_LIMIT, marked), None, PLAN, measured).kind is not DecisionKind.RELEASE
    missing = judge_missing(NoEvidence("face", "no picture", "look at the cable"))
    assert advise(CASE, (missing,), None, PLAN, measured).kind is not DecisionKind.RELEASE
    assert advise(CASE, (), None, PLAN, measured).kind is not DecisionKind.RELEASE
    plan = plan_of(HOLE, replace(HOLE, name="hole_5_x_mm", title="hole 5 x"))
    assert advise(CASE, (NEAR_LIMIT,), None, plan, measured).kind is not DecisionKind.RELEASE


def test_a_defect_that_was_seen_is_not_headed_by_a_good_measurement() -> None:
    values = {"camera": "face", "probability": 0.9}
    marked = Judgement(
        "surface:face", 0.9, Verdict.HOLD, marginal=False, reasons=(Reason(ReasonCode.SURFACE_DEFECT, values),)
    )
    for judged in ((NEAR_LIMIT, marked), (marked, NEAR_LIMIT)):
        said = case_view.why(CASE, judged, {"hole_4_x_mm": 0.03}, PLAN)
        assert said[0].startswith("The face camera sees a probable defect.")
        assert said[1] == "Hole 4 x was measured at +0.03 mm, within its limits."


def test_what_is_farthest_out_leads() -> None:
    other = replace(HOLE, name="hole_5_x_mm", title="hole 5 x")
    plan = plan_of(HOLE, other)
    measured = {"hole_4_x_mm": 0.2, "hole_5_x_mm": -0.4}
    assert case_view.leading_characteristic((), measured, plan) is other
    assert case_view.why(CASE, (), measured, plan)[0].startswith("Hole 5 x")


def test_a_closed_case_says_how_it_ended() -> None:
    scrapped = decision(DecisionKind.CONFIRM_HOLD, OrderState.DONE, Disposition.SCRAP)
    decisions = (decision(DecisionKind.MEASURE, OrderState.DONE), scrapped)
    assert case_view.decided(decisions) == "measured, held, scrap"
    assert case_view.outcome(decisions) == "held, scrap"
    assert case_view.outcome(()) == "decided"


def test_a_decision_travels_in_three_steps_and_a_refusal_is_plain() -> None:
    passed = [
        journey(ENGLISH, decision(DecisionKind.RELEASE, travel)).passed
        for travel in (OrderState.RECORDED, OrderState.SENT, OrderState.DONE)
    ]
    assert passed == [1, 2, 3]
    refused = journey(ENGLISH, decision(DecisionKind.RELEASE, OrderState.REFUSED))
    assert (refused.outcome, refused.sentence) == ("failed", "Refused by the PLC; nothing was changed.")
    assert (
        "may not have been applied"
        in journey(ENGLISH, decision(DecisionKind.RELEASE, OrderState.UNKNOWN)).sentence
    )


def test_an_arrived_decision_is_news_for_a_minute_only() -> None:
    done = decision(DecisionKind.STOP_LINE, OrderState.DONE)
    assert still_shown(done, AT + timedelta(seconds=59))
    assert not still_shown(done, AT + timedelta(seconds=61))
    assert still_shown(decision(DecisionKind.STOP_LINE, OrderState.SENT), AT + timedelta(hours=1))


def test_a_chart_leaves_gaps_where_nothing_is_known_and_rings_the_last_part() -> None:
    points = (
        HistoryPoint(1, "B1", AT, 0.02, 0.0, 0.02, Verdict.PASS),
        HistoryPoint(2, "B2", AT, None, None, None, Verdict.PASS),
        HistoryPoint(3, "B3", AT, None, 0.17, 0.02, Verdict.REVIEW),
    )
    chart = history_chart(HOLE, points, ring_last=True)
    assert chart["measured"] == [0.02, None, None]
    assert chart["low"] == [-0.032897072539029444, None, 0.13710292746097057]
    assert chart["ring"] == 2
    one_sided = Characteristic("roughness_um", "um", Limits(float("-inf"), 2.5))
    assert history_chart(one_sided, (), ring_last=True)["lower"] is None


def test_words() -> None:
    assert countdown(ENGLISH, AT + timedelta(seconds=222), AT) == "3:42"
    assert countdown(ENGLISH, AT - timedelta(seconds=3700), AT) == "overdue 1:01:40"
    assert subject(ENGLISH, NEAR_LIMIT, PLAN) == "hole 4 x"
    assert subject(ENGLISH, Judgement("surface:face", 1, Verdict.HOLD, marginal=False), PLAN) == "face camera"
    assert (signed(ENGLISH, 0), signed(ENGLISH, 24), signed(ENGLISH, -90)) == ("0", "+24", "−90")
    assert reading("spindle_b_power_kw") == ("Spindle b power", "kW")
    assert unit("um") == "µm"
    assert parameter_title("gone", PLAN) == "gone"


def test_the_case_is_held_until_it_is_closed() -> None:
    assert case_view.matter(CASE, PLAN) == "Bumper beam B7 is held"
    closed = replace(CASE, state=CaseState.CLOSED)
    assert case_view.matter(closed, PLAN, "released") == "Bumper beam B7 is released"


def test_what_needs_two_waits_for_the_second_and_says_so() -> None:
    waits = journey(ENGLISH, decision(DecisionKind.RELEASE, OrderState.PROPOSED))
    assert (waits.outcome, waits.passed) == ("waiting", 1)
    assert waits.steps[:2] == ("Recorded", "Second person")


def test_an_adjustment_is_read_back_and_a_detail_is_told_as_it_is() -> None:
    done = journey(ENGLISH, decision(DecisionKind.ADJUST_PARAMETER, OrderState.DONE))
    assert done.steps == ("Recorded", "Sent to PLC", "Acknowledged", "Read back")
    assert done.passed == len(done.steps)
    refused = replace(decision(DecisionKind.RELEASE, OrderState.REFUSED), detail="The PLC answered NOT_HELD.")
    assert journey(ENGLISH, refused).sentence == "The PLC answered NOT_HELD."


def test_control_limits_are_drawn_once_enough_was_measured_and_what_follows_comes_with_its_interval() -> None:
    measured = [0.01, -0.01] * 6
    points = [HistoryPoint(i, f"B{i}", AT, v, v, 0.02, Verdict.PASS) for i, v in enumerate(measured)]
    after = Next("−90 µm", 0.08, 0.02, after=True)
    chart = history_chart(HOLE, points, ring_last=True, control=True, following=[after])
    # The moving ranges are all 0.02: sigma is 0.02 / 1.128 and the limits lie three of it from 0.
    assert chart["control"] == [pytest.approx(-0.0532, abs=1e-4), pytest.approx(0.0532, abs=1e-4)]
    assert chart["next"] == [
        {
            "label": "−90 µm",
            "mean": 0.08,
            "low": pytest.approx(0.0471, abs=1e-4),
            "high": pytest.approx(0.1129, abs=1e-4),
            "after": True,
        }
    ]
    assert history_chart(HOLE, points[:11], ring_last=True, control=True)["control"] is None


def test_what_moved_the_forecast_is_told_when_it_moved_it_by_more_than_its_uncertainty() -> None:
    moved = replace(
        inspection(),
        moved=HOLE.name,
        influences=(
            Influence("clamp_pressure_bar", 41.25, 59.91, 0.31),
            Influence("B6", 0.16, None, -0.05),
            Influence("spindle_b_power_kw", 7.4, 7.3, 0.01),
        ),
    )
    assert case_view.moved_by(moved, PLAN) == [
        "Clamp pressure is 41.25 bar, usually 59.91: +0.310 mm.",
        "Part B6 as it was measured: −0.050 mm.",
    ]


def test_what_was_decided_on_the_most_alike_cases_is_counted() -> None:
    advice = Advice(DecisionKind.ADJUST_PARAMETER, saying("adjust"), saying("why"))
    closed = replace(CASE, state=CaseState.CLOSED)
    adjusted = EarlierCase(closed, (), (), {}, (decision(DecisionKind.ADJUST_PARAMETER, OrderState.DONE),))
    held = EarlierCase(closed, (), (), {}, (decision(DecisionKind.CONFIRM_HOLD, OrderState.DONE),))
    assert precedent(advice, (adjusted, held, adjusted)) == "Of the 3 most alike, 2 were adjusted."
    assert precedent(replace(advice, kind=None), (held,)) == "Of the 1 most alike, 0 were released."
    assert precedent(advice, ()) is None
