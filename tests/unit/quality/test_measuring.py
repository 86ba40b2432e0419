"""Which parts are measured: what a budget allows, where the risk is, and some at random."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quality.budget import MOST_OWED, MOST_SAVED, Budget
from quality.cues import PartSeen
from quality.measuring import EXPLORED, MeasuringPolicy, is_explored
from quality.risk import LineRisk
from quality.sampling import Occasion, ShopRule
from quality.shop import ShopRules


@settings(max_examples=60, deadline=None)
@given(st.floats(0.02, 0.98), st.lists(st.floats(0, 1), min_size=1, max_size=400))
def test_among_any_parts_in_a_row_no_more_are_measured_than_the_budget_allows(
    share: float, risks: list[float]
) -> None:
    budget, measured = Budget(share), [0]
    for risk in risks:
        budget = budget.arrived()
        go = risk >= budget.threshold
        budget = budget.spent() if go else budget
        measured.append(measured[-1] + go)
    # The most in any stretch is the deepest fall of what was measured less its share.
    ahead = np.array(measured) - share * np.arange(len(measured))
    assert (ahead - np.minimum.accumulate(ahead)).max() <= MOST_SAVED + MOST_OWED + 1e-6
    assert ahead.max() <= MOST_OWED + 1e-6


def test_the_price_falls_with_the_balance_and_with_the_share() -> None:
    assert Budget(0.3).threshold == pytest.approx(0.3 * math.exp(-0.9))
    assert Budget(0.3, 10).threshold < Budget(0.3).threshold < Budget(0.3, -10).threshold
    assert Budget(0.6).threshold < Budget(0.3).threshold
    assert Budget(0.3, -MOST_OWED).threshold == math.inf
    assert Budget(1.0, -500).threshold == 0


@pytest.mark.parametrize("share", [0.0, 1.1])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="measured share"):
        Budget(share)


def _walk(policy: MeasuringPolicy, bad: np.ndarray) -> list[Occasion | None]:
    occasions = []
    for number, nonconforming in enumerate(bad, 1):
        seen = PartSeen(f"P{number}", number)
        occasion = policy.choose(seen).occasion
        occasions.append(occasion)
        if occasion is not None:
            policy.learn(seen.serial, seen.sequence, ["x"] if nonconforming else [])
    return occasions


def _runs(parts: int, seed: int) -> np.ndarray:
    """Conforming and nonconforming parts in turns, 60 and 15 long on average."""
    rng = np.random.default_rng(seed)
    flags: list[bool] = []
    while len(flags) < parts:
        flags += [False] * int(rng.exponential(60)) + [True] * int(rng.exponential(15))
    return np.array(flags[:parts])


@pytest.mark.parametrize("share", [0.2, 0.3, 0.6])
def test_the_share_holds_in_the_long_run_and_is_used(share: float) -> None:
    occasions = _walk(MeasuringPolicy.within(share), _runs(3000, 1))
    measured = np.mean([occasion is not None for occasion in occasions])
    assert share - 0.03 < measured <= share + MOST_OWED / 3000 + 0.005


def test_it_measures_after_a_bad_part_and_lets_fewer_escape_than_measuring_every_third() -> None:
    bad = _runs(1500, 2)
    occasions = _walk(MeasuringPolicy.within(1 / 3), bad)
    escapes = sum(b and o is None for b, o in zip(bad, occasions, strict=True))
    assert escapes < 0.6 * bad[np.arange(1500) % 3 != 0].sum()
    assert Occasion.FOLLOW_UP in occasions


def test_the_same_parts_make_the_same_choices() -> None:
    bad = _runs(300, 3)
    assert _walk(MeasuringPolicy.within(0.3), bad) == _walk(MeasuringPolicy.within(0.3), bad)


def test_a_share_of_the_parts_is_drawn_whatever_their_risk() -> None:
    drawn = [is_explored(f"BM-{number}", 0.1) for number in range(20000)]
    assert 0.09 < np.mean(drawn) < 0.11
    assert drawn == [is_explored(f"BM-{number}", 0.1) for number in range(20000)]
    assert not is_explored("BM-1", 0.0)
    assert is_explored("BM-1", 1.0)
    occasions = _walk(MeasuringPolicy(LineRisk(), 1.0, 0.1), np.zeros(1000, dtype=bool))
    assert {occasion for occasion in occasions if occasion} == {Occasion.EXPLORE}
    assert EXPLORED * 1.0 < 0.1


def test_what_cannot_be_passed_is_measured_whatever_is_left() -> None:
    policy = MeasuringPolicy(LineRisk(), 1.0, 0.0)
    assert policy.choose(PartSeen("P1", 1)).occasion is None
    assert policy.choose(PartSeen("P2", 2), must=True).occasion is Occasion.SUSPECT


def test_the_shops_rule_is_tuned_on_what_was_before_and_with_hindsight() -> None:
    # Before: single bad parts; after: long runs, which a rule that follows up would have found.
    before = np.arange(100) % 4 == 2
    after = np.tile(np.r_[np.zeros(20, dtype=bool), np.ones(10, dtype=bool)], 4)
    rules = ShopRules(np.r_[before, after], 100)
    tuned, best = rules.tuned_before(0.5), rules.best_in_hindsight(0.5)
    assert tuned is not None
    # Every second part, starting with the first, meets every one of them.
    assert tuned.rule == ShopRule(2, 0)
    assert best.escapes < tuned.escapes
    assert best.measured_share <= 0.51
    assert ShopRules(after, 0).tuned_before(0.5) is None
