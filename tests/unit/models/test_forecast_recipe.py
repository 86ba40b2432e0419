"""What the recipe learns from a line whose truth is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.verbs.walking import RecordedLine
from inference.bundle import Bundle, BundleError
from models.recipes.forecast import learn_forecast
from models.recipes.forecast_fit import blend, choose, fit_head
from models.recipes.forecast_graph import forecast_graph
from models.recipes.forecast_parity import ParityError, check_parity
from models.recipes.forecast_samples import frontend_of, samples_of, without_spikes
from quality.conformal import NORMAL_QUANTILE
from quality.drift import Reference
from quality.evidence import Forecast
from quality.recording import PartHistory
from quality.splitting import part_range
from tests.unit.models.making import made_up_history

LEARNED = 400


@pytest.fixture(scope="module")
def history() -> PartHistory:
    return made_up_history(LEARNED + 200, seed=1)


@pytest.fixture(scope="module")
def bundle(history: PartHistory, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("bundles")
    return learn_forecast(part_range(history, 0, LEARNED), out=folder / "made-up", name="made-up", rows=40)


def _forecasts(bundle: Bundle, history: PartHistory, gap: int = 1) -> tuple[np.ndarray, np.ndarray]:
    line = RecordedLine(bundle, history)
    line.take_up(LEARNED)
    means, scales = [], []
    for part in range(LEARNED, len(history)):
        forecast = line.forecast(part)
        assert isinstance(forecast, Forecast)
        means.append(forecast.mean)
        scales.append(forecast.scale)
        if part % gap == 0:
            line.measure(part)
    return np.array(means), np.array(scales)


def _missed(history: PartHistory, mean: np.ndarray) -> np.ndarray:
    return history.measured[LEARNED:] - mean


@pytest.mark.parametrize("gap", [1, 5])
def test_what_a_reading_explains_is_forecast_nearly_to_the_noise(
    bundle: Bundle, history: PartHistory, gap: int
) -> None:
    mean, _ = _forecasts(bundle, history, gap)
    missed = np.nanstd(_missed(history, mean)[:, 0])
    assert missed < 0.02
    persistence = np.nanstd(history.measured[LEARNED:, 0] - history.measured[LEARNED - 1 : -1, 0])
    assert missed < 0.6 * persistence


def test_noise_is_forecast_by_its_mean(bundle: Bundle, history: PartHistory) -> None:
    mean, _ = _forecasts(bundle, history)
    assert np.nanstd(_missed(history, mean)[:, 1]) < 1.08 * 0.01


@pytest.mark.parametrize("gap", [1, 5])
def test_nine_of_ten_intervals_hold(bundle: Bundle, history: PartHistory, gap: int) -> None:
    mean, scale = _forecasts(bundle, history, gap)
    missed = _missed(history, mean)
    known = np.isfinite(missed)
    assert np.mean(np.abs(missed[known]) <= NORMAL_QUANTILE * scale[known]) == pytest.approx(0.9, abs=0.05)


def test_a_gauge_that_is_off_by_metres_does_not_wreck_it(tmp_path: Path) -> None:
    wild = made_up_history(LEARNED + 200, seed=1, outliers=0.02)
    bundle = learn_forecast(part_range(wild, 0, LEARNED), out=tmp_path / "b", name="b", rows=40)
    mean, _ = _forecasts(bundle, wild)
    clean = np.abs(wild.measured[LEARNED:]) < 1.0
    assert np.std(_missed(wild, mean)[:, 0][clean[:, 0]]) < 0.022
    assert np.std(_missed(wild, mean)[:, 1][clean[:, 1]]) < 0.013


def test_a_recording_without_readings_is_learned_from(history: PartHistory, tmp_path: Path) -> None:
    bare = replace(history, reading_names=(), readings=np.empty((len(history), 0)))
    bundle = learn_forecast(part_range(bare, 0, LEARNED), out=tmp_path / "b", name="b", rows=40)
    assert [tensor.name for tensor in bundle.inputs] == ["history"]
    mean, _ = _forecasts(bundle, bare)
    average = np.nanstd(bare.measured[LEARNED:, 0] - bare.measured[LEARNED - 1 : -1, 0])
    assert np.nanstd(_missed(bare, mean)[:, 0]) <= 1.02 * average


def test_the_same_seed_makes_the_same_model(history: PartHistory, tmp_path: Path) -> None:
    learned = [
        learn_forecast(part_range(history, 0, 150), out=tmp_path / name, name="b", rows=30, seed=3)
        for name in ("one", "two")
    ]
    assert learned[0].model_sha256 == learned[1].model_sha256


def test_the_bundle_says_what_it_needs_and_learned_from(bundle: Bundle, history: PartHistory) -> None:
    assert bundle.fields == {
        "rows": 40,
        "characteristics": ["x_mm", "y_mm"],
        "readings": ["power_kw", "tool_parts"],
    }
    assert bundle.has_learned(f"part:{history.serials[0]}")
    assert not bundle.has_learned(f"part:{history.serials[LEARNED]}")
    assert len(bundle.learned_from) == LEARNED
    assert "hole" not in bundle.card
    assert "| x_mm |" in bundle.card


def test_the_exported_graph_gives_the_verdicts_that_were_learned(bundle: Bundle) -> None:
    parity = bundle.figures["parity"]
    assert parity["verdicts"] == LEARNED * 2
    assert parity["largest_difference_of_means_in_spreads"] < 1e-3
    assert f"the same verdict on all {LEARNED * 2} forecasts" in bundle.card


def test_a_graph_that_gives_other_verdicts_is_not_exported(history: PartHistory) -> None:
    learned = part_range(history, 0, 80)
    frontend = frontend_of(learned, 20)
    samples = samples_of(learned, frontend, 1, [0])
    chosen = [choose(samples, c) for c in range(2)]
    head = fit_head(samples, chosen, [blend(samples, c, averaged) for c, averaged in enumerate(chosen)])
    check_parity(forecast_graph(frontend, [head]), learned, frontend, [head])
    other = replace(head, bias=head.bias + 30.0)
    with pytest.raises(ParityError, match="gives part P"):
        check_parity(forecast_graph(frontend, [other]), learned, frontend, [head])


def test_a_fault_the_recording_never_held_is_learned_on_the_line(tmp_path: Path) -> None:
    """From part LEARNED on every fourth part has 1 kW less power and an x that nothing explained before."""
    calm = made_up_history(LEARNED + 60, seed=4)
    measured, readings = calm.measured.copy(), calm.readings.copy()
    readings[:, 0] = 5.0 + np.random.default_rng(4).normal(0, 0.3, len(calm))
    measured[:, 0] = np.random.default_rng(5).normal(0, 0.01, len(calm))
    faulty = np.arange(LEARNED, len(calm), 4)
    readings[faulty, 0], measured[faulty, 0] = 2.0, 0.3
    history = replace(calm, measured=measured, readings=readings)
    bundle = learn_forecast(part_range(history, 0, LEARNED), out=tmp_path / "b", name="b", rows=40)
    mean, _ = _forecasts(bundle, history)
    later = faulty[5:] - LEARNED
    others = np.setdiff1d(np.arange(40, 60), later)
    assert mean[later, 0].min() > 0.1
    assert np.abs(mean[others, 0]).max() < 0.05


def test_progress_rises_to_the_end(history: PartHistory, tmp_path: Path) -> None:
    shares: list[float] = []
    learn_forecast(
        part_range(history, 0, 100),
        out=tmp_path / "b",
        name="b",
        rows=20,
        on_progress=lambda _step, share: shares.append(share),
    )
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_too_few_parts_and_an_existing_folder_are_refused(history: PartHistory, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="59 parts are too few"):
        learn_forecast(part_range(history, 0, 59), out=tmp_path / "b", name="b")
    (tmp_path / "there").mkdir()
    with pytest.raises(BundleError, match="exists already"):
        learn_forecast(part_range(history, 0, 80), out=tmp_path / "there", name="b", rows=20)


def test_a_characteristic_that_was_hardly_measured_is_refused(history: PartHistory, tmp_path: Path) -> None:
    bare = replace(history, measured=history.measured.copy())
    bare.measured[5:, 1] = np.nan
    with pytest.raises(ValueError, match="y_mm was hardly ever measured"):
        learn_forecast(bare, out=tmp_path / "b", name="b")


def test_a_counter_that_starts_over_is_seen_and_nothing_else(history: PartHistory) -> None:
    frontend = frontend_of(history, 20)
    assert (frontend.drop < 1e6).tolist() == [False, True]


def test_only_values_alone_against_agreeing_neighbours_are_spikes() -> None:
    column = np.array([0.0, 0.1, 50.0, 0.0, 0.1, np.nan, 50.0, 50.1, 50.0, 0.0, 0.1])
    cleaned = without_spikes(column[:, None], np.array([1.0]))[:, 0]
    assert np.flatnonzero(np.isnan(cleaned)).tolist() == [2, 5]


def test_the_bundle_says_what_each_reading_was_like(bundle: Bundle, history: PartHistory) -> None:
    said = bundle.calibration["reference"]
    assert set(said) == set(history.reading_names)
    for column, name in enumerate(history.reading_names):
        known = Reference.from_json(said[name])
        assert known.median == pytest.approx(np.median(history.readings[:LEARNED, column]), rel=1e-6)
