"""The graph's features against plain numpy, and how it mixes its heads."""

from dataclasses import replace

import numpy as np
import pytest

from inference.session import open_session
from models.recipes.forecast_graph import (
    CALM,
    KERNEL,
    RATES,
    SCALE_FEATURES,
    Frontend,
    Head,
    feature_graph,
    forecast_graph,
)

ROWS, CHARACTERISTICS, READINGS = 12, 2, 2
LAST = RATES.index(1.0)


def _frontend() -> Frontend:
    return Frontend(
        rows=ROWS,
        center=np.array([1.0, -1.0]),
        spread=np.array([0.5, 2.0]),
        lowest=np.array([-99.0, -99.0]),
        highest=np.array([99.0, 99.0]),
        margin=8.0,
        bottom=np.full(2, -1e6),
        unknown=np.array([3.0, 4.0]),
        reading_center=np.array([10.0, 0.0]),
        reading_spread=np.array([2.0, 1.0]),
        unexplained=np.array([[1.0, -0.25], [0.0, 1.0]]),
        leap=np.array([0.5, 0.0]),
        drop=np.array([1e6, 5.0]),
        forget=np.zeros((READINGS, CHARACTERISTICS)),
    )


def _history(seed: int = 0, gaps: float = 0.4) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    history = random.normal(size=(ROWS, CHARACTERISTICS)).astype(np.float32)
    history[random.random(history.shape) < gaps] = np.nan
    history[-1, 0], history[0, 1] = 0.25, 0.5
    return {
        "history": history,
        "history_readings": random.normal(10, 2, (ROWS, READINGS)).astype(np.float32),
        "readings": np.array([13.0, 3.0], np.float32),
    }


def _features(feed: dict[str, np.ndarray], frontend: Frontend | None = None) -> dict[str, np.ndarray]:
    names = ["averages", "scale_features", "density", "moved", "leapt"]
    found = open_session(feature_graph(frontend or _frontend())).run(names, feed)
    return dict(zip(names, found, strict=True))


def _weights(known: np.ndarray, rate: float) -> np.ndarray:
    newer = known[::-1].cumsum()[::-1] - known
    weight = known * np.power(max(1 - rate, 1e-6), newer)
    return weight / weight.sum()


@pytest.mark.parametrize("seed", range(5))
def test_averages_and_movements_are_weighted_over_what_was_measured(seed: int) -> None:
    feed, frontend = _history(seed), _frontend()
    found = _features(feed)
    for c in range(CHARACTERISTICS):
        known = np.isfinite(feed["history"][:, c])
        value = np.where(known, (feed["history"][:, c] - frontend.center[c]) / frontend.spread[c], 0.0)
        for a, rate in enumerate(RATES):
            weight = _weights(known, rate)
            assert found["averages"][a, c] == pytest.approx((weight * value).sum(), abs=1e-4)
            then = weight @ feed["history_readings"]
            moved = (feed["readings"] - then) / frontend.reading_spread
            np.testing.assert_allclose(found["moved"][a, :, c], moved, atol=1e-3)
            alone = frontend.unexplained @ moved
            leapt = np.sign(alone) * np.maximum(np.abs(alone) - frontend.leap, 0)
            np.testing.assert_allclose(found["leapt"][a, :, c], leapt, atol=1e-3)


def test_the_last_rate_is_the_last_measured_value() -> None:
    assert _features(_history())["averages"][LAST, 0] == pytest.approx((0.25 - 1.0) / 0.5, abs=1e-4)


def test_age_and_density_say_how_recently_and_how_densely_was_measured() -> None:
    feed = _history()
    feed["history"][:] = np.nan
    feed["history"][[1, 5, 9], 0] = 1.0
    feed["history"][:, 1] = -1.0
    found = _features(feed)
    np.testing.assert_allclose(found["scale_features"][1], np.log([3.0, 1.0]), rtol=1e-5)
    np.testing.assert_allclose(found["density"], [3 / 11, 1.0], rtol=1e-5)


def test_a_lone_gross_value_counts_for_nothing_until_a_second_confirms_it() -> None:
    feed = _history(gaps=0.0)
    feed["history"][:, 0] = 1.0
    feed["history"][-1, 0] = 90.0
    assert _features(feed)["averages"][LAST, 0] == pytest.approx(0.0, abs=1e-4)
    assert np.exp(_features(feed)["scale_features"][1, 0]) == pytest.approx(2.0)
    feed["history"][-2, 0] = 89.0
    assert _features(feed)["averages"][LAST, 0] == pytest.approx(178.0, rel=1e-4)


def test_what_lies_outside_the_gauges_reach_counts_for_nothing_however_often() -> None:
    feed = _history(gaps=0.0)
    feed["history"][:, 0] = 1.0
    feed["history"][-3:, 0] = [100.0, -100.0, 100.0]
    assert _features(feed)["averages"][LAST, 0] == pytest.approx(0.0, abs=1e-4)


def test_a_single_measured_value_is_believed() -> None:
    feed = _history()
    feed["history"][:, 0] = np.nan
    feed["history"][4, 0] = 50.0
    assert _features(feed)["averages"][LAST, 0] == pytest.approx(98.0, rel=1e-4)


def test_a_tool_change_makes_older_parts_count_less() -> None:
    forget = np.zeros((READINGS, CHARACTERISTICS))
    forget[1, 0] = np.log(0.1)
    feed = _history(gaps=0.0)
    feed["history"][:, 0] = np.where(np.arange(ROWS) < 6, 3.0, 1.0)
    feed["history_readings"][:, 1] = np.where(np.arange(ROWS) < 6, 40.0, 2.0)
    slow = RATES.index(0.1)
    kept = _features(feed)["averages"][slow, 0]
    forgotten = _features(feed, replace(_frontend(), forget=forget))["averages"][slow, 0]
    newer, older = _weights(np.ones(ROWS), 0.1)[6:].sum(), _weights(np.ones(ROWS), 0.1)[:6].sum()
    assert kept == pytest.approx(4.0 * older, rel=1e-4)
    assert forgotten == pytest.approx(4.0 * 0.1 * older / (newer + 0.1 * older), rel=1e-4)


def _head(density: float, *, bias: float, log_scale: float, likeness: float = 0.0) -> Head:
    rates = len(RATES)
    weights = np.zeros((SCALE_FEATURES, CHARACTERISTICS))
    weights[0] = log_scale
    nothing = np.zeros((rates, READINGS, CHARACTERISTICS))
    return Head(
        density=density,
        averages=np.zeros((rates, CHARACTERISTICS, CHARACTERISTICS)),
        moved=nothing,
        leapt=nothing,
        bias=np.full(CHARACTERISTICS, bias),
        likeness=np.full(CHARACTERISTICS, likeness),
        log_scale=weights,
        least=np.full(CHARACTERISTICS, -9.0),
    )


@pytest.mark.parametrize(
    ("measured", "share"), [([11], 1.0), ([2, 5, 8, 11], 4 / 10), ([0], 1 / 12), (list(range(12)), 1.0)]
)
def test_heads_answer_by_how_near_the_density_is_to_theirs(measured: list[int], share: float) -> None:
    feed = _history()
    feed["history"][:] = np.nan
    feed["history"][measured] = 1.0
    heads = [_head(1.0, bias=1.0, log_scale=0.0), _head(0.2, bias=0.0, log_scale=-1.0)]
    mean, scale = open_session(forecast_graph(_frontend(), heads)).run(["mean", "scale"], feed)
    dense = float(np.clip((share - 0.2) / 0.8, 0, 1))
    assert mean[0] == pytest.approx(1.0 + 0.5 * dense, abs=1e-4)
    assert scale[0] == pytest.approx(0.5 * np.exp(dense - 1), rel=1e-4)


def test_three_heads_share_out_between_neighbours() -> None:
    feed = _history()
    feed["history"][:] = np.nan
    feed["history"][[2, 5, 8, 11]] = 1.0
    heads = [_head(d, bias=b, log_scale=0.0) for d, b in ((1.0, 9.0), (0.5, 1.0), (0.3, 0.0))]
    mean, _ = open_session(forecast_graph(_frontend(), heads)).run(["mean", "scale"], feed)
    assert mean[0] == pytest.approx(1.0 + 0.5 * 0.5, abs=1e-4)


def test_before_anything_was_measured_the_scale_is_that_of_all_parts() -> None:
    feed = _history()
    feed["history"][:] = np.nan
    graph = forecast_graph(_frontend(), [_head(1.0, bias=0.0, log_scale=-3.0)])
    mean, scale = open_session(graph).run(["mean", "scale"], feed)
    np.testing.assert_allclose(mean, [1.0, -1.0])
    np.testing.assert_allclose(scale, [1.5, 8.0], rtol=1e-5)


def test_the_mean_of_a_magnitude_is_not_below_zero() -> None:
    frontend = replace(_frontend(), bottom=np.array([0.0, -1e6]))
    graph = forecast_graph(frontend, [_head(1.0, bias=-9.0, log_scale=0.0)])
    mean, _ = open_session(graph).run(["mean", "scale"], _history(gaps=0.0))
    np.testing.assert_allclose(mean, [0.0, -19.0], rtol=1e-5)


def _by_likeness(feed: dict[str, np.ndarray], frontend: Frontend, c: int) -> tuple[float, float, float]:
    """Mean, doubt and unrest in plain numpy, by solving the equations directly."""
    then = (feed["history_readings"] - frontend.reading_center) / frontend.reading_spread
    now = (feed["readings"] - frontend.reading_center) / frontend.reading_spread
    known = np.flatnonzero(np.isfinite(feed["history"][:, c]))
    value = (feed["history"][known, c] - frontend.center[c]) / frontend.spread[c]
    at = np.append(known, ROWS)
    read = np.vstack([then[known], now])
    apart = np.abs(at[:, None] - at[None, :])
    alike = np.exp(-0.5 * ((read[:, None] - read[None, :]) / KERNEL.alike_width) ** 2).mean(axis=-1)
    kernel = (
        KERNEL.quick**2 * np.exp(-apart / KERNEL.quick_time)
        + KERNEL.slow**2 * np.exp(-apart / KERNEL.slow_time)
        + KERNEL.alike**2 * np.exp(-apart / KERNEL.alike_time) * alike
    )
    trust = np.ones(len(known))
    if frontend.forget[1, c]:
        following = np.append(then[1:, 1], now[1])
        changes = np.cumsum((then[:, 1] - following > frontend.drop[1])[::-1])[::-1]
        trust = np.exp(changes * frontend.forget[1, c])[known]
    weights = _weights(np.isfinite(feed["history"][:, c]).astype(float), 0.03)[known] * trust
    level = (weights * value).sum() / weights.sum()
    between, towards = kernel[:-1, :-1] + np.diag(KERNEL.noise**2 / trust), kernel[-1, :-1]
    mean = level + towards @ np.linalg.solve(between, value - level)
    variance = kernel[-1, -1] - towards @ np.linalg.solve(between, towards) + KERNEL.noise**2
    # What is taken for noise, in units of each part's own noise.
    noises = KERNEL.noise**2 * np.linalg.solve(between, value - level) / np.sqrt(trust)
    recent = _weights(np.isfinite(feed["history"][:, c]).astype(float), 0.2)[known] * trust
    return float(mean), float(np.sqrt(variance)), float(np.sqrt((recent / recent.sum()) @ noises**2))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("forget", [0.0, np.log(0.1)])
def test_likeness_is_the_gaussian_process_of_the_kernel(seed: int, forget: float) -> None:
    forgetting = np.zeros((READINGS, CHARACTERISTICS))
    forgetting[1, 0] = forget
    feed, frontend = _history(seed), replace(_frontend(), forget=forgetting)
    feed["history_readings"][:, 1] = np.where(np.arange(ROWS) < 6, 40.0, 2.0)
    session = open_session(feature_graph(frontend))
    found, scale = session.run(["likeness", "scale_features"], feed)
    for c in range(CHARACTERISTICS):
        mean, doubt, unrest = _by_likeness(feed, frontend, c)
        assert found[c] == pytest.approx(mean, abs=2e-3)
        assert np.exp(scale[4, c]) == pytest.approx(doubt, rel=1e-3)
        assert np.exp(scale[5, c]) - CALM == pytest.approx(unrest, abs=5e-3)


def test_the_second_part_that_reads_like_a_bad_one_is_forecast_bad() -> None:
    feed = _history(gaps=0.0)
    feed["history"][:, 0] = 1.0
    feed["history_readings"][:], feed["readings"][:] = [10.0, 0.0], [10.0, 0.0]
    feed["history"][5, 0], feed["history_readings"][5, 0] = 4.0, 2.0
    graph = forecast_graph(_frontend(), [_head(1.0, bias=0.0, log_scale=0.0, likeness=1.0)])
    usual, _ = open_session(graph).run(["mean", "scale"], feed)
    feed["readings"][0] = 2.0
    like_the_bad_one, _ = open_session(graph).run(["mean", "scale"], feed)
    assert usual[0] == pytest.approx(1.0, abs=0.3)
    assert like_the_bad_one[0] > usual[0] + 0.5


def test_a_share_of_likeness_moves_the_mean_by_that_share() -> None:
    feed, frontend = _history(), _frontend()
    alike = open_session(feature_graph(frontend)).run(["likeness"], feed)[0]
    graph = forecast_graph(frontend, [_head(1.0, bias=1.0, log_scale=0.0, likeness=0.25)])
    mean, _ = open_session(graph).run(["mean", "scale"], feed)
    np.testing.assert_allclose(mean, frontend.center + frontend.spread * (0.75 * 1.0 + 0.25 * alike), rtol=1e-4)


def test_missing_earlier_readings_count_as_not_moved() -> None:
    feed = _history()
    feed["history_readings"][:] = np.nan
    assert np.abs(_features(feed)["moved"]).max() == pytest.approx(0.0, abs=1e-5)
