"""Evidence becomes a verdict, and what is not known never passes."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.characteristic import Characteristic, Limits, PartSerial
from quality.evidence import Box, Finding, Forecast, Measurement, NoEvidence, Reading
from quality.judge import (
    explained,
    judge_finding,
    judge_forecast,
    judge_missing,
    leading,
    main_reason,
    outside,
    probability_outside,
    unusual_readings,
    verdict_at,
    verdict_of,
)
from quality.judgement import Judgement, ReasonCode, Verdict
from quality.plan import ControlPlan, ReactionPlan, Thresholds, ToolLife
from quality.wording import sentence

HOLE = Characteristic("hole_4_x_mm", "mm", Limits(-0.18, 0.18), 0.0, "hole 4 x")
DEPTH = Characteristic("depth_mm", "mm", Limits(0.75, 0.85))
PLAN = ControlPlan(
    part="beam",
    characteristics=(HOLE, DEPTH),
    forecast=Thresholds(0.2, 0.6),
    surface=Thresholds(0.3, 0.7),
    measure_every=5,
    reaction=ReactionPlan(),
    tools=(ToolLife("tool_life_b_parts", "spindle B tool", 150, ("hole_4_x_mm",)),),
)


def forecast(hole: float, scale: float = 0.02, depth: float = 0.8) -> Forecast:
    return Forecast(("hole_4_x_mm", "depth_mm"), np.array([hole, depth]), np.array([scale, 0.005]), "d" * 64)


def finding(score: float, boxes: tuple[Box, ...] = ()) -> Finding:
    return Finding("face", score, np.zeros((4, 4), np.float32), boxes, "e" * 64)


@given(mean=st.floats(-1, 1), scale=st.floats(0.001, 1))
def test_the_probability_is_the_normal_tail_on_both_sides(mean: float, scale: float) -> None:
    normal = NormalDist(mean, scale)
    expected = normal.cdf(-0.18) + 1 - normal.cdf(0.18)
    assert probability_outside(mean, scale, HOLE.limits) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("mean", "scale"), [(math.nan, 1), (0, math.nan), (0, 0), (0, -1), (math.inf, 1)])
def test_a_forecast_that_is_no_number_is_certain_to_be_out(mean: float, scale: float) -> None:
    assert probability_outside(mean, scale, HOLE.limits) == 1.0


def test_one_sided_limits_have_one_tail() -> None:
    assert probability_outside(0, 1, Limits(-math.inf, 0)) == pytest.approx(0.5)


@given(st.floats(allow_nan=True))
def test_only_a_probability_below_review_passes(probability: float) -> None:
    passes = verdict_at(probability, PLAN.forecast) is Verdict.PASS
    assert passes == (probability < 0.2)


def test_a_part_far_from_its_limits_passes_without_reasons() -> None:
    judgements = judge_forecast(forecast(0.0), PLAN)
    assert verdict_of(judgements) is Verdict.PASS
    assert all(not judgement.reasons for judgement in judgements)


def test_a_part_near_its_limit_is_reviewed_and_says_why() -> None:
    recent = {"hole_4_x_mm": [0.10, 0.11, 0.12, 0.13, 0.14, 0.15]}
    judgements = judge_forecast(forecast(0.17), PLAN, {"tool_life_b_parts": 138}, recent)
    worst = leading(judgements)[0]
    assert (worst.subject, worst.verdict, worst.marginal) == ("hole_4_x_mm", Verdict.REVIEW, True)
    assert [reason.code for reason in worst.reasons] == [
        ReasonCode.FORECAST_NEAR_LIMIT,
        ReasonCode.TREND,
        ReasonCode.TOOL_LIFE,
    ]
    assert worst.reasons[0].values["side"] == "upper"
    assert worst.reasons[1].values == {"characteristic": "hole 4 x", "parts": 6, "direction": "rising"}
    assert main_reason(judgements) is ReasonCode.FORECAST_NEAR_LIMIT


def test_a_trend_ends_where_the_direction_turns() -> None:
    recent = {"hole_4_x_mm": [0.3, 0.2, 0.19, 0.20, 0.19, 0.18]}
    worst = leading(judge_forecast(forecast(0.17), PLAN, recent=recent))[0]
    assert ReasonCode.TREND not in [reason.code for reason in worst.reasons]


def test_the_lower_limit_is_named_when_it_is_nearer() -> None:
    worst = leading(judge_forecast(forecast(-0.19), PLAN))[0]
    assert worst.verdict is Verdict.HOLD
    assert worst.reasons[0].values["limit"] == -0.18


def test_a_characteristic_the_forecast_does_not_cover_is_held() -> None:
    partial = Forecast(("hole_4_x_mm",), np.array([0.0]), np.array([0.02]), "d" * 64)
    judgements = judge_forecast(partial, PLAN)
    assert verdict_of(judgements) is Verdict.HOLD
    assert main_reason(judgements) is ReasonCode.NO_EVIDENCE


@pytest.mark.parametrize(
    ("score", "verdict"),
    [(0.1, Verdict.PASS), (0.3, Verdict.REVIEW), (0.7, Verdict.HOLD), (math.nan, Verdict.HOLD)],
)
def test_a_face_is_judged_by_its_score(score: float, verdict: Verdict) -> None:
    assert judge_finding(finding(score), PLAN).verdict is verdict


def test_the_worst_box_is_in_the_reason() -> None:
    boxes = (Box(1, 2, 3, 4, 0.4), Box(10, 20, 30, 40, 0.9))
    reason = judge_finding(finding(0.9, boxes), PLAN).reasons[0]
    assert (reason.values["left"], reason.values["boxes"]) == (10, 2)
    assert "mm" not in sentence(reason)


def test_where_the_cameras_scale_is_known_the_reason_says_how_large_the_worst_place_is() -> None:
    boxes = (Box(1, 2, 3, 4, 0.4), Box(10, 20, 30, 42, 0.9))
    reason = judge_finding(replace(finding(0.9, boxes), mm_per_pixel=0.05), PLAN).reasons[0]
    assert sentence(reason).endswith("2 places are marked on the picture. The most suspect one is 1.5 × 2.1 mm.")


def test_missing_evidence_is_a_hold_that_names_the_device() -> None:
    judgement = judge_missing(NoEvidence("face", "frozen", "restart it"))
    assert judgement.verdict is Verdict.HOLD
    assert judgement.reasons[0].code is ReasonCode.NO_EVIDENCE
    assert judgement.reasons[0].values["device"] == "face"


def test_nothing_judged_is_a_hold() -> None:
    assert verdict_of(()) is Verdict.HOLD
    assert main_reason(()) is None


@given(st.lists(st.sampled_from(list(Verdict)), min_size=1))
def test_the_verdict_is_the_worst_judgement(verdicts: list[Verdict]) -> None:
    judgements = [Judgement("s", 0.5, verdict, marginal=False) for verdict in verdicts]
    expected = next(v for v in (Verdict.HOLD, Verdict.REVIEW, Verdict.PASS) if v in verdicts)
    assert verdict_of(judgements) is expected


def test_what_is_recorded_of_a_passing_part_is_the_nearest_to_not_passing() -> None:
    judgements = judge_forecast(forecast(0.12), PLAN)
    assert [judgement.subject for judgement in leading(judgements)] == ["hole_4_x_mm"]


def test_outside_finds_what_does_not_conform_and_nan_never_does() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    values = {"hole_4_x_mm": 0.2, "depth_mm": math.nan, "unknown": 9.0}
    measured = [Measurement(name, value, PartSerial("p"), 1, now) for name, value in values.items()]
    assert [m.characteristic for m in outside(measured, PLAN)] == ["hole_4_x_mm", "depth_mm"]


def test_a_reading_unlike_those_before_is_a_reason_on_the_gravest_judgement() -> None:
    usual = {"clamp_pressure_bar": [180 + 0.1 * (n % 5) for n in range(30)], "power_kw": [10.0, 11.0]}
    now = datetime(2026, 1, 1, tzinfo=UTC)
    readings = [Reading("clamp_pressure_bar", 150.0, "bar", now), Reading("power_kw", 99.0, "kW", now)]
    (reason,) = unusual_readings(readings, usual)
    assert (reason.values["reading"], reason.values["value"]) == ("clamp pressure", 150.0)
    judgements = explained(judge_forecast(forecast(0.3), PLAN), (reason,))
    assert leading(judgements)[0].reasons[-1] is reason
    passing = judge_forecast(forecast(0.0), PLAN)
    assert explained(passing, (reason,)) == passing
    assert not unusual_readings([Reading("clamp_pressure_bar", 180.3, "bar", now)], usual)
