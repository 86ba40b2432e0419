"""The forecaster: which history the graph is given, and when there is no forecast."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from inference.bundle import Bundle, BundleError, write_bundle
from inference.forecast import OnnxForecaster
from inference.session import Session, open_session
from quality.characteristic import LineId, PartSerial, StationId
from quality.conformal import RATE
from quality.evidence import Forecast, Measurement, NoEvidence, Reading
from quality.inspection import Cycle

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
ROWS = 3
FIELDS = {"rows": ROWS, "characteristics": ["x_mm", "y_mm"], "readings": ["power_kw", "pressure_bar"]}


def _graph() -> bytes:
    """mean = newest row's value + 10 × middle row's + 100 × oldest row's, scale = power + history of power."""
    weights = numpy_helper.from_array(np.array([[100.0], [10.0], [1.0]], np.float32), "weights")
    zero = numpy_helper.from_array(np.array(0.0, np.float32), "zero")
    axis = numpy_helper.from_array(np.array([0]), "axis")
    first = numpy_helper.from_array(np.array(0), "first")
    two = numpy_helper.from_array(np.array([2]), "two")
    nodes = [
        helper.make_node("IsNaN", ["history"], ["missing"]),
        helper.make_node("Where", ["missing", "zero", "history"], ["known"]),
        helper.make_node("Mul", ["known", "weights"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted", "axis"], ["mean"], keepdims=0),
        helper.make_node("IsNaN", ["history_readings"], ["unread"]),
        helper.make_node("Where", ["unread", "zero", "history_readings"], ["read"]),
        helper.make_node("ReduceSum", ["read", "axis"], ["all_read"], keepdims=0),
        helper.make_node("Add", ["all_read", "readings"], ["with_now"]),
        helper.make_node("Gather", ["with_now", "first"], ["power"], axis=0),
        helper.make_node("Expand", ["power", "two"], ["scale"]),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "g",
        [
            value("history", TensorProto.FLOAT, (ROWS, 2)),
            value("history_readings", TensorProto.FLOAT, (ROWS, 2)),
            value("readings", TensorProto.FLOAT, (2,)),
        ],
        [value("mean", TensorProto.FLOAT, (2,)), value("scale", TensorProto.FLOAT, (2,))],
        [weights, zero, axis, first, two],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    encoded: bytes = model.SerializeToString()
    return encoded


def _bundle(folder: Path, kind: str = "forecast", fields: dict[str, object] | None = None) -> Bundle:
    return write_bundle(
        folder / "b",
        kind=kind,
        name="toy",
        model=_graph(),
        fields=FIELDS if fields is None else fields,
        calibration={},
        learned_from=[],
        recipe={},
        figures={},
        card="",
    )


def _cycle(sequence: int) -> Cycle:
    return Cycle(LineId("l"), StationId("s"), 1, sequence, PartSerial(f"P{sequence}"), NOW)


def _readings(power: float = 1.0, pressure: float = 2.0) -> tuple[Reading, ...]:
    return (Reading("pressure_bar", pressure, "bar", NOW), Reading("power_kw", power, "kW", NOW))


def _measured(sequence: int, x: float, y: float = 0.0) -> list[Measurement]:
    serial = PartSerial(f"P{sequence}")
    return [Measurement("x_mm", x, serial, sequence, NOW), Measurement("y_mm", y, serial, sequence, NOW)]


@pytest.fixture
def forecaster(tmp_path: Path) -> OnnxForecaster:
    return OnnxForecaster(_bundle(tmp_path))


def _mean(answer: Forecast | NoEvidence) -> float:
    assert isinstance(answer, Forecast)
    return answer.of("x_mm")[0]


def test_a_measurement_lands_in_the_row_of_its_part(forecaster: OnnxForecaster) -> None:
    for sequence in (1, 2, 3):
        forecaster.forecast(_cycle(sequence), _readings())
    forecaster.learn(_measured(2, 5.0, 7.0))
    answer = forecaster.forecast(_cycle(4), _readings())
    assert isinstance(answer, Forecast)
    assert answer.of("x_mm")[0] == 50.0
    assert answer.of("y_mm")[0] == 70.0


def test_history_moves_on_with_every_part(forecaster: OnnxForecaster) -> None:
    forecaster.forecast(_cycle(1), _readings())
    forecaster.learn(_measured(1, 5.0))
    assert [_mean(forecaster.forecast(_cycle(s), _readings())) for s in (2, 3, 4, 5)] == [5.0, 50.0, 500.0, 0.0]


def test_the_part_itself_is_not_in_its_history(forecaster: OnnxForecaster) -> None:
    first = forecaster.forecast(_cycle(1), _readings(power=3.0))
    second = forecaster.forecast(_cycle(2), _readings(power=4.0))
    assert isinstance(first, Forecast)
    assert isinstance(second, Forecast)
    assert (first.of("x_mm")[1], second.of("x_mm")[1]) == (3.0, 7.0)


def test_a_part_that_left_the_history_is_passed_over(forecaster: OnnxForecaster) -> None:
    for sequence in (1, 2, 3, 4):
        forecaster.forecast(_cycle(sequence), _readings())
    forecaster.learn([*_measured(1, 5.0), *_measured(99, 5.0)])
    assert _mean(forecaster.forecast(_cycle(5), _readings())) == 0.0


def test_the_same_sequence_of_another_serial_is_another_part(forecaster: OnnxForecaster) -> None:
    forecaster.forecast(_cycle(1), _readings())
    forecaster.learn([Measurement("x_mm", 5.0, PartSerial("other"), 1, NOW)])
    assert _mean(forecaster.forecast(_cycle(2), _readings())) == 0.0


def test_asked_twice_about_a_part_it_answers_the_same(forecaster: OnnxForecaster) -> None:
    forecaster.forecast(_cycle(1), _readings())
    forecaster.learn(_measured(1, 5.0))
    assert _mean(forecaster.forecast(_cycle(2), _readings())) == 5.0
    assert _mean(forecaster.forecast(_cycle(2), _readings())) == 5.0
    assert _mean(forecaster.forecast(_cycle(3), _readings())) == 50.0


def test_a_missing_reading_is_named_and_the_part_still_remembered(forecaster: OnnxForecaster) -> None:
    answer = forecaster.forecast(_cycle(1), _readings()[:1])
    assert isinstance(answer, NoEvidence)
    assert answer.device == "reading power_kw"
    forecaster.learn(_measured(1, 5.0))
    assert _mean(forecaster.forecast(_cycle(2), _readings())) == 5.0


@pytest.mark.parametrize("power", [np.nan, np.inf])
def test_a_reading_that_is_no_number_is_missing(forecaster: OnnxForecaster, power: float) -> None:
    assert isinstance(forecaster.forecast(_cycle(1), _readings(power=power)), NoEvidence)


@pytest.mark.parametrize("power", [0.0, -1.0])
def test_a_scale_that_is_not_positive_is_no_forecast(forecaster: OnnxForecaster, power: float) -> None:
    answer = forecaster.forecast(_cycle(1), _readings(power=power))
    assert isinstance(answer, NoEvidence)
    assert answer.device.startswith("forecast model")


def test_a_mean_that_is_not_finite_is_no_forecast(forecaster: OnnxForecaster) -> None:
    forecaster.forecast(_cycle(1), _readings())
    forecaster.learn(_measured(1, np.inf))
    assert isinstance(forecaster.forecast(_cycle(2), _readings()), NoEvidence)


def test_restoring_from_records_is_as_having_lived_it(tmp_path: Path) -> None:
    bundle = _bundle(tmp_path)
    lived, restored = OnnxForecaster(bundle), OnnxForecaster(bundle)
    rows = []
    for sequence in range(1, 6):
        measured = tuple(_measured(sequence, float(sequence))) if sequence % 2 else ()
        lived.forecast(_cycle(sequence), _readings(power=sequence))
        lived.learn(measured)
        rows.append((_cycle(sequence), _readings(power=sequence), measured))
    restored.forecast(_cycle(77), _readings())
    restored.restore(rows)
    after = [f.forecast(_cycle(6), _readings()) for f in (lived, restored)]
    assert all(isinstance(answer, Forecast) for answer in after)
    means, scales = zip(*(answer.of("x_mm") for answer in after if isinstance(answer, Forecast)), strict=True)
    assert means == (305.0, 305.0)
    assert scales[0] == pytest.approx(scales[1])
    assert scales[0] > 13.0, "misses have widened it"


def test_misses_widen_the_scale_and_hits_narrow_it(forecaster: OnnxForecaster) -> None:
    scales = []
    for sequence, x in ((1, 500.0), (2, 500.0), (3, np.nan), (4, 0.0)):
        answer = forecaster.forecast(_cycle(sequence), _readings(power=1.0))
        assert isinstance(answer, Forecast)
        # The graph's scale is the sum of all powers it is given.
        scales.append(answer.scale / min(sequence, ROWS + 1))
        mean = answer.of("x_mm")[0]
        forecaster.learn(_measured(sequence, mean + x, answer.of("y_mm")[0]) if np.isfinite(x) else [])
    widened, narrowed = np.exp(0.9 * RATE), np.exp(-0.1 * RATE)
    np.testing.assert_allclose([x for x, _ in scales], [1, widened, widened**2, widened**2], rtol=1e-6)
    np.testing.assert_allclose([y for _, y in scales], [1, narrowed, narrowed**2, narrowed**2], rtol=1e-6)


def test_a_measurement_counts_once(forecaster: OnnxForecaster) -> None:
    forecaster.forecast(_cycle(1), _readings())
    for _ in range(3):
        forecaster.learn(_measured(1, 500.0))
    answer = forecaster.forecast(_cycle(2), _readings(power=0.0))
    assert isinstance(answer, Forecast)
    assert answer.scale[0] == pytest.approx(np.exp(0.9 * RATE))


def test_the_calibration_is_restored_from_records_too(tmp_path: Path) -> None:
    bundle = _bundle(tmp_path)
    lived, restored = OnnxForecaster(bundle), OnnxForecaster(bundle)
    rows = []
    for sequence in range(1, 9):
        at = NOW + timedelta(seconds=10 * sequence)
        cycle = replace(_cycle(sequence), triggered_at=at)
        lived.forecast(cycle, _readings())
        # Measured before the next part, and every third one only after the next but one.
        measured = [
            replace(m, at=at + timedelta(seconds=25 if sequence % 3 == 0 else 5)) for m in _measured(sequence, 9.0)
        ]
        rows.append((cycle, _readings(), tuple(measured)))
        due = [m for _, _, of in rows for m in of if at < m.at <= at + timedelta(seconds=10)]
        lived.learn(due)
    restored.restore(rows)
    last = replace(_cycle(9), triggered_at=NOW + timedelta(seconds=90))
    answers = [forecaster.forecast(last, _readings()) for forecaster in (lived, restored)]
    assert all(isinstance(answer, Forecast) for answer in answers)
    one, other = ([a.mean, a.scale] for a in answers if isinstance(a, Forecast))
    np.testing.assert_allclose(one, other, rtol=1e-6)


class Breaking:
    """A session whose graph can fail."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.broken = False

    def run(self, names: list[str] | None, feed: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        if self.broken:
            raise RuntimeError("broken")
        return self._session.run(names, feed)


def test_a_graph_that_fails_while_restoring_leaves_the_history_whole(tmp_path: Path) -> None:
    bundle = _bundle(tmp_path)
    breaking = Breaking(open_session(bundle.model))
    forecaster = OnnxForecaster(bundle, breaking)
    breaking.broken = True
    with pytest.raises(RuntimeError, match="broken"):
        forecaster.restore([(_cycle(1), _readings(), tuple(_measured(1, 5.0)))])
    breaking.broken = False
    assert _mean(forecaster.forecast(_cycle(2), _readings())) == 5.0


def test_the_forecast_carries_the_bundles_digest(tmp_path: Path) -> None:
    bundle = _bundle(tmp_path)
    answer = OnnxForecaster(bundle).forecast(_cycle(1), _readings())
    assert isinstance(answer, Forecast)
    assert answer.model == bundle.digest


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {**FIELDS, "rows": 4},
        {**FIELDS, "rows": "3"},
        {**FIELDS, "characteristics": ["x_mm"]},
        {**FIELDS, "readings": []},
        {**FIELDS, "readings": [1, 2]},
    ],
)
def test_fields_that_do_not_fit_the_graph_are_refused(tmp_path: Path, fields: dict[str, object]) -> None:
    with pytest.raises(BundleError, match="toy"):
        OnnxForecaster(_bundle(tmp_path, fields=fields))


def test_a_bundle_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="name a forecast bundle"):
        OnnxForecaster(_bundle(tmp_path, kind="surface"))
