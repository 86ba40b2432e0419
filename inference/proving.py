"""Runs a bundle once before it is put in force: on inputs that need neither a line nor a recording."""

from datetime import UTC, datetime

import numpy as np
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

from inference.bundle import Bundle, BundleError
from inference.forecast import OnnxForecaster
from inference.surface import OnnxInspector
from quality.characteristic import LineId, PartSerial, StationId
from quality.evidence import Forecast, Frame, Measurement, NoEvidence, Reading
from quality.inspection import Cycle

_RUNTIME_ERRORS = (
    runtime.EPFail,
    runtime.Fail,
    runtime.InvalidArgument,
    runtime.InvalidGraph,
    runtime.InvalidProtobuf,
    runtime.NotImplemented,
    runtime.RuntimeException,
)
_ANY_SIDE = 256
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def prove(bundle: Bundle) -> None:
    """Raises BundleError unless the bundle answers what one of its kind has to."""
    try:
        answer = _forecast(bundle) if bundle.kind == "forecast" else _inspect(bundle)
    except _RUNTIME_ERRORS as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise BundleError(f"{bundle.name}: ONNX Runtime cannot run it ({first[:200]}); export it again") from error
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(
            f"{bundle.name}: its fields or calibration are not a {bundle.kind} bundle's ({error}); make it again"
            " with `jidoka train`"
        ) from error
    if isinstance(answer, NoEvidence):
        raise BundleError(f"{bundle.name}: on its own check inputs {answer.problem}; train it again")


def _forecast(bundle: Bundle) -> NoEvidence | Forecast:
    """Two parts: the first without any history, the second after the first was measured as it was forecast."""
    forecaster = OnnxForecaster(bundle)
    readings = [Reading(name, 0.0, "", _BEGAN) for name in forecaster.readings]
    first, second = (
        Cycle(LineId("check"), StationId("check"), 1, number, PartSerial(f"check-{number}"), _BEGAN)
        for number in (1, 2)
    )
    answer = forecaster.forecast(first, readings)
    if isinstance(answer, NoEvidence):
        return answer
    forecaster.learn(
        [
            Measurement(name, float(mean), first.serial, first.sequence, _BEGAN)
            for name, mean in zip(answer.characteristics, answer.mean, strict=True)
        ]
    )
    return forecaster.forecast(second, readings)


def _inspect(bundle: Bundle) -> object:
    """An even grey picture."""
    inspector = OnnxInspector(bundle, "the surface model")
    height, width = (_ANY_SIDE if side is None else side for side in bundle.inputs[0].shape[:2])
    shape = (height, width) if inspector.channels == 1 else (height, width, inspector.channels)
    return inspector.inspect(Frame("check", _BEGAN, "", b"", np.full(shape, 128, np.uint8)))
