"""Figures of the scorecard, checked against what can be worked out by hand."""

import numpy as np
import pytest

from quality.characteristic import Limits
from quality.scorecard import (
    NORMAL_QUANTILE,
    PixelScore,
    auroc,
    averages_before,
    best_alpha,
    plain_rules,
    precision_and_recall,
    recall_at_false_positive_rate,
    recall_by_label,
    scale_of,
    score_forecast,
)

LIMITS = Limits(-1.0, 1.0)


def test_auroc_counts_pairs_and_ties_half() -> None:
    score = np.array([0.1, 0.4, 0.4, 0.8])
    nonconforming = np.array([False, False, True, True])
    # Pairs (good, bad): (0.1, 0.4) won, (0.1, 0.8) won, (0.4, 0.4) tied, (0.4, 0.8) won.
    assert auroc(score, nonconforming) == pytest.approx(3.5 / 4)


def test_auroc_agrees_with_counting_every_pair() -> None:
    random = np.random.default_rng(1)
    score, bad = np.round(random.random(60), 1), random.random(60) < 0.3
    pairs = [(b > g) + 0.5 * (b == g) for b in score[bad] for g in score[~bad]]
    assert auroc(score, bad) == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("nonconforming", [[True, True], [False, False]])
def test_auroc_needs_both_kinds(nonconforming: list[bool]) -> None:
    assert auroc(np.array([0.1, 0.2]), np.array(nonconforming)) is None


def test_precision_and_recall() -> None:
    signalled, bad = np.array([True, True, False, False]), np.array([True, False, True, False])
    assert precision_and_recall(signalled, bad) == (0.5, 0.5)
    assert precision_and_recall(np.zeros(4, bool), bad) == (None, 0.0)
    assert precision_and_recall(signalled, np.zeros(4, bool)) == (0.0, None)


def test_recall_at_a_false_positive_rate() -> None:
    good, bad = np.linspace(0, 0.99, 100), np.array([0.5, 0.945, 0.96, 1.0])
    score = np.concatenate([good, bad])
    nonconforming = np.concatenate([np.zeros(100, bool), np.ones(4, bool)])
    # Five of a hundred may be reached: 0.95 to 0.99. What lies above the sixth, 0.94, is found.
    assert recall_at_false_positive_rate(score, nonconforming) == 0.75
    assert recall_at_false_positive_rate(score, nonconforming, 1.0) == 1.0
    assert recall_at_false_positive_rate(good, np.zeros(100, bool)) is None


def test_recall_does_not_count_what_ties_with_too_many_good_ones() -> None:
    score = np.array([0.5] * 20 + [0.5])
    nonconforming = np.array([False] * 20 + [True])
    assert recall_at_false_positive_rate(score, nonconforming) == 0.0


def test_a_forecast_is_scored_where_something_was_measured() -> None:
    measured = np.array([0.0, 2.0, np.nan, 0.5])
    mean, scale = np.array([0.5, 1.5, 9.0, 0.5]), np.array([0.1, 1.0, 1.0, 0.2])
    score = score_forecast(measured, mean, scale, LIMITS, 0.5)
    assert score.mse == pytest.approx((0.25 + 0.25 + 0.0) / 3)
    assert score.coverage_90 == pytest.approx(2 / 3)
    assert score.mean_width_90 == pytest.approx(2 * NORMAL_QUANTILE * 1.3 / 3)
    assert (score.auroc, score.precision, score.recall) == (1.0, 1.0, 1.0)


def test_nothing_measured_gives_no_figures() -> None:
    nothing = np.array([np.nan])
    assert score_forecast(nothing, np.zeros(1), np.ones(1), LIMITS, 0.5).mse is None


def test_averages_know_only_what_was_measured_before() -> None:
    before = averages_before(np.array([1.0, np.nan, 3.0, 5.0]), 0.5)
    assert np.isnan(before[0])
    assert before[1:].tolist() == [1.0, 1.0, 2.0]
    assert averages_before(np.array([1.0, np.nan, 3.0, 5.0]), 1.0)[1:].tolist() == [1.0, 1.0, 3.0]


def test_the_best_alpha_is_slow_for_noise_and_fast_for_a_walk() -> None:
    noise = np.random.default_rng(2).normal(size=400)
    assert best_alpha(noise) == 0.05
    assert best_alpha(np.cumsum(noise)) >= 0.9


def test_the_scale_makes_nine_of_ten_intervals_hold() -> None:
    values = np.random.default_rng(3).normal(size=2000)
    missed = np.abs(values - averages_before(values, 1.0))[1:]
    assert np.mean(missed <= NORMAL_QUANTILE * scale_of(values, 1.0)) == pytest.approx(0.9, abs=0.001)


def test_the_rules_forecast_from_earlier_values_only() -> None:
    values = np.array([1.0, 2.0, 4.0])
    rules = plain_rules(values)
    assert rules["same_as_previous"].forecast(values)[0][1:].tolist() == [1.0, 2.0]
    assert set(rules) == {"same_as_previous", "ewma"}


def test_recall_by_label_is_read_at_one_threshold_for_all() -> None:
    score = np.array([0.1, 0.2, 0.3, 0.4, 0.35, 0.9, 0.5, 0.05])
    bad = np.array([False, False, False, False, True, True, True, True])
    labels = ["good"] * 4 + ["chip", "chip", "crack", "crack"]
    assert recall_by_label(score, bad, labels, rate=0.0) == {
        "chip": {"frames": 2, "recall": 0.5},
        "crack": {"frames": 2, "recall": 0.5},
    }
    assert recall_by_label(score, bad, labels, rate=0.25)["chip"]["recall"] == 1.0
    assert recall_by_label(score, np.zeros(8, dtype=bool), labels) == {}
    assert recall_by_label(score, np.ones(8, dtype=bool), labels) == {}


def test_pixels_are_pooled_over_frames() -> None:
    random = np.random.default_rng(4)
    pixels = PixelScore()
    frames = [(random.random((8, 9)).astype(np.float32), random.random((8, 9)) < 0.2) for _ in range(3)]
    for scores, defect in frames:
        pixels.add(scores, defect)
    score = np.concatenate([s.ravel() for s, _ in frames]).astype(np.float64)
    defect = np.concatenate([d.ravel() for _, d in frames])
    assert pixels.auroc == pytest.approx(auroc(score, defect), abs=1e-3)


def test_pixels_of_one_kind_have_no_area_and_shapes_must_agree() -> None:
    pixels = PixelScore()
    pixels.add(np.ones((2, 2), np.float32), np.zeros((2, 2), bool))
    assert pixels.auroc is None
    with pytest.raises(ValueError, match="one shape"):
        pixels.add(np.ones((2, 2), np.float32), np.zeros((2, 3), bool))
