"""The whole surface graph: raw picture in, log-odds map, pooled log-odds, calibrated score and map out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from models.recipes.surface_features import CELLS_PER_PATCH, describe_patches, set_against_picture
from models.recipes.surface_graph import GraphWriter
from models.recipes.surface_heads import Head
from models.recipes.surface_patches import Picture, Usual, describing

STRONGEST = 3
"""Patches whose mean log-odds is a picture's: one alone is easily fooled, many drown a small defect."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Makes a probability of nonconformance of pooled log-odds: sigmoid(slope × pooled + offset)."""

    slope: float
    offset: float

    def score(self, pooled: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probabilities."""
        return np.asarray(1 / (1 + np.exp(-(self.slope * pooled + self.offset))))


class Scoring(Protocol):
    """Something learned that writes itself as a surface graph."""

    def scoring(self, size: tuple[int, int] | None, calibration: Calibration | None) -> bytes:
        """The graph: `pooled` and `odds` without a calibration, `score` and `map` (as it ships) with one.

        `size` is the pictures' height and width where they all have the same.
        """
        ...

    def pooling(self) -> Callable[[Picture], float]:
        """What gives a picture's pooled log-odds as learning computes them, for comparison."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """What a graph is made of. `usual` is None when a patch is set against its picture instead of its place."""

    cell: int
    usual: Usual | None
    head: Head

    def scoring(self, size: tuple[int, int] | None, calibration: Calibration | None) -> bytes:
        """See Scoring."""
        g = GraphWriter()
        described = describe_patches(g, "picture", self.cell)
        odds = self.head.write(g, g.op("Concat", described, self._set_apart(g, described), axis=1))
        seen = g.op("Squeeze", odds, g.whole(0, 1))
        flat = g.op("Reshape", odds, g.whole(-1))
        few = g.op("Min", g.op("Size", flat), g.whole(STRONGEST))
        pooled = g.op("ReduceMean", g.op("TopK", flat, few), keepdims=0)
        return finished(g, pooled, seen, self.cell * CELLS_PER_PATCH, size, calibration)

    def pooling(self) -> Callable[[Picture], float]:
        """See Scoring: the graph's description of the patches, and the head in double precision."""
        session = describing(self.cell)

        def pooled(picture: Picture) -> float:
            described, apart = session.run(["described", "against"], {"picture": picture})
            if self.usual is not None:
                apart = (described - self.usual.mean) / self.usual.spread
            maps = np.concatenate([described, apart], axis=1)[0]
            odds = self.head.odds(maps.reshape(len(maps), -1).T.astype(np.float64))
            return float(np.sort(odds)[-STRONGEST:].mean())

        return pooled

    def _set_apart(self, g: GraphWriter, described: str) -> str:
        if self.usual is None:
            return set_against_picture(g, described)
        centred = g.op("Sub", described, g.constant(self.usual.mean))
        return g.op("Mul", centred, g.constant(1 / self.usual.spread))


def finished(
    g: GraphWriter,
    pooled: str,
    seen: str,
    patch: int,
    size: tuple[int, int] | None,
    calibration: Calibration | None,
) -> bytes:
    """The graph around the log-odds of a picture, a scalar, and of its patches, [rows, columns]."""
    rows, columns = (side and -(-side // patch) for side in size or (None, None))
    height, width = size or ("height", "width")
    names = ("pooled", "odds") if calibration is None else ("score", "map")
    for name, raw in zip(names, (pooled, seen), strict=True):
        g.op("Identity", raw if calibration is None else _calibrated(g, raw, calibration), out=name)
    return g.finish(
        "surface",
        [helper.make_tensor_value_info("picture", TensorProto.UINT8, [height, width])],
        [
            helper.make_tensor_value_info(names[0], TensorProto.FLOAT, []),
            helper.make_tensor_value_info(names[1], TensorProto.FLOAT, [rows, columns]),
        ],
    )


def _calibrated(g: GraphWriter, odds: str, calibration: Calibration) -> str:
    scaled = g.op("Mul", odds, g.number(calibration.slope))
    return g.op("Sigmoid", g.op("Add", scaled, g.number(calibration.offset)))
