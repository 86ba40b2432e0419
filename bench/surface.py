"""What a surface model costs, beside the bare ONNX Runtime call on the same graph and pictures.

    python -m bench.surface BUNDLE [RECORDING] [--megapixels 1.0] [--times 100] [--json]

Milliseconds a picture, and a megapixel: p50 and p95, in turns, in one process, on one thread as on the line. The
pictures are those of RECORDING; without one, noise of the size that the bundle takes, or of that many megapixels.
"""

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from edge.recording import read_frames, read_picture
from inference.bundle import Bundle, load_bundle
from inference.surface import OnnxInspector
from quality.evidence import Frame

WARM_UP = 10


def measure(bundle: Bundle, pictures: list[NDArray[np.uint8]], times: int) -> dict[str, dict[str, float]]:
    """Milliseconds of the bare call and of an inspection with its checks and boxes."""
    inspector = OnnxInspector(bundle, "face")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    bare = onnxruntime.InferenceSession(bundle.model, options, providers=["CPUExecutionProvider"])
    seconds: dict[str, list[float]] = {"bare": [], "inspection": []}
    sizes = []
    for index in range(WARM_UP + times):
        picture = pictures[index % len(pictures)]
        frame = Frame("face", datetime.now(UTC), "0" * 64, b"", picture)
        taken = (
            _timed(partial(bare.run, ["score", "map"], {"picture": picture})),
            _timed(partial(inspector.inspect, frame)),
        )
        if index >= WARM_UP:
            sizes.append(picture.shape[0] * picture.shape[1] / 1e6)
            for name, each in zip(seconds, taken, strict=True):
                seconds[name].append(each)
    return {
        name: {
            **{f"p{p}_ms": round(1e3 * float(np.percentile(taken, p)), 2) for p in (50, 95)},
            "p50_ms_a_megapixel": round(1e3 * float(np.percentile(np.array(taken) / sizes, 50)), 2),
        }
        for name, taken in seconds.items()
    }


def _timed(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def _pictures(bundle: Bundle, recording: Path | None, megapixels: float) -> list[NDArray[np.uint8]]:
    if recording is not None:
        return [read_picture(recording / frame.path, 1) for frame in read_frames(recording)[:50]]
    height, width = bundle.inputs[0].shape[:2]
    side = int((megapixels * 1e6) ** 0.5)
    random = np.random.default_rng(0)
    return [random.integers(80, 120, (height or side, width or side), dtype=np.uint8)]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("recording", type=Path, nargs="?")
    parser.add_argument("--megapixels", type=float, default=1.0)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    bundle = load_bundle(asked.bundle)
    found = measure(bundle, _pictures(bundle, asked.recording, asked.megapixels), asked.times)
    if asked.json:
        print(json.dumps(found))
        return
    for name, figures in found.items():
        print(f"{name:10} " + "   ".join(f"{figure} {value:8.2f}" for figure, value in figures.items()))


if __name__ == "__main__":
    main()
