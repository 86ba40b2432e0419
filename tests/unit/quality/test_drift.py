"""Drift is called when it is there, and hardly ever when it is not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from quality.conformal import BOUNDS, adapted
from quality.drift import (
    MISSED,
    SILENT_FROM,
    WINDOW,
    Misses,
    Reference,
    Series,
    effective_size,
    longest_run,
    reference,
    shift,
)

PARTS = 480
"""Of a shift: a part a minute for 8 hours."""


def alike(rng: np.random.Generator, parts: int, likeness: float) -> NDArray[np.float64]:
    """A stationary first-order process with variance 1."""
    values = rng.normal(size=parts)
    for index in range(1, parts):
        values[index] = likeness * values[index - 1] + np.sqrt(1 - likeness**2) * values[index]
    return values


def drifts(values: NDArray[np.float64], before: Reference | None = None) -> bool:
    series = Series(before)
    found = False
    for value in values:
        series.see(float(value))
        found = found or (series.shift is not None and series.shift.drifts)
    return found


@pytest.mark.parametrize("likeness", [0.0, 0.5, 0.8, 0.9])
def test_a_stationary_shift_raises_hardly_any_alarm(likeness: float) -> None:
    """60 shifts of one reading, of which a line has several: at most one alarm in all of them."""
    rng = np.random.default_rng(7)
    assert sum(drifts(alike(rng, WINDOW + PARTS, likeness)) for _ in range(60)) <= 1


def test_what_moves_too_slowly_for_its_reference_is_not_called_drifting() -> None:
    """A temperature over the day: its first 200 parts are but one piece of it."""
    rng = np.random.default_rng(8)
    alarms = 0
    for _ in range(20):
        walk = np.cumsum(rng.normal(size=WINDOW + PARTS)) * 0.05
        alarms += drifts(walk + 0.01 * rng.normal(size=len(walk)))
    assert alarms <= 1


def test_leaving_a_reference_that_is_one_piece_of_something_slow_is_no_news() -> None:
    quantiles = tuple(float(value) for value in np.linspace(0, 1, 41))
    far = [float(value) for value in np.random.default_rng(18).normal(100.0, size=WINDOW)]
    assert not shift(Reference(quantiles, 11.0, 1), far).drifts
    assert shift(Reference(quantiles, 13.0, 1), far).drifts


@pytest.mark.parametrize(("likeness", "by"), [(0.0, 1.0), (0.5, 1.5), (0.8, 2.5)])
def test_a_shifted_reading_is_seen_within_a_shift(likeness: float, by: float) -> None:
    rng = np.random.default_rng(9)
    seen = 0
    for _ in range(20):
        values = alike(rng, WINDOW + PARTS, likeness)
        values[300:] += by
        seen += drifts(values)
    assert seen >= 18


def test_a_wider_spread_around_the_same_median_is_seen() -> None:
    rng = np.random.default_rng(10)
    assert drifts(np.concatenate([rng.normal(size=WINDOW), 4 * rng.normal(size=PARTS)]))


def test_a_bundles_reference_is_used_from_the_first_window_on() -> None:
    rng = np.random.default_rng(11)
    before = Reference.from_json(dict(reference(list(rng.normal(size=5000))).as_json()))
    assert not drifts(rng.normal(size=WINDOW + PARTS), before)
    assert drifts(1 + rng.normal(size=WINDOW), before)
    for wrong in (
        {},
        {"quantiles": [1, 0], "effective": 1, "run": 1},
        {"quantiles": [0], "effective": 1, "run": 1},
    ):
        with pytest.raises((KeyError, ValueError)):
            Reference.from_json(wrong)


def test_a_reading_in_coarse_steps_lies_at_no_distance_from_itself() -> None:
    rng = np.random.default_rng(12)
    values = [float(value) for value in rng.integers(0, 4, size=2000)]
    found = shift(reference(values[:1000]), values[1000:])
    assert found.distance < 0.08
    assert shift(reference(values[:1000]), [value + 1 for value in values[1000:]]).distance > 0.2
    assert shift(reference([3.0] * 200), [3.0] * 200).distance == 0


def test_effective_size_is_that_of_theory() -> None:
    """(1 - a) / (1 + a) of the values of a first-order process."""
    rng = np.random.default_rng(13)
    for likeness in (0.0, 0.5, 0.8):
        sizes = [effective_size(alike(rng, 2000, likeness)) for _ in range(10)]
        assert np.median(sizes) == pytest.approx(2000 * (1 - likeness) / (1 + likeness), rel=0.2)
    assert effective_size(np.full(10, 3.0)) == 1


def test_a_sensor_that_stands_still_is_silent_and_one_that_always_did_is_not() -> None:
    rng = np.random.default_rng(14)
    moving, constant, coarse = Series(), Series(), Series()
    for value in rng.normal(size=WINDOW):
        moving.see(float(value))
        constant.see(1.0)
    for step in range(WINDOW):
        coarse.see(float(step // 50))
    for series in (moving, constant, coarse):
        for _ in range(SILENT_FROM):
            series.see(2.5 if series is not constant else 1.0)
    assert (moving.silent, constant.silent, coarse.silent) == (True, False, False)
    moving.see(2.6)
    assert not moving.silent
    assert longest_run([1.0, 1.0, 2.0, 2.0, 2.0, 1.0]) == 3
    assert longest_run([]) == 0


def test_no_number_is_left_out() -> None:
    series = Series()
    for value in (1.0, float("nan"), float("inf"), 1.0):
        series.see(value)
    assert series.run == 2


def first_alarm(misses: NDArray[np.bool_]) -> int | None:
    """`misses` [parts, characteristics]."""
    watch = Misses()
    for index, row in enumerate(misses):
        watch.see({f"c{number}": bool(out) for number, out in enumerate(row)})
        if watch.standing:
            return index
    return None


def test_intervals_that_hold_raise_an_alarm_in_less_than_one_of_ten_shifts() -> None:
    """96 measured parts a shift with six characteristics, whose misses come together or alone."""
    rng = np.random.default_rng(15)
    alone = rng.random((60, 96, 6)) < 0.1
    together = np.repeat(rng.random((60, 96, 1)) < 0.1, 6, axis=2)
    assert sum(first_alarm(shift_) is not None for shift_ in alone) <= 3
    assert sum(first_alarm(shift_) is not None for shift_ in together) <= 3


def test_intervals_that_follow_their_misses_raise_no_alarm_while_the_line_stays_as_it_is() -> None:
    """As the forecast's width is adapted on the line."""
    rng = np.random.default_rng(16)
    alarms = 0
    for _ in range(30):
        factor, rows = np.ones(4), []
        for score in np.abs(rng.normal(size=(96, 4))) / 1.645:
            rows.append(score > factor)
            factor = adapted(factor, score)
        alarms += first_alarm(np.array(rows)) is not None
    assert alarms <= 1
    assert BOUNDS[0] < factor.min()


def test_intervals_that_miss_are_seen_soon_and_the_one_that_misses_is_named() -> None:
    rng = np.random.default_rng(17)
    found = []
    for _ in range(20):
        misses = rng.random((200, 6)) < 0.1
        misses[:, 2] = rng.random(200) < 0.6
        watch = Misses()
        for index, row in enumerate(misses):
            watch.see({f"c{number}": bool(out) for number, out in enumerate(row)})
            if watch.standing:
                found.append((index, watch.standing))
                break
    assert len(found) == 20
    assert all(name == "c2" for _, name in found)
    assert np.median([index for index, _ in found]) < 40


def test_a_drift_of_the_coverage_is_over_when_the_newest_parts_say_so() -> None:
    watch = Misses()
    for _ in range(30):
        watch.see({"c": True})
    assert watch.standing == "c"
    for _ in range(33):
        watch.see({"c": False})
    assert watch.standing == "c"
    watch.see({"c": False})
    assert watch.standing == ""
    assert watch.share("c") <= MISSED
    assert watch.shares() == {"c": 0.15}
    for _ in range(40):
        watch.see({"c": False})
        assert watch.standing == ""
