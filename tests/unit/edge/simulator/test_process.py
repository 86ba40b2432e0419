import numpy as np
import pytest

from edge.simulator.part import CHARACTERISTICS, DEFECTS, HOLES, READINGS, Part
from edge.simulator.process import Offsets, Process
from tests.unit.edge.simulator.parts import make_parts

CLAMP = READINGS.index("clamp_pressure_bar")


@pytest.fixture(scope="module")
def many() -> list[Part]:
    return make_parts(50, 4000)


def values(parts: list[Part]) -> np.ndarray:
    return np.array([part.values for part in parts])


def readings(parts: list[Part]) -> np.ndarray:
    return np.array([part.readings for part in parts])


def autocorrelation(series: np.ndarray, lag: int) -> float:
    return float(np.corrcoef(series[:-lag], series[lag:])[0, 1])


def test_there_are_18_characteristics_in_the_order_of_the_holes() -> None:
    assert CHARACTERISTICS[:4] == ("hole_1_x_mm", "hole_1_y_mm", "hole_1_diameter_mm", "hole_2_x_mm")
    assert len(CHARACTERISTICS) == 18


def test_the_same_seed_makes_the_same_parts_and_another_seed_others() -> None:
    first, again, other = (values(make_parts(seed, 300)) for seed in (7, 7, 8))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


def test_the_share_of_defects_changes_nothing_about_the_dimensions() -> None:
    few, many_defects = make_parts(7, 400, defect_share=0.03), make_parts(7, 400, defect_share=0.5)
    assert np.array_equal(values(few), values(many_defects))
    assert sum(part.defect is not None for part in many_defects) == pytest.approx(200, abs=40)


def test_serials_are_unique_and_fit_the_register() -> None:
    serials = [part.serial for seed in (1, 7, 10, 101) for part in make_parts(seed, 200)]
    assert len(set(serials)) == len(serials)
    assert max(map(len, serials)) <= 16
    assert make_parts(7, 12)[-1].serial == "BM-0700012"


@pytest.mark.parametrize(("spindle", "axis"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_an_offset_moves_its_three_holes_along_its_axis_from_the_next_part_on(spindle: int, axis: int) -> None:
    plain, moved = Process(7), Process(7)
    offsets = Offsets()
    assert np.array_equal(plain.make(Offsets()).values, moved.make(offsets).values)
    offsets.um[spindle][axis] = 120
    change = (moved.make(offsets).values - plain.make(Offsets()).values).reshape(HOLES, 3)
    expected = np.zeros((HOLES, 3))
    expected[3 * spindle : 3 * spindle + 3, axis] = 0.120
    assert np.allclose(change, expected)


def test_6_to_9_percent_are_out_and_3_percent_have_a_defect_of_every_kind(many: list[Part]) -> None:
    assert 0.06 < np.mean([bool(part.out) for part in many]) < 0.09
    assert np.mean([part.defect is not None for part in many]) == pytest.approx(0.03, abs=0.01)
    assert {part.defect.label for part in many if part.defect} == set(DEFECTS)
    assert all(part.conforming == (not part.out and part.defect is None) for part in many)


def test_parts_out_of_limits_come_in_runs(many: list[Part]) -> None:
    out = np.array([bool(part.out) for part in many])
    again = (out[1:] & out[:-1]).sum() / out[:-1].sum()
    assert again > 0.75


def test_what_one_part_is_tells_of_the_next_and_ever_less_of_later_ones(many: list[Part]) -> None:
    x = values(many)[:, CHARACTERISTICS.index("hole_4_x_mm")]
    lags = [autocorrelation(x, lag) for lag in (1, 5, 20, 50)]
    assert lags == sorted(lags, reverse=True)
    assert lags[0] > 0.7
    assert lags[3] < 0.35


def test_some_holes_are_well_predictable_and_others_barely(many: list[Part]) -> None:
    steps = np.abs(np.diff(values(many), axis=0))
    typical = np.median(steps, axis=0)
    easy, hard = CHARACTERISTICS.index("hole_1_x_mm"), CHARACTERISTICS.index("hole_3_x_mm")
    assert typical[hard] > 2 * typical[easy]


def test_a_slipping_clamp_shows_in_its_pressure_and_moves_y(many: list[Part]) -> None:
    slipped = readings(many)[:, CLAMP] < 50
    y = values(many)[:, CHARACTERISTICS.index("hole_3_y_mm")]
    assert 0.01 < slipped.mean() < 0.04
    assert (y[slipped] > 0.18).mean() > 0.9
    assert (y[~slipped] > 0.18).mean() < 0.01


def test_a_breaking_edge_shows_in_vibration_before_the_tool_is_changed(many: list[Part]) -> None:
    life = readings(many)[:, READINGS.index("tool_life_a_parts")]
    vibration = readings(many)[:, READINGS.index("vibration_a_mm_s")]
    diameter = values(many)[:, CHARACTERISTICS.index("hole_1_diameter_mm")]
    broken = diameter < 13.95
    assert vibration[broken].min() > vibration[~broken].mean()
    assert life[broken].min() > 120
    changes = np.flatnonzero(np.diff(life) < 0)
    assert 120 < np.diff(changes).mean() < 170
    named = [part.number for part in many for event in part.events if event.machine == "spindle A"]
    assert {many[change + 1].number for change in changes} <= set(named)


def test_where_a_spindle_cuts_shows_in_its_power(many: list[Part]) -> None:
    power = readings(many)[:, READINGS.index("spindle_b_power_kw")]
    x = values(many)[:, CHARACTERISTICS.index("hole_5_x_mm")]
    assert power[x > 0.18].mean() > power.mean() + 1
    assert power[x < -0.18].mean() < power.mean() - 1
