"""Control charts and run rules, against two independent libraries, capstat-core and shewhart, and by properties.

Where the two define a thing differently, the test says which is right here and why.
"""

import math

import capstat_core
import numpy as np
import pandas as pd
import pytest
import shewhart
from capstat_core import constants as other
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from shewhart._rules import RULES as SHEWHARTS
from shewhart._rules import apply_rules

from quality.run_rules import RULES, Rule, RuleSet, Signal, signals
from quality.spc import baseline, chart_signals, control_chart, factors, subgroups

SIZES = range(2, 11)
SERIES = [np.random.default_rng(seed).normal(5, 2, 240) for seed in range(3)]
SERIES.append(SERIES[0] + np.linspace(0, 6, 240))
SERIES.append(SERIES[1] + np.where(np.arange(240) % 2, 2.5, -2.5))
SERIES.append(SERIES[2] * 0.2)


@pytest.mark.parametrize("size", SIZES)
def test_the_factors_are_those_of_the_range_of_normal_values(size: int) -> None:
    grid = np.linspace(-8.5, 8.5, 3401)
    step, below = grid[1] - grid[0], ndtr(grid)
    d2 = float(np.trapezoid(1 - below**size - (1 - below) ** size, grid))
    high, low = below[:, None], below[None, :]
    density = np.tril(1 - high**size - (1 - low) ** size + np.maximum(high - low, 0) ** size)
    density[np.diag_indices_from(density)] /= 2
    d3 = math.sqrt(2 * float(density.sum()) * step**2 - d2**2)

    of = factors(size)
    assert of.d2 == pytest.approx(d2, abs=1e-6)
    assert of.d3 == pytest.approx(d3, abs=1e-5)
    for ours, name in ((of.d2, "d2"), (of.d3, "d3"), (of.a2, "A2"), (of.lower, "D3"), (of.upper, "D4")):
        assert ours == pytest.approx(getattr(other, name)(size), abs=2e-7)
        assert ours == pytest.approx(getattr(shewhart.constants, name)(size), abs=2e-7)


@pytest.mark.parametrize("size", [0, 1, 11])
def test_other_sizes_of_subgroups_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="2 to 10 parts"):
        factors(size)


@pytest.mark.parametrize("values", SERIES)
@pytest.mark.parametrize("size", [2, 5, 10])
def test_means_and_ranges_are_charted_as_both_libraries_do(values: np.ndarray, size: int) -> None:
    groups = subgroups(values.tolist(), size)
    frame = pd.DataFrame({"value": values, "group": np.arange(len(values)) // size})
    one = capstat_core.xbar_r_chart(groups)
    two = shewhart.xbar_r(frame, value="value", subgroup="group", rules="none").stats

    chart = control_chart(values.tolist(), baseline(values.tolist(), size))

    location, spread = chart.location, chart.spread
    assert list(location.values) == pytest.approx(one.location.points)
    assert list(spread.values) == pytest.approx(one.dispersion.points)
    ours = (location.centre, location.lower, location.upper, spread.centre, spread.lower, spread.upper)
    for limits in (one.location.limits, one.dispersion.limits):
        place = 0 if limits is one.location.limits else 3
        assert ours[place : place + 3] == pytest.approx((limits.center, limits.lower, limits.upper), rel=1e-6)
    named = [f"{chart}_{line}" for chart in ("xbar", "r") for line in ("center", "lcl", "ucl")]
    assert ours == pytest.approx([two[name] for name in named], rel=1e-6)
    assert chart.baseline.sigma == pytest.approx(two["sigma_within"], rel=1e-6)


@pytest.mark.parametrize("values", SERIES)
def test_individuals_are_charted_as_both_libraries_do(values: np.ndarray) -> None:
    one, two = capstat_core.i_mr_chart(values), shewhart.imr(values, rules="none").stats

    chart = control_chart(values.tolist(), baseline(values.tolist(), 1))

    location, spread = chart.location, chart.spread
    assert (location.centre, location.lower, location.upper) == pytest.approx(
        (one.location.limits.center, one.location.limits.lower, one.location.limits.upper), rel=1e-6
    )
    assert (spread.centre, spread.lower, spread.upper) == pytest.approx(
        (two["mr_center"], two["mr_lcl"], two["mr_ucl"]), rel=1e-6
    )
    before_first, *moving = spread.values  # noqa: PD011 - no pandas here
    assert before_first is None
    assert moving == pytest.approx(one.dispersion.points)


def test_a_chart_against_an_earlier_baseline_keeps_its_limits() -> None:
    before, after = SERIES[0].tolist(), (SERIES[0] + 9).tolist()
    of = baseline(before, 5)
    one = capstat_core.xbar_r_chart(subgroups(after, 5), center=of.centre, sigma=of.sigma)

    chart = control_chart(after, of)

    assert (chart.location.lower, chart.location.upper) == pytest.approx(
        (one.location.limits.lower, one.location.limits.upper)
    )
    assert len(chart_signals(chart, RuleSet.LIMITS)) >= 1


CAPSTATS = {
    **{Rule[f"NELSON_{n}"]: (capstat_core.nelson_rules, n) for n in range(1, 9)},
    **{Rule[f"WESTERN_ELECTRIC_{n}"]: (capstat_core.western_electric_rules, n) for n in range(1, 5)},
}
SHEWHART_NAMES = {
    rule: rule.value.lower().replace("western_electric", "we") for rule in CAPSTATS if rule is not Rule.NELSON_8
}


def points(found: tuple[Signal, ...]) -> set[int]:
    return {point for signal in found for point in signal.points}


@pytest.mark.parametrize("rule", list(CAPSTATS))
@pytest.mark.parametrize("values", SERIES)
def test_each_rule_marks_the_points_that_capstat_marks(rule: Rule, values: np.ndarray) -> None:
    look, number = CAPSTATS[rule]
    theirs = look(capstat_core.i_mr_chart(values, center=5.0, sigma=2.0).location, rules=[number])

    assert points(signals(values.tolist(), 5.0, 2.0, [rule])) == {i for each in theirs for i in each.window}


@pytest.mark.parametrize("rule", list(SHEWHART_NAMES))
@pytest.mark.parametrize("values", SERIES)
def test_each_rule_marks_the_points_that_shewhart_marks(rule: Rule, values: np.ndarray) -> None:
    theirs = apply_rules((values - 5.0) / 2.0, [SHEWHART_NAMES[rule]])

    assert points(signals(values.tolist(), 5.0, 2.0, [rule])) == {i for _, _, each in theirs for i in each}


def test_rule_8_is_about_both_sides_as_nelson_wrote_it() -> None:
    # shewhart also names eight points beyond 1 on one side; Nelson and capstat do not, and rule 6 finds those.
    one_side, both = [1.5] * 8, [1.5, -1.5] * 4

    assert SHEWHARTS["nelson_8"].fn(np.array(one_side)) != []
    assert signals(one_side, 0.0, 1.0, [Rule.NELSON_8]) == ()
    assert signals(one_side, 0.0, 1.0, [Rule.NELSON_6]) != ()
    assert signals(both, 0.0, 1.0, [Rule.NELSON_8]) == (Signal(Rule.NELSON_8, tuple(range(8))),)


PATTERNS = {
    Rule.NELSON_1: ([0, 3.1, 0], (1,)),
    Rule.NELSON_2: ([-0.1] + [0.1] * 9, tuple(range(1, 10))),
    Rule.NELSON_3: ([0.5, 0, 0.1, 0.2, 0.3, 0.4, 0.5], tuple(range(1, 7))),
    Rule.NELSON_4: ([0.1, -0.1] * 7, tuple(range(14))),
    Rule.NELSON_5: ([2.1, 0, 2.1], (0, 2)),
    Rule.NELSON_6: ([1.1, 1.1, 0, 1.1, 1.1], (0, 1, 3, 4)),
    Rule.NELSON_7: ([0.9, -0.9, 0.1] * 5, tuple(range(15))),
    Rule.NELSON_8: ([1.1, -1.1] * 4, tuple(range(8))),
    Rule.WESTERN_ELECTRIC_4: ([-0.1] + [0.1] * 8, tuple(range(1, 9))),
}


@pytest.mark.parametrize("rule", list(PATTERNS))
def test_a_pattern_is_found_and_one_point_less_is_not(rule: Rule) -> None:
    values, made_of = PATTERNS[rule]

    assert signals(values, 0.0, 1.0, [rule]) == (Signal(rule, made_of),)
    shorter = values[: made_of[-1]]
    assert signals(shorter, 0.0, 1.0, [rule]) == ()


def test_a_pattern_that_goes_on_is_one_signal() -> None:
    (run,) = signals([0.1] * 30, 0.0, 1.0, [Rule.NELSON_2])

    assert run.points == tuple(range(30))


values_of_process = st.lists(st.floats(-5, 5, allow_nan=False), min_size=2, max_size=60)


@settings(max_examples=60)
@given(values_of_process, st.floats(-100, 100), st.floats(0.01, 100))
def test_signals_do_not_depend_on_where_zero_is_and_which_unit_is_used(
    values: list[float], shift: float, unit: float
) -> None:
    scaled = [round(value, 3) for value in values]
    moved = [shift + unit * value for value in scaled]
    zones = {abs(abs(value) - edge) for value in scaled for edge in (0.0, 1.0, 2.0, 3.0)}
    steps = np.abs(np.diff(scaled))
    if min(zones) < 1e-6 or steps.min() < 1e-6:
        return  # a point on the edge of a zone may fall to either side of it when the unit changes

    assert signals(moved, shift, unit, RULES[RuleSet.NELSON]) == signals(scaled, 0.0, 1.0, RULES[RuleSet.NELSON])


@settings(max_examples=60)
@given(values_of_process)
def test_a_mirrored_process_gives_the_same_signals(values: list[float]) -> None:
    mirrored = [-value for value in values]

    assert signals(mirrored, 0.0, 1.0, tuple(CAPSTATS)) == signals(values, 0.0, 1.0, tuple(CAPSTATS))


@settings(max_examples=60)
@given(values_of_process, st.integers(1, 10))
def test_every_chart_has_its_centre_between_its_limits(values: list[float], size: int) -> None:
    if len(values) < 2 * size:
        with pytest.raises(ValueError, match="at least two"):
            baseline(values[:size], size)
        return
    chart = control_chart(values, baseline(values, size))

    for track in (chart.location, chart.spread):
        assert track.lower <= track.centre <= track.upper
    assert len(chart.location.values) == len(chart.spread.values) == len(values) // size
    for signal in chart_signals(chart, RuleSet.NELSON):
        assert all(0 <= point < len(chart.location.values) for point in signal.points)


def test_a_range_beyond_its_limits_is_named() -> None:
    values = SERIES[0].tolist()
    of = baseline(values, 1)
    values[100] += 30

    found = chart_signals(control_chart(values, of), RuleSet.LIMITS)

    assert {signal.points for signal in found if signal.rule is Rule.SPREAD} >= {(100,), (101,)}
    assert Signal(Rule.NELSON_1, (100,)) in found


def test_a_process_that_shows_no_variation_gives_no_signals() -> None:
    chart = control_chart([1.0] * 30, baseline([1.0] * 30, 5))

    assert chart_signals(chart, RuleSet.NELSON) == ()


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_what_is_no_number_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="number"):
        baseline([1.0, wrong, 2.0], 1)
    with pytest.raises(ValueError, match="number"):
        signals([1.0, wrong], 0.0, 1.0, [Rule.NELSON_1])
    with pytest.raises(ValueError, match="sigma"):
        signals([1.0], 0.0, 0.0, [Rule.NELSON_1])
