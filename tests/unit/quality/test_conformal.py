"""The adaptive interval: what it does to misses and hits, and that its promise holds under drift."""

import numpy as np
import pytest

from quality.conformal import BOUNDS, NORMAL_QUANTILE, RATE, adapted, adapted_scales, scores


def test_a_score_of_one_lies_on_the_intervals_edge() -> None:
    found = scores(np.array([1.0, np.nan]), np.array([0.0, 0.0]), np.array([1 / NORMAL_QUANTILE, 1.0]))
    assert found[0] == pytest.approx(1.0)
    assert np.isnan(found[1])


def test_a_miss_widens_a_hit_narrows_and_nothing_known_changes_nothing() -> None:
    factor = adapted(np.ones(3), np.array([1.5, 0.5, np.nan]))
    np.testing.assert_allclose(factor, [np.exp(0.9 * RATE), np.exp(-0.1 * RATE), 1.0])


def test_the_factor_stays_in_its_bounds() -> None:
    low = high = np.ones(1)
    for _ in range(1000):
        low, high = adapted(low, np.zeros(1)), adapted(high, np.full(1, np.inf))
    assert (low[0], high[0]) == BOUNDS


@pytest.mark.parametrize("seed", range(3))
def test_coverage_holds_while_the_noise_rises_and_falls_again(seed: int) -> None:
    random = np.random.default_rng(seed)
    noise = np.repeat([1.0, 2.5, 1.0], 300)
    measured = random.normal(0, noise)
    scale = adapted_scales(measured, np.zeros(900), np.ones(900))
    covered = np.abs(measured) <= NORMAL_QUANTILE * scale
    assert np.mean(covered) == pytest.approx(0.9, abs=0.02)
    for begin in (0, 300, 600):
        assert np.mean(covered[begin : begin + 300]) == pytest.approx(0.9, abs=0.05)
    # What is promised of any series at all.
    promised = abs(np.log(scale[-1] / scale[0])) / (RATE * 899)
    assert abs(np.mean(~covered[:-1]) - 0.1) <= promised + 1e-9


def test_the_first_scale_is_as_given_and_gaps_change_nothing() -> None:
    scale = adapted_scales(np.array([np.nan, 9.0, np.nan, 0.0]), np.zeros(4), np.full(4, 2.0))
    np.testing.assert_allclose(scale, 2.0 * np.array([1.0, 1.0, np.exp(0.9 * RATE), np.exp(0.9 * RATE)]))
