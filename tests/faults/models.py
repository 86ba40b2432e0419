"""Models whose graph answers what the test says, behind inference's own checks of it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle
from inference.forecast import OnnxForecaster
from inference.graph import Tensor
from inference.surface import OnnxInspector

ROWS, CHARACTERISTIC, PATCH = 4, "hole_x_mm", 2


class Graph:
    """A session with the answer it was told, or the error."""

    def __init__(self, *answer: object) -> None:
        self.answer = answer
        self.error: BaseException | None = None

    def run(self, output_names: list[str] | None, input_feed: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        assert output_names
        assert input_feed
        if self.error is not None:
            raise self.error
        return [np.asarray(values, np.float32) for values in self.answer]


def forecasting(graph: Graph) -> OnnxForecaster:
    """`graph` answers mean [1] and scale [1]."""
    inputs, outputs = (("history", (ROWS, 1)),), (("mean", (1,)), ("scale", (1,)))
    fields = {"characteristics": [CHARACTERISTIC], "readings": [], "rows": ROWS}
    return OnnxForecaster(_bundle("forecast", "float32", inputs, outputs, fields), graph)


def looking(graph: Graph) -> OnnxInspector:
    """`graph` answers score [] and map [2, 2] for a picture of 4 × 4."""
    inputs, outputs = (("picture", (4, 4)),), (("score", ()), ("map", (None, None)))
    fields = {"channels": 1, "patch": PATCH}
    return OnnxInspector(_bundle("surface", "uint8", inputs, outputs, fields), "face", graph)


def _bundle(
    kind: str,
    takes: str,
    inputs: tuple[tuple[str, tuple[int | None, ...]], ...],
    outputs: tuple[tuple[str, tuple[int | None, ...]], ...],
    fields: Mapping[str, Any],
) -> Bundle:
    return Bundle(
        digest="d" * 64,
        kind=kind,
        name=kind,
        version="1",
        created_at=datetime(2026, 1, 5, tzinfo=UTC),
        model=b"",
        model_sha256="m" * 64,
        inputs=tuple(Tensor(name, takes, shape) for name, shape in inputs),
        outputs=tuple(Tensor(name, "float32", shape) for name, shape in outputs),
        opset=20,
        learned_from=frozenset(),
        recipe={},
        figures={},
        calibration={"box_threshold": 0.5},
        fields=fields,
        licence="Apache-2.0",
        card="",
    )
