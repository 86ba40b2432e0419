"""The control plan and the small words it is made of."""

import math
from dataclasses import replace

import pytest

from quality.characteristic import Characteristic, Limits
from quality.plan import ControlPlan, ParameterRule, ReactionPlan, Thresholds

HOLE = Characteristic("hole_4_x_mm", "mm", Limits(-0.18, 0.18))
RULE = ParameterRule("x_um", "x offset", "µm", 1, Limits(-150, 150), 100, {"hole_4_x_mm": 0.001})
PLAN = ControlPlan("beam", (HOLE,), Thresholds(0.2, 0.6), Thresholds(0.3, 0.7), 5, ReactionPlan(), (RULE,))


def test_the_version_follows_the_content() -> None:
    same = ControlPlan("beam", (HOLE,), Thresholds(0.2, 0.6), Thresholds(0.3, 0.7), 5, ReactionPlan(), (RULE,))
    other = replace(PLAN, measure_every=6)
    assert PLAN.version == same.version
    assert PLAN.version != other.version


def test_what_the_plan_does_not_have_is_a_key_error() -> None:
    assert PLAN.characteristic("hole_4_x_mm") is HOLE
    assert PLAN.parameter("x_um") is RULE
    with pytest.raises(KeyError):
        PLAN.characteristic("nothing")
    with pytest.raises(KeyError):
        PLAN.parameter("nothing")


@pytest.mark.parametrize(("lower", "upper"), [(1, 1), (2, 1), (math.nan, 1), (0, math.nan)])
def test_empty_limits_are_refused(lower: float, upper: float) -> None:
    with pytest.raises(ValueError, match="limits"):
        Limits(lower, upper)


@pytest.mark.parametrize(("review", "hold"), [(0, 0.5), (0.6, 0.5), (0.5, 1.1)])
def test_thresholds_out_of_order_are_refused(review: float, hold: float) -> None:
    with pytest.raises(ValueError, match="thresholds"):
        Thresholds(review, hold)


def test_limits_contain_their_bounds_and_never_nan() -> None:
    assert HOLE.limits.contain(0.18)
    assert not HOLE.limits.contain(0.1801)
    assert not HOLE.limits.contain(math.nan)
    assert HOLE.limits.width == pytest.approx(0.36)


@pytest.mark.parametrize(
    ("nominal", "limits", "target"),
    [
        (0.1, Limits(0, 1), 0.1),
        (None, Limits(0, 1), 0.5),
        (None, Limits(-math.inf, 1), 1),
        (None, Limits(0, math.inf), 0),
    ],
)
def test_the_target_is_nominal_or_the_middle_or_the_limit(
    nominal: float | None, limits: Limits, target: float
) -> None:
    assert Characteristic("a", "mm", limits, nominal).target == target


def test_a_label_is_readable_without_a_title() -> None:
    assert HOLE.label == "hole 4 x"
    assert replace(HOLE, title="hole four").label == "hole four"
