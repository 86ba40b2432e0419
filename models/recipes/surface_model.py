"""The whole surface graph: raw picture in, log-odds map, pooled log-odds, calibrated score and map out."""

from dataclasses import dataclass

from onnx import TensorProto, helper

from models.recipes.surface_features import describe_patches, set_against_picture
from models.recipes.surface_graph import GraphWriter
from models.recipes.surface_heads import Head
from models.recipes.surface_patches import Usual

STRONGEST = 3
"""Patches whose mean log-odds is a picture's: one alone is easily fooled, many drown a small defect."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Makes a probability of nonconformance of pooled log-odds: sigmoid(slope × pooled + offset)."""

    slope: float
    offset: float


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """What a graph is made of. `usual` is None when a patch is set against its picture instead of its place."""

    cell: int
    usual: Usual | None
    head: Head

    def scoring(self, size: tuple[int, int] | None, calibration: Calibration | None) -> bytes:
        """The graph: `pooled` and `odds` without a calibration, `score` and `map` (as it ships) with one."""
        g = GraphWriter()
        described = describe_patches(g, "picture", self.cell)
        odds = self.head.write(g, g.op("Concat", described, self._set_apart(g, described), axis=1))
        seen = g.op("Squeeze", odds, g.whole(0, 1))
        flat = g.op("Reshape", odds, g.whole(-1))
        few = g.op("Min", g.op("Size", flat), g.whole(STRONGEST))
        pooled = g.op("ReduceMean", g.op("TopK", flat, few), keepdims=0)
        rows, columns = (side and -(-side // (self.cell * 4)) for side in size or (None, None))
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

    def _set_apart(self, g: GraphWriter, described: str) -> str:
        if self.usual is None:
            return set_against_picture(g, described)
        centred = g.op("Sub", described, g.constant(self.usual.mean))
        return g.op("Mul", centred, g.constant(1 / self.usual.spread))


def _calibrated(g: GraphWriter, odds: str, calibration: Calibration) -> str:
    scaled = g.op("Mul", odds, g.number(calibration.slope))
    return g.op("Sigmoid", g.op("Add", scaled, g.number(calibration.offset)))
