"""Capability indices and what they rest on, against capstat-core, shewhart and scipy."""

import math

import capstat_core
import numpy as np
import pytest
import shewhart
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from quality.capability import LEAST_PARTS, capability, centred, freedom, normality, potential
from quality.characteristic import Limits
from quality.chi_square import chi_square_below, chi_square_quantile
from quality.spc import baseline, subgroups

LIMITS = Limits(-1.0, 1.4)
NORMAL = np.random.default_rng(4).normal(0.1, 0.3, 120)


@pytest.mark.parametrize("freedom_", [1, 1.3, 2.5, 7, 24, 99, 1000, 1e5])
@pytest.mark.parametrize("probability", [1e-9, 0.025, 0.3, 0.5, 0.975, 1 - 1e-9])
def test_the_chi_square_distribution_is_that_of_scipy(freedom_: float, probability: float) -> None:
    value = chi_square_quantile(probability, freedom_)

    assert value == pytest.approx(stats.chi2.ppf(probability, freedom_), rel=1e-7)
    assert chi_square_below(value, freedom_) == pytest.approx(probability, rel=1e-9)


@settings(max_examples=200)
@given(st.floats(1, 1e4), st.floats(1e-6, 1 - 1e-6))
def test_a_quantile_is_where_that_much_lies_below(freedom_: float, probability: float) -> None:
    assert stats.chi2.cdf(chi_square_quantile(probability, freedom_), freedom_) == pytest.approx(
        probability, abs=1e-9
    )


def test_nothing_lies_below_zero_and_a_wrong_question_is_refused() -> None:
    assert chi_square_below(0.0, 3) == 0.0
    for probability, freedom_ in ((0.0, 3), (1.0, 3), (0.5, 0.9), (0.5, math.inf)):
        with pytest.raises(ValueError, match="chi-square"):
            chi_square_quantile(probability, freedom_)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [1, 5])
def test_the_indices_are_those_of_capstat_with_the_same_sigma(seed: int, size: int) -> None:
    # capstat takes the pooled standard deviation of subgroups unless told to use their ranges, as the chart does.
    values = np.random.default_rng(seed).normal(0.1, 0.3, 100)
    groups = values if size == 1 else np.array(subgroups(values.tolist(), size))
    method = "moving_range" if size == 1 else "rbar_d2"
    theirs = capstat_core.capability(groups, lsl=LIMITS.lower, usl=LIMITS.upper, within_method=method)

    ours = capability(values.tolist(), baseline(values.tolist(), size), LIMITS)

    assert ours is not None
    assert ours.cp is not None
    assert ours.pp is not None
    assert (ours.mean, ours.within, ours.overall) == pytest.approx(
        (theirs.mean, theirs.sigma_within, theirs.sigma_overall), rel=1e-6
    )
    assert (ours.cp.value, ours.cpk.value) == pytest.approx((theirs.cp, theirs.cpk), rel=1e-6)
    assert (ours.pp.value, ours.ppk.value) == pytest.approx((theirs.pp, theirs.ppk), rel=1e-6)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of scipy, from within shewhart
@pytest.mark.parametrize("seed", range(3))
def test_the_intervals_are_those_of_shewhart(seed: int) -> None:
    values = np.random.default_rng(seed).normal(0.1, 0.3, 90)
    theirs = shewhart.capability(values, lsl=LIMITS.lower, usl=LIMITS.upper).stats

    of = baseline(values.tolist(), 1)
    ours = capability(values.tolist(), of, LIMITS)

    assert ours is not None
    assert ours.pp is not None
    assert (ours.pp.low, ours.pp.high) == pytest.approx((theirs["pp_lci"], theirs["pp_uci"]))
    assert (ours.ppk.low, ours.ppk.high) == pytest.approx((theirs["ppk_lci"], theirs["ppk_uci"]))
    # shewhart counts 0.62 degrees of freedom for each moving range, a rounded rule; ours follow from their
    # covariance. With its number the intervals are the same, and the difference is under 2 % of the width.
    ruled = 0.62 * (len(values) - 1)
    for name, index in (
        ("cp", potential(LIMITS, of.sigma, ruled)),
        ("cpk", centred(LIMITS, ours.mean, of.sigma, len(values), ruled)),
    ):
        assert index is not None
        assert (index.low, index.high) == pytest.approx((theirs[f"{name}_lci"], theirs[f"{name}_uci"]), rel=1e-6)
    assert freedom(of) == pytest.approx(ruled, rel=0.03)


@pytest.mark.parametrize(("size", "points", "known"), [(5, 1, 3.83), (5, 5, 18.4), (5, 10, 36.5), (3, 10, 18.4)])
def test_the_degrees_of_freedom_of_a_mean_range_are_those_of_the_tables(
    size: int, points: int, known: float
) -> None:
    # A. J. Duncan, Quality Control and Industrial Statistics, table D3.
    values = np.random.default_rng(1).normal(size=size * max(points, 2)).tolist()
    of = baseline(values, size)

    assert freedom(type(of)(of.centre, of.sigma, size, points)) == pytest.approx(known, rel=0.02)


@pytest.mark.parametrize("size", [1, 3, 5])
def test_the_degrees_of_freedom_have_the_precision_that_is_seen(size: int) -> None:
    chance = np.random.default_rng(9)
    found = [baseline(chance.normal(size=60).tolist(), size) for _ in range(1500)]
    sigmas = np.array([of.sigma for of in found])

    assert freedom(found[0]) == pytest.approx(0.5 / (sigmas.std() / sigmas.mean()) ** 2 + 0.25, rel=0.12)


@pytest.mark.parametrize("size", [1, 5])
def test_the_intervals_hold_the_true_indices_as_often_as_they_say(size: int) -> None:
    chance = np.random.default_rng(3)
    true_cp, true_cpk, held = 2.4 / 1.8, 1.1 / 0.9, {"cp": 0, "cpk": 0, "pp": 0, "ppk": 0}
    runs = 600
    for _ in range(runs):
        values = chance.normal(-0.1 + 0.4, 0.3, 60).tolist()
        found = capability(values, baseline(values, size), Limits(-1.0, 1.4))
        assert found is not None
        for name in held:
            index, true = getattr(found, name), true_cpk if name.endswith("k") else true_cp
            held[name] += index.low <= true <= index.high
    for name, count in held.items():
        assert count / runs == pytest.approx(0.95, abs=0.03), name


def test_one_limit_leaves_no_width_to_compare_with() -> None:
    values = NORMAL.tolist()
    theirs = capstat_core.capability(NORMAL, usl=1.4)

    found = capability(values, baseline(values, 1), Limits(-math.inf, 1.4))

    assert found is not None
    assert (found.cp, found.pp) == (None, None)
    assert (found.cpk.value, found.ppk.value) == pytest.approx((theirs.cpk, theirs.ppk), rel=1e-6)


def test_without_limits_variation_or_enough_parts_there_is_no_index() -> None:
    values = NORMAL.tolist()

    assert capability(values, baseline(values, 1), Limits(-math.inf, math.inf)) is None
    assert capability([0.5] * 30, baseline([0.5] * 30, 1), LIMITS) is None
    few = values[: LEAST_PARTS - 1]
    assert capability(few, baseline(few, 1), LIMITS) is None
    assert capability(values[:LEAST_PARTS], baseline(values[:LEAST_PARTS], 1), LIMITS) is not None


@settings(max_examples=60)
@given(st.lists(st.floats(-1, 1), min_size=8, max_size=60), st.floats(0.01, 100), st.floats(-100, 100))
def test_indices_do_not_depend_on_the_unit(values: list[float], unit: float, shift: float) -> None:
    values = [round(value, 3) for value in values]
    found = capability(values, baseline(values, 1), LIMITS)
    moved = [shift + unit * value for value in values]
    limits = Limits(shift + unit * LIMITS.lower, shift + unit * LIMITS.upper)
    if found is None:
        return

    again = capability(moved, baseline(moved, 1), limits)

    assert again is not None
    for one, two in ((found.cp, again.cp), (found.cpk, again.cpk), (found.pp, again.pp), (found.ppk, again.ppk)):
        assert one is not None
        assert two is not None
        assert (two.value, two.low, two.high) == pytest.approx((one.value, one.low, one.high), rel=1e-4, abs=1e-6)
        assert one.low <= one.value <= one.high
    assert found.cp is not None
    assert found.cpk.value <= found.cp.value + 1e-9


@pytest.mark.parametrize(
    "values",
    [NORMAL, NORMAL[:10], np.exp(NORMAL * 2), np.random.default_rng(2).uniform(size=80), np.append(NORMAL, 40.0)],
)
def test_normality_is_judged_as_capstat_judges_it(values: np.ndarray) -> None:
    theirs = capstat_core.anderson_darling(values).p_value

    assert normality(values.tolist()) == pytest.approx(theirs, rel=1e-6, abs=1e-20)


def test_few_values_or_equal_ones_cannot_be_looked_at() -> None:
    for values in (NORMAL[:7].tolist(), [1.0] * 20, []):
        with pytest.raises(ValueError, match="normality"):
            normality(values)
