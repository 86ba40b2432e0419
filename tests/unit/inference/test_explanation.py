"""What moved a forecast: found by hiding inputs from the graph, in the characteristic's unit."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.explanation import PARTS_HIDDEN, explain_mean
from inference.forecast import OnnxForecaster
from models.recipes.forecast import learn_forecast
from quality.characteristic import LineId, PartSerial, StationId
from quality.evidence import Forecast, Measurement, Reading
from quality.inspection import Cycle
from tests.unit.models.making import made_up_history

ROWS = 60


class Linear:
    """A graph whose mean is 2 × the first reading, plus each earlier value of the characteristic × its row."""

    runs = 0

    def run(self, names: list[str] | None, feed: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        assert names == ["mean"]
        self.runs += 1
        rows = np.nan_to_num(feed["history"]) * np.arange(len(feed["history"]))[:, None]
        return [2 * feed["readings"][0] + rows.sum(axis=0)]


def _feed(measured: Mapping[int, float]) -> dict[str, NDArray[Any]]:
    history = np.full((ROWS, 2), np.nan, np.float32)
    for row, value in measured.items():
        history[row, 0] = value
    read = np.full((ROWS, 2), np.nan, np.float32)
    read[-5:, 0] = [1.0, 9.0, 2.0, 1.5, 1.0]
    return {"history": history, "history_readings": read, "readings": np.array([4.0, 7.0], np.float32)}


def _explain(session: Linear, measured: Mapping[int, float], most: int = 99) -> dict[str, tuple[float, ...]]:
    found = explain_mean(
        session,
        _feed(measured),
        column=0,
        readings=("power_kw", "new_bar"),
        serials=[f"P{row}" for row in range(ROWS)],
        most=most,
    )
    assert [abs(one.moved) for one in found] == sorted((abs(one.moved) for one in found), reverse=True)
    return {one.source: (one.value, one.usual or 0.0, one.moved) for one in found}


def test_a_reading_counts_against_what_was_usual_and_a_part_against_not_being_measured() -> None:
    found = _explain(Linear(), {3: 1.0, 10: -2.0})
    assert found == {"P10": (-2.0, 0.0, -20.0), "power_kw": (4.0, 1.5, 5.0), "P3": (1.0, 0.0, 3.0)}


def test_only_the_greatest_are_given_and_only_the_newest_parts_hidden() -> None:
    session = Linear()
    found = _explain(session, dict.fromkeys(range(1, ROWS), 1.0), most=3)
    assert list(found) == ["P59", "P58", "P57"]
    assert session.runs == 1 + 1 + PARTS_HIDDEN


def test_a_learned_forecast_is_explained_by_the_reading_that_moved_it(tmp_path: Path) -> None:
    history = made_up_history(300, seed=3)
    forecaster = OnnxForecaster(learn_forecast(history, out=tmp_path / "b", name="b", rows=30))
    now = datetime(2026, 11, 24, 8, tzinfo=UTC)

    def cycle(sequence: int) -> Cycle:
        return Cycle(LineId("l"), StationId("s"), 1, sequence, PartSerial(f"P{sequence}"), now)

    def read(power: float) -> tuple[Reading, ...]:
        return (Reading("power_kw", power, "kW", now), Reading("tool_parts", 10.0, "parts", now))

    for sequence in range(30):
        forecaster.forecast(cycle(sequence), read(5.0))
        forecaster.learn([Measurement("x_mm", 0.0, PartSerial(f"P{sequence}"), sequence, now)])
    answer = forecaster.forecast(cycle(30), read(7.0))
    assert isinstance(answer, Forecast)
    greatest = forecaster.explain(cycle(30), read(7.0), "x_mm")[0]
    assert (greatest.source, greatest.value, greatest.usual) == ("power_kw", 7.0, 5.0)
    assert greatest.moved == pytest.approx(0.2, abs=0.03)
    again = forecaster.forecast(cycle(30), read(7.0))
    assert isinstance(again, Forecast)
    assert again.mean.tolist() == answer.mean.tolist(), "asking changes nothing"
    assert forecaster.explain(cycle(30), read(7.0)[:1], "x_mm") == ()
    with pytest.raises(ValueError, match="z_mm"):
        forecaster.explain(cycle(30), read(7.0), "z_mm")
    forecaster.forecast(cycle(31), read(5.0))
    assert forecaster.explain(cycle(30), read(7.0), "x_mm") == (), "its history is another part's by now"
