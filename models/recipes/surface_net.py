"""The network that marks defects: a stem on raw pixels, four scales down, and up again to cells of 4 × 4 pixels.

It is small enough for 15 ms a megapixel on one core: convolutions are depthwise and pointwise, and none runs at
full resolution but the stem, whose linear filters see every pixel. What they answer is taken relative to the
brightness around, so that exposure cancels out; and each place is set against the whole picture, since some
defects are nothing but another texture than the rest's. Every part writes itself as ONNX beside its `forward`.
"""

from itertools import pairwise

import torch
from onnx import TensorProto
from torch import Tensor, nn
from torch.nn import functional

from models.recipes.surface_graph import GraphWriter

CELL = 4
"""Pixels along a side of one cell of the map."""
COARSEST = 32
"""Pixels along a side of one cell of the coarsest scale; pictures are padded with black to a multiple of it."""
STRONGEST = 4
"""Cells whose mean log-odds is a picture's local evidence: a small defect has hardly more."""
_STEM, _STEM_SIDE = 16, 6
_BEYOND = (_STEM_SIDE - CELL) // 2
"""Pixels by which a filter of the stem sees beyond its cell."""
_WIDTHS = (48, 96, 128)
"""Channels at the three scales below that of the map."""
_BLOCKS = 2
_DARK = 4.0
"""Grey levels added to the brightness around a cell, so that black surroundings do not magnify noise."""
_AROUND = 9
"""Cells along a side of the window over which brightness is averaged."""
_RARE = -3.0
"""Log-odds of a defect that an untrained network gives."""


class Unit(nn.Module):
    """A convolution and its batch normalisation, written as one; a rectifier follows unless told not."""

    def __init__(
        self, taken: int, given: int, side: int, *, stride: int = 1, groups: int = 1, rectified: bool = True
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(taken, given, side, stride, side // 2, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(given)
        self.rectified = rectified

    def forward(self, maps: Tensor) -> Tensor:
        """Takes [n, taken, rows, columns], gives [n, given, rows / stride, columns / stride]."""
        out: Tensor = self.norm(self.conv(maps))
        return functional.relu(out) if self.rectified else out

    def write(self, g: GraphWriter, maps: str) -> str:
        """The same as ONNX nodes."""
        scale, shift = _folded(self.norm)
        kernel = self.conv.weight.detach() * scale[:, None, None, None]
        side, stride = kernel.shape[-1], self.conv.stride[0]
        out = g.op(
            "Conv",
            maps,
            g.constant(kernel.numpy()),
            g.constant(shift.numpy()),
            strides=[stride, stride],
            pads=[side // 2] * 4,
            group=self.conv.groups,
        )
        return g.op("Relu", out) if self.rectified else out


class Block(nn.Module):
    """Each channel by itself, then the channels of each place; added to what came in where sizes allow."""

    def __init__(self, taken: int, given: int, *, stride: int = 1) -> None:
        super().__init__()
        # A stride of 2 under a side of 5 blurs before it thins out.
        self.apart = Unit(taken, taken, 3 if stride == 1 else 5, stride=stride, groups=taken)
        self.joined = Unit(taken, given, 1, rectified=False)
        self.added = stride == 1 and taken == given

    def forward(self, maps: Tensor) -> Tensor:
        """As a Unit's."""
        out: Tensor = self.joined(self.apart(maps))
        return functional.relu(maps + out if self.added else out)

    def write(self, g: GraphWriter, maps: str) -> str:
        """The same as ONNX nodes."""
        out = self.joined.write(g, self.apart.write(g, maps))
        return g.op("Relu", g.op("Add", maps, out) if self.added else out)


class Against(nn.Module):
    """Adds to every place what the picture's mean asks for: a learned map of it, at first half of its negative."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.turned = nn.Linear(width, width)
        with torch.no_grad():
            self.turned.weight.copy_(-0.5 * torch.eye(width))

    def forward(self, maps: Tensor) -> Tensor:
        """Keeps the shape [n, width, rows, columns]."""
        asked: Tensor = self.turned(maps.mean((2, 3)))
        return maps + asked[:, :, None, None]

    def write(self, g: GraphWriter, maps: str) -> str:
        """The same as ONNX nodes."""
        mean = g.op("ReduceMean", maps, g.whole(2, 3))
        return g.op("Add", maps, _linear(g, mean, self.turned.weight[:, :, None, None], _bias(self.turned)))


class MarkingNet(nn.Module):
    """Grey pictures in, log-odds out: that each cell shows a defect, and that the picture as a whole does."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, _STEM - 1, _STEM_SIDE, CELL, _BEYOND, bias=False)
        self.norm = nn.BatchNorm2d(_STEM)
        self.first = Unit(_STEM, _STEM, 1)
        self.fine = Block(_STEM, _STEM)
        taken = (_STEM, *_WIDTHS[:-1])
        self.down = nn.ModuleList(
            nn.Sequential(Block(few, many, stride=2), Against(many), *(Block(many, many) for _ in range(_BLOCKS)))
            for few, many in zip(taken, _WIDTHS, strict=True)
        )
        self.across = nn.ModuleList(Unit(width, _STEM, 1, rectified=False) for width in _WIDTHS)
        self.up = nn.ModuleList(Block(_STEM, _STEM) for _ in _WIDTHS[:-1])
        self.last = Unit(_STEM, _STEM, 3, groups=_STEM)
        self.mark = nn.Conv2d(_STEM, 1, 1)
        self.overall = nn.Linear(2 * _WIDTHS[-1], 1)
        with torch.no_grad():
            _bias(self.mark).fill_(_RARE)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Takes float32 [n, 1, height, width] in grey levels, sides multiples of COARSEST.

        Gives log-odds of the cells [n, height / CELL, width / CELL] and of the pictures [n].
        """
        bright = functional.avg_pool2d(pictures, CELL)
        around = functional.avg_pool2d(bright, _AROUND, 1, _AROUND // 2)
        whole = bright.mean((2, 3), keepdim=True)
        seen = self.stem(pictures) / (around + _DARK)
        level = torch.log(bright + _DARK) - torch.log(whole + _DARK)
        fine = self.fine(self.first(self.norm(torch.cat([seen, level], 1))))
        maps, scales = fine, []
        for step in self.down:
            maps = step(maps)
            scales.append(maps)
        up = self.across[-1](scales[-1])
        for across, block, scale in zip(self.across[-2::-1], self.up, scales[-2::-1], strict=True):
            up = block(functional.relu(_doubled(up) + across(scale)))
        up = self.last(functional.relu(_doubled(up) + fine))
        pooled = torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1)
        return self.mark(up)[:, 0], self.overall(pooled)[:, 0]

    def write(self, g: GraphWriter, picture: str) -> tuple[str, str]:
        """The same as ONNX nodes on one uint8 picture [height, width] of any size.

        Gives log-odds of the cells [rows, columns], as many as cover the picture, and of the picture, a scalar.
        """
        sides = g.op("Shape", picture)
        padding = g.op("Mod", g.op("Neg", sides), g.whole(COARSEST))
        padded = g.op("Pad", picture, g.op("Concat", g.whole(0, 0), padding, axis=0))
        pixels = g.op("Cast", g.op("Unsqueeze", padded, g.whole(0, 1)), to=TensorProto.FLOAT)
        stem, bright = self._stem(g, pixels)
        dark = g.number(_DARK)
        unit = g.op("Reciprocal", g.op("Add", _written_around(g, bright), dark))
        whole = g.op("ReduceMean", bright, g.whole(2, 3))
        logs = [g.op("Log", g.op("Add", level, dark)) for level in (bright, whole)]
        shown = g.op("Concat", g.op("Mul", stem, unit), g.op("Sub", *logs), axis=1)
        fine = self.fine.write(g, self._first(g, shown))
        maps, scales = fine, []
        for step in self.down:
            for block in step:
                maps = block.write(g, maps)
            scales.append(maps)
        up = self.across[-1].write(g, scales[-1])
        for across, block, scale in zip(self.across[-2::-1], self.up, scales[-2::-1], strict=True):
            joined = g.op("Add", _written_double(g, up), across.write(g, scale))
            up = block.write(g, g.op("Relu", joined))
        up = self.last.write(g, g.op("Relu", g.op("Add", _written_double(g, up), fine)))
        odds = g.op("Squeeze", _linear(g, up, self.mark.weight, _bias(self.mark)), g.whole(0, 1))
        cells = g.op("Div", g.op("Add", sides, g.whole(CELL - 1)), g.whole(CELL))
        covering = g.op("Slice", odds, g.whole(0, 0), cells)
        means, highest = (g.op(kind, maps, g.whole(2, 3)) for kind in ("ReduceMean", "ReduceMax"))
        pooled = g.op("Concat", means, highest, axis=1)
        overall = _linear(g, pooled, self.overall.weight[:, :, None, None], _bias(self.overall))
        return covering, g.op("Squeeze", overall)

    def _stem(self, g: GraphWriter, pixels: str) -> tuple[str, str]:
        """The stem's answers, and the brightness of each cell, by one convolution."""
        mean = torch.zeros(1, 1, _STEM_SIDE, _STEM_SIDE)
        mean[..., _BEYOND:-_BEYOND, _BEYOND:-_BEYOND] = 1 / CELL**2
        kernel = torch.cat([self.stem.weight.detach(), mean])
        both = g.op("Conv", pixels, g.constant(kernel.numpy()), strides=[CELL, CELL], pads=[_BEYOND] * 4)
        borders = g.whole(0), g.whole(_STEM - 1), g.whole(_STEM)
        stem, bright = (g.op("Slice", both, *ends, g.whole(1)) for ends in pairwise(borders))
        return stem, bright

    def _first(self, g: GraphWriter, maps: str) -> str:
        """The normalisation of the stem's answers, folded into the unit after it."""
        scale, shift = _folded(self.norm)
        after, more = _folded(self.first.norm)
        kernel = self.first.conv.weight.detach()[:, :, 0, 0] * after[:, None]
        return g.op("Relu", _linear(g, maps, (kernel * scale)[:, :, None, None], kernel @ shift + more))


def _folded(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Scale and shift of a batch normalisation that learns no more."""
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        raise ValueError("the normalisation keeps no running mean")
    scale = (norm.weight / torch.sqrt(variance + norm.eps)).detach()
    return scale, norm.bias.detach() - mean * scale


def _bias(layer: nn.Conv2d | nn.Linear) -> Tensor:
    if layer.bias is None:
        raise ValueError("the layer has no bias")
    return layer.bias


def _doubled(maps: Tensor) -> Tensor:
    return functional.interpolate(maps, scale_factor=2.0, mode="nearest")


def _written_around(g: GraphWriter, bright: str) -> str:
    """The mean over a window, by rows and then by columns; ONNX Runtime averages this way ten times faster."""
    for side, pads in (((1, _AROUND), (0, _AROUND // 2)), ((_AROUND, 1), (_AROUND // 2, 0))):
        kernel = g.constant(torch.full((1, 1, *side), 1 / _AROUND).numpy())
        bright = g.op("Conv", bright, kernel, pads=[*pads, *pads])
    return bright


def _written_double(g: GraphWriter, maps: str) -> str:
    scales = g.constant(torch.tensor([1.0, 1.0, 2.0, 2.0]).numpy())
    return g.op(
        "Resize",
        maps,
        "",
        scales,
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def _linear(g: GraphWriter, maps: str, weight: Tensor, bias: Tensor) -> str:
    """A pointwise convolution; also of what a picture has in one place only."""
    return g.op("Conv", maps, g.constant(weight.detach().numpy()), g.constant(bias.detach().numpy()))
