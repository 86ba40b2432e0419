"""At most so many escapes: the bound, what is still needed for it, and that it holds."""

import numpy as np
import pytest

from quality.promise import Promise, Tried, parts_needed, upper_bound


def test_none_in_so_many_is_the_rule_of_three() -> None:
    # (1 - p) ** 100 = 0.05
    assert upper_bound(0, 100, 0.95) == pytest.approx(1 - 0.05**0.01)
    assert upper_bound(0, 0, 0.95) == 1.0
    assert upper_bound(5, 5, 0.95) == 1.0


def test_one_in_two() -> None:
    # At most one of two: 1 - p ** 2 = 0.05.
    assert upper_bound(1, 2, 0.95) == pytest.approx(0.95**0.5)


def test_parts_needed_for_one_in_a_thousand() -> None:
    assert parts_needed(0, 0.001, 0.95) == 2995
    assert upper_bound(0, 2995, 0.95) <= 0.001 < upper_bound(0, 2994, 0.95)
    assert parts_needed(1, 0.001, 0.95) == 4742


@pytest.mark.parametrize(("share", "parts"), [(0.01, 300), (0.1, 50), (0.3, 20)])
def test_the_bound_holds_as_often_as_it_says(share: float, parts: int) -> None:
    counts = np.random.default_rng(4).binomial(parts, share, 4000)
    bounds = {count: upper_bound(int(count), parts, 0.95) for count in np.unique(counts)}
    assert np.mean([bounds[count] >= share for count in counts]) >= 0.945


def test_trying_several_ways_and_keeping_the_best_does_not_break_the_promise() -> None:
    rng, broken = np.random.default_rng(5), 0
    for _ in range(600):
        # No way is any good: each lets 1.2 % escape where 1 % was promised.
        tried = [Tried(t, 800, int(rng.binomial(800, 0.012))) for t in (0.02, 0.05, 0.1, 0.2)]
        broken += Promise(0.01).answer(tried).chosen is not None
    assert broken / 600 <= 0.05


def test_the_way_that_measures_least_is_chosen_among_those_that_keep_it() -> None:
    tried = [Tried(0.02, 5000, 0), Tried(0.05, 9000, 1), Tried(0.1, 9500, 40)]
    answer = Promise(0.001).answer(tried)
    assert answer.chosen is not None
    assert answer.chosen.threshold == 0.05
    assert answer.more == 0
    assert "1 of 9000 passed parts were nonconforming" in answer.sentence


def test_what_cannot_be_supported_is_said_with_what_is_missing() -> None:
    answer = Promise(0.001).answer([Tried(0.05, 200, 0)])
    assert answer.chosen is None
    assert answer.more == 2995 - 200
    assert "cannot support" in answer.sentence
    assert "2795 more passed parts" in answer.sentence


@pytest.mark.parametrize(("escapes", "sure"), [(0.0, 0.95), (1.0, 0.95), (0.01, 1.0)])
def test_a_promise_that_is_none_is_refused(escapes: float, sure: float) -> None:
    with pytest.raises(ValueError, match="promise"):
        Promise(escapes, sure)
    with pytest.raises(ValueError, match="nothing was tried"):
        Promise(0.01).answer([])
