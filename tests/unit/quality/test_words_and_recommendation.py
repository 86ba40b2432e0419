"""What an engineer reads, and what is recommended to them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.characteristic import Characteristic, Limits
from quality.judgement import Reason, ReasonCode
from quality.plan import ControlPlan, ParameterRule, ReactionPlan, Thresholds
from quality.recommend import recommend
from quality.wording import number, percent, sentence

X1 = Characteristic("hole_1_x_mm", "mm", Limits(-0.18, 0.18), 0.0)
X2 = Characteristic("hole_2_x_mm", "mm", Limits(-0.18, 0.18), 0.0)
RULE = ParameterRule(
    "x_um", "x offset", "µm", 1, Limits(-150, 150), 100, {"hole_1_x_mm": 0.001, "hole_2_x_mm": 0.001}
)
PLAN = ControlPlan(
    part="beam",
    characteristics=(X1, X2),
    forecast=Thresholds(0.2, 0.6),
    surface=Thresholds(0.3, 0.7),
    measure_every=5,
    reaction=ReactionPlan(),
    parameters=(RULE,),
)


def test_a_forecast_reads_as_an_engineer_would_say_it() -> None:
    values = {
        "characteristic": "hole 4 x",
        "unit": "mm",
        "mean": 0.1712,
        "scale": 0.0213,
        "side": "upper",
        "limit": 0.18,
        "probability": 0.31,
    }
    assert sentence(Reason(ReasonCode.FORECAST_NEAR_LIMIT, values)) == (
        "Hole 4 x is forecast at +0.171 ± 0.021 mm; the upper limit is +0.18. Chance of being out: 31 %."
    )


EXAMPLES: dict[ReasonCode, dict[str, str | float | int]] = {
    ReasonCode.FORECAST_NEAR_LIMIT: {
        "characteristic": "a",
        "unit": "mm",
        "mean": 0,
        "scale": 1,
        "side": "upper",
        "limit": 1,
        "probability": 0.5,
    },
    ReasonCode.TREND: {"characteristic": "a", "parts": 9, "direction": "rising"},
    ReasonCode.TOOL_LIFE: {"tool": "tool of spindle B", "share": 0.92},
    ReasonCode.READING_UNUSUAL: {"reading": "power", "value": 3.0, "usual": 2.0, "unit": "kW"},
    ReasonCode.SURFACE_DEFECT: {"camera": "face", "probability": 0.8, "boxes": 1},
    ReasonCode.MEASURED_OUT: {"characteristic": "a", "value": 0.2, "unit": "mm", "lower": -0.1, "upper": 0.1},
    ReasonCode.NO_EVIDENCE: {"device": "face", "problem": "frozen", "mend": "restart it"},
    ReasonCode.OVERFLOW: {"device": "edge", "problem": "too many wait"},
}


@pytest.mark.parametrize("code", list(ReasonCode))
def test_every_reason_has_a_sentence(code: ReasonCode) -> None:
    text = sentence(Reason(code, EXAMPLES[code]))
    assert text[0].isupper()
    assert text.endswith(".")


def test_numbers_have_a_true_minus_and_as_many_digits_as_they_deserve() -> None:
    assert number(-0.17123, 0.02, signed=True) == "−0.171"
    assert number(13.95) == "13.95"
    assert number(math.nan) == "unknown"
    assert number(5, 0.0) == "5"


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0 %"), (0.004, "under 1 %"), (0.31, "31 %"), (0.997, "over 99 %"), (1.0, "100 %")]
)
def test_a_chance_is_never_rounded_to_certainty(value: float, text: str) -> None:
    assert percent(value) == text


def test_the_recommended_step_brings_the_worst_characteristic_home() -> None:
    found = recommend({"hole_1_x_mm": (0.17, 0.02), "hole_2_x_mm": (0.01, 0.02)}, PLAN, {"x_um": 0.0})
    assert found is not None
    assert found.value == -90
    assert found.effects[0].characteristic == "hole_1_x_mm"
    assert found.effects[0].mean_after == pytest.approx(0.08)


@given(mean=st.floats(-2, 2), current=st.integers(-150, 150))
def test_a_recommendation_never_leaves_the_plan(mean: float, current: int) -> None:
    found = recommend({"hole_1_x_mm": (mean, 0.02)}, PLAN, {"x_um": float(current)})
    if found is not None:
        assert RULE.limits.contain(found.value)
        assert abs(found.step) <= RULE.largest_step
        assert found.value == round(found.value)


@pytest.mark.parametrize(
    ("forecasts", "parameters"),
    [
        ({}, {"x_um": 0.0}),
        ({"hole_1_x_mm": (0.001, 0.02)}, {"x_um": 0.0}),
        ({"hole_1_x_mm": (0.3, 0.02)}, {}),
        ({"hole_1_x_mm": (0.3, 0.02)}, {"x_um": -150.0}),
    ],
)
def test_nothing_is_recommended_when_nothing_would_help(
    forecasts: dict[str, tuple[float, float]], parameters: dict[str, float]
) -> None:
    assert recommend(forecasts, PLAN, parameters) is None
