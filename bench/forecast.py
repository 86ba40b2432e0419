"""What a forecast and its explanation cost, beside the bare ONNX Runtime call on the same graph and history.

    python -m bench.forecast BUNDLE RECORDING [--parts 200] [--json]

Microseconds: p50 and p95 over the recording's last parts, every earlier one measured; in turns, in one process.
"""

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from edge.recording import read_parts
from inference.bundle import load_bundle
from inference.forecast import OnnxForecaster
from quality.characteristic import LineId, PartSerial, StationId
from quality.evidence import Measurement, Reading
from quality.inspection import Cycle
from quality.recording import PartHistory

EXPLAINED_EVERY = 10
"""Explaining takes some tens of runs of the graph; a share of the parts is enough."""


def measure(folder: Path, recording: Path, parts: int) -> dict[str, dict[str, float]]:
    """Microseconds of the bare call, the forecast, learning a part's measurements, and an explanation."""
    bundle, history = load_bundle(folder), read_parts(recording)
    forecaster = OnnxForecaster(bundle)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    bare = onnxruntime.InferenceSession(bundle.model, options, providers=["CPUExecutionProvider"])
    seconds: dict[str, list[float]] = {name: [] for name in ("bare", "forecast", "learn", "explain")}
    start = max(0, len(history) - parts)
    forecaster.restore([_row(history, part) for part in range(start)])
    rows = int(bundle.fields["rows"])
    for part in range(start, len(history)):
        cycle, readings, measurements = _row(history, part)
        feed = _feed(history, part, rows, forecaster)

        _timed(seconds["bare"], partial(bare.run, ["mean", "scale"], feed))
        _timed(seconds["forecast"], partial(forecaster.forecast, cycle, readings))
        if part % EXPLAINED_EVERY == 0:
            name = forecaster.characteristics[0]
            _timed(seconds["explain"], partial(forecaster.explain, cycle, readings, name))
        _timed(seconds["learn"], partial(forecaster.learn, measurements))
    return {
        name: {f"p{p}": round(1e6 * float(np.percentile(taken, p)), 1) for p in (50, 95)}
        for name, taken in seconds.items()
    }


def _timed(into: list[float], call: Callable[[], object]) -> None:
    begin = time.perf_counter()
    call()
    into.append(time.perf_counter() - begin)


def _row(history: PartHistory, part: int) -> tuple[Cycle, tuple[Reading, ...], tuple[Measurement, ...]]:
    at = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=part)
    serial = PartSerial(history.serials[part])
    cycle = Cycle(LineId("recorded"), StationId("recorded"), 1, part, serial, at)
    readings = zip(history.reading_names, history.readings[part], strict=True)
    measured = zip(history.characteristics, history.measured[part], strict=True)
    return (
        cycle,
        tuple(Reading(name, float(value), "", at) for name, value in readings if np.isfinite(value)),
        tuple(Measurement(c.name, float(v), serial, part, at) for c, v in measured if np.isfinite(v)),
    )


def _feed(history: PartHistory, part: int, rows: int, forecaster: OnnxForecaster) -> dict[str, Any]:
    names = [c.name for c in history.characteristics]
    columns = [names.index(name) for name in forecaster.characteristics]
    feed = {"history": history.measured[part - rows : part, columns].astype(np.float32)}
    if forecaster.readings:
        read = history.readings[:, [history.reading_names.index(name) for name in forecaster.readings]]
        feed |= {
            "history_readings": read[part - rows : part].astype(np.float32),
            "readings": read[part].astype(np.float32),
        }
    return feed


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--parts", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = measure(asked.bundle, asked.recording, asked.parts)
    if asked.json:
        print(json.dumps(found))
        return
    for name, figures in found.items():
        print(f"{name:10} p50 {figures['p50']:9.1f} us   p95 {figures['p95']:9.1f} us")


if __name__ == "__main__":
    main()
