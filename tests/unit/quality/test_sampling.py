"""Which parts the shop's rule measures, and what that comes to."""

import numpy as np
import pytest

from quality.sampling import (
    CostWeights,
    Occasion,
    ShopRule,
    apply_shop_rule,
    score_sampling,
)

R, F, S = Occasion.ROUTINE, Occasion.FOLLOW_UP, Occasion.SUSPECT


def _bad(*indices: int, parts: int) -> np.ndarray:
    flags = np.zeros(parts, dtype=bool)
    flags[list(indices)] = True
    return flags


def test_every_third_part_is_measured_from_the_first_on() -> None:
    assert apply_shop_rule(ShopRule(3, 2), _bad(parts=7)) == [R, None, None, R, None, None, R]


def test_after_a_nonconforming_part_every_part_until_two_conform_in_a_row() -> None:
    occasions = apply_shop_rule(ShopRule(3, 2), _bad(3, 5, parts=11))
    # Part 3 is bad; 4 conforms, 5 is bad again; 6 and 7 conform; then it is the third one's turn.
    assert occasions == [R, None, None, R, F, F, F, F, None, None, R]


def test_a_nonconforming_part_that_is_not_measured_changes_nothing() -> None:
    assert apply_shop_rule(ShopRule(3, 2), _bad(1, 2, parts=4)) == [R, None, None, R]


def test_the_score_counts_escapes_false_holds_and_cost() -> None:
    occasions = [R, None, S, S, F, None]
    score = score_sampling(occasions, _bad(1, 2, parts=6), CostWeights(escape=100, measuring=1, false_hold=5))
    assert score.measured_share == pytest.approx(4 / 6)
    assert (score.escapes, score.escapes_share, score.false_holds) == (1, 0.5, 2)
    assert score.cost == 100 + 4 + 10


def test_without_nonconforming_parts_there_is_no_share_of_escapes() -> None:
    assert score_sampling([None], _bad(parts=1), CostWeights()).escapes_share is None
    assert score_sampling([], _bad(parts=0), CostWeights()).measured_share == 0.0


@pytest.mark.parametrize(("every", "clear_after"), [(0, 3), (5, -1)])
def test_a_rule_that_cannot_be_is_refused(every: int, clear_after: int) -> None:
    with pytest.raises(ValueError, match="shop rule"):
        ShopRule(every, clear_after)
