"""A forecast's scorecard against figures worked out by hand, and its pictures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.verbs.plotting import plot_forecasts
from edge.verbs.scoring import ScoredParts
from inference.bundle import Bundle
from models.recipes.forecast import learn_forecast
from quality.conformal import adapted_scales
from quality.recording import PartHistory
from quality.splitting import part_range
from tests.unit.models.making import made_up_history

START, GROSS = 120, 150


@pytest.fixture(scope="module")
def history() -> PartHistory:
    made = made_up_history(200, seed=2)
    measured = made.measured.copy()
    measured[GROSS, 0] = 40.0
    return replace(made, measured=measured)


@pytest.fixture(scope="module")
def bundle(history: PartHistory, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    out = tmp_path_factory.mktemp("bundles") / "b"
    return learn_forecast(part_range(history, 0, START), out=out, name="b", rows=30)


@pytest.fixture(scope="module")
def scored(bundle: Bundle, history: PartHistory) -> ScoredParts:
    return ScoredParts(bundle, history, START)


def test_the_rules_interval_may_adapt_as_the_models_does(scored: ScoredParts, history: PartHistory) -> None:
    figures = scored.scorecard(0.2)["ewma"]["y_mm"]
    mean, scale = scored.forecast(1, "ewma")
    truth = history.measured[START:, 1]
    known = np.isfinite(truth)
    fixed = np.abs(truth[known] - mean[known]) <= 1.6448536 * scale[known]
    assert figures["coverage_90"] == pytest.approx(fixed.mean())
    whole = np.full(len(history), scale[0])
    from_start_on = adapted_scales(history.measured[:, 1], _averages(history, figures["alpha"]), whole)[START:]
    assert figures["mean_width_90_adaptive"] == pytest.approx(2 * 1.6448536 * from_start_on[known].mean())


def _averages(history: PartHistory, alpha: float) -> np.ndarray:
    before, average = [], np.nan
    for value in history.measured[:, 1]:
        before.append(average)
        if np.isfinite(value):
            average = value if np.isnan(average) else average + alpha * (value - average)
    return np.array(before)


def test_one_gross_error_can_be_left_out(scored: ScoredParts, history: PartHistory) -> None:
    figures = scored.scorecard(0.2)["characteristics"]["x_mm"]
    assert figures["mse"] > 1.0
    missed = history.measured[START:, 0] - scored.forecast(0, "model")[0]
    missed[GROSS - START] = np.nan
    assert figures["mse_without_worst"] == pytest.approx(np.nanmean(missed**2))
    assert figures["mse_without_worst"] < figures["mse_ewma_without_worst"] < figures["mse_ewma"]


def test_the_pictures_are_drawn(scored: ScoredParts, tmp_path: Path) -> None:
    files = plot_forecasts(scored, tmp_path / "plots")
    assert [file.name for file in files] == [
        "forecast_bands.png",
        "forecast_reliability.png",
        "forecast_worst_misses.png",
    ]
    for file in files:
        assert file.read_bytes().startswith(b"\x89PNG")
        assert file.stat().st_size > 5000
