"""What each patch of a picture looks like, as ONNX nodes.

The picture is cut into square cells, 4 × 4 cells make a patch. Filters for slopes and for dark and bright
lines run on the cells' means at three scales (cell, two cells, patch). Their answers are gathered per patch and
taken relative to the brightness around it, so that exposure cancels out. The same nodes compute what is learned
from and what ships.
"""

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from models.recipes.surface_graph import GraphWriter

CELLS_PER_PATCH = 4
_DARK = 4.0
"""Grey levels added to the brightness around a patch, so that black surroundings do not magnify noise."""
_FAINT = 0.01
"""Share of the brightness below which a filter's answer counts as nothing."""


def describe_patches(g: GraphWriter, picture: str, cell: int) -> str:
    """Adds what describes each patch of a uint8 [height, width] picture: float32 [1, channels, rows, columns]."""
    planes = g.op("Unsqueeze", _padded(g, picture, cell * CELLS_PER_PATCH), g.whole(0, 1))
    pixels = g.op("Cast", planes, to=TensorProto.FLOAT)
    basis = _cell_basis(cell)
    first = g.op("Conv", pixels, g.constant(basis), strides=[cell, cell]) if cell > 1 else pixels
    cells = g.op("Slice", first, g.whole(0), g.whole(1), g.whole(1))
    halves = _mean(g, cells, 1, 2)
    patch = _mean(g, halves, 1, 2)
    around = _around(g, patch, 9)
    unit = g.op("Reciprocal", g.op("Add", around, g.number(_DARK)))

    found = [*_filtered(g, cells, 4), *_filtered(g, halves, 2), *_filtered(g, patch, 1)]
    if cell > 1:
        detail = g.op("Abs", g.op("Slice", first, g.whole(1), g.whole(len(basis)), g.whole(1)))
        found += _gathered(g, detail, len(basis) - 1, 4)
    energy = g.op("Log", g.op("Add", g.op("Mul", g.op("Concat", *found, axis=1), unit), g.number(_FAINT)))
    overall = g.op("ReduceMean", patch, g.whole(2, 3), keepdims=1)
    levels = [g.op("Mul", g.op("Sub", patch, _around(g, patch, side)), unit) for side in (3, 9, 21)]
    levels.append(g.op("Div", g.op("Sub", around, overall), g.op("Add", overall, g.number(_DARK))))
    return g.op("Concat", energy, *levels, axis=1)


def set_against_picture(g: GraphWriter, described: str) -> str:
    """Adds how each channel differs from its mean over the picture, and over the 5 × 5 patches around."""
    usual = g.op("ReduceMean", described, g.whole(2, 3), keepdims=1)
    return g.op("Concat", g.op("Sub", described, usual), g.op("Sub", described, _around(g, described, 5)), axis=1)


def _cell_basis(cell: int) -> NDArray[np.float32]:
    """The mean of a cell and how it varies inside (the lowest cosines), float32 [k, 1, cell, cell]."""
    places = (np.arange(cell) + 0.5) * np.pi / cell
    waves = [np.ones(cell), *(np.sqrt(2) * np.cos(order * places) for order in (1, 2))]
    pairs = [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (2, 0)]
    known = [pair for pair in pairs if max(pair) < cell]
    return np.stack([np.outer(waves[down], waves[across])[None] / cell**2 for down, across in known]).astype(
        np.float32
    )


def _line_kernels() -> NDArray[np.float32]:
    """Slopes (x, y), dark and bright lines (across x, y, both diagonals), each summing to zero: [10, 1, 3, 3]."""
    smooth, slope, bend = np.array([1, 2, 1]) / 4, np.array([-1, 0, 1]) / 2, np.array([1, -2, 1]) / 2
    falling = np.array([[1, 0, 0], [0, -2, 0], [0, 0, 1]]) / 2
    lines = [np.outer(smooth, bend), np.outer(bend, smooth), falling, falling[::-1]]
    slopes = [np.outer(smooth, slope), np.outer(slope, smooth)]
    return np.stack([*slopes, *lines, *(-line for line in lines)])[:, None].astype(np.float32)


def _padded(g: GraphWriter, picture: str, side: int) -> str:
    """Repeats the last row and column until both sides are whole patches."""
    short = g.op("Mod", g.op("Neg", g.op("Shape", picture)), g.whole(side, side))
    pads = g.op("Concat", g.whole(0, 0), short, axis=0)
    return g.op("Pad", picture, pads, mode="edge")


def _mean(g: GraphWriter, maps: str, channels: int, side: int) -> str:
    """The mean of each square of side × side. As a convolution it runs several times faster than AveragePool."""
    kernel = np.full((channels, 1, side, side), 1 / side**2, dtype=np.float32)
    return g.op("Conv", maps, g.constant(kernel), strides=[side, side], group=channels)


def _around(g: GraphWriter, maps: str, side: int) -> str:
    """The mean over a square of `side` patches; at the border, of those that are there."""
    half = side // 2
    rows = g.op("AveragePool", maps, kernel_shape=[side, 1], pads=[half, 0, half, 0])
    return g.op("AveragePool", rows, kernel_shape=[1, side], pads=[0, half, 0, half])


def _filtered(g: GraphWriter, maps: str, side: int) -> list[str]:
    padded = g.op("Pad", maps, g.whole(0, 0, 1, 1, 0, 0, 1, 1), mode="edge")
    kernels = _line_kernels()
    slopes = g.op("Abs", g.op("Conv", padded, g.constant(kernels[:2])))
    lines = g.op("Relu", g.op("Conv", padded, g.constant(kernels[2:])))
    return [*_gathered(g, slopes, 2, side), *_gathered(g, lines, 8, side)]


def _gathered(g: GraphWriter, maps: str, channels: int, side: int) -> list[str]:
    """The strongest and the mean answer in each patch of side × side."""
    if side == 1:
        return [maps]
    return [g.op("MaxPool", maps, kernel_shape=[side, side], strides=[side, side]), _mean(g, maps, channels, side)]
