"""How alike two parts' evidence is."""

import math

import pytest

from quality.characteristic import Characteristic, Limits
from quality.plan import ControlPlan, ReactionPlan, Thresholds
from quality.similarity import FARTHEST, UNKNOWN, Sight, distance, nearest, traits

HOLE = Characteristic("hole_4_x_mm", "mm", Limits(-0.2, 0.2), 0.0)
ROUGH = Characteristic("roughness_um", "um", Limits(-math.inf, 0.5))
PLAN = ControlPlan("beam", (HOLE, ROUGH), Thresholds(0.2, 0.6), Thresholds(0.3, 0.7), 5, ReactionPlan())


def test_a_trait_is_one_at_the_limit_and_no_more_than_far_out() -> None:
    assert traits({"hole_4_x_mm": 0.2}, {}, PLAN) == {"hole_4_x_mm": pytest.approx(1.0)}
    assert traits({"hole_4_x_mm": -9.0}, {}, PLAN) == {"hole_4_x_mm": -FARTHEST}


def test_a_single_limit_is_measured_by_its_own_size() -> None:
    assert traits({"roughness_um": 0.75}, {}, PLAN) == {"roughness_um": pytest.approx(0.5)}


def test_what_is_not_finite_is_not_known() -> None:
    assert traits({"hole_4_x_mm": math.nan}, {"face": Sight(math.nan)}, PLAN) == {}


def test_the_same_evidence_is_at_no_distance_and_none_at_all_is_infinitely_far() -> None:
    seen = traits({"hole_4_x_mm": 0.1}, {"face": Sight(0.8, (0.5, 0.5, 0.1))}, PLAN)
    assert distance(seen, seen) == 0
    assert distance({}, {}) == math.inf


def test_what_only_one_of_them_has_counts_like_lying_at_the_limit() -> None:
    assert distance({"a": 0.0}, {"b": 0.0}) == pytest.approx(UNKNOWN)


def test_the_nearest_come_first_and_a_mark_elsewhere_is_farther() -> None:
    here = traits({}, {"face": Sight(0.9, (0.2, 0.2, 0.05))}, PLAN)
    near = traits({}, {"face": Sight(0.8, (0.25, 0.2, 0.05))}, PLAN)
    far = traits({}, {"face": Sight(0.9, (0.9, 0.9, 0.05))}, PLAN)
    assert nearest(here, [("far", far), ("near", near), ("same", here)], 2) == ("same", "near")
