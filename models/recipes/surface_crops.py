"""Crops to learn from: a piece of a picture, turned, stretched and lit anew, with its mask.

Every crop of a batch has one size; beyond the edge of a picture it is black, and nothing is learned there.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

Chance = np.random.Generator

LARGEST, SMALLEST = 256, 96
"""Pixels along a side of a crop; pictures decide between the two."""
_STEP = 32
_ZOOM, _STRETCH = (0.75, 1.3), 0.12
"""Pixels of the picture for a pixel of the crop, and by how much the two axes may differ (natural logarithm)."""
_TURN = np.deg2rad(3)
_OFF_CENTRE = 0.35
"""How far from a crop's centre a defect may lie that it was taken for, in sides of the crop."""
_MARGIN = 16
_GAIN, _GAMMA, _SHADE, _NOISE = 0.3, 0.15, 0.25, 4.0
"""Spread of the light (natural logarithm), of its curve, of its unevenness; grey levels of noise at most."""


@dataclass(frozen=True, slots=True)
class Crop:
    """`grey` in grey levels, `defect` and `inside` in 0..1, each float32 [height, width]."""

    grey: Tensor
    defect: Tensor
    inside: Tensor


def crop_size(sizes: NDArray[np.intp]) -> tuple[int, int]:
    """Height and width of the crops for pictures of those [n, 2]: as a small picture's, in steps of 32."""
    small = np.quantile(sizes, 0.25, axis=0)
    height, width = np.clip(np.ceil(small / _STEP) * _STEP, SMALLEST, LARGEST).astype(int).tolist()
    return height, width


def cut(picture: Tensor, size: tuple[int, int], random: Chance, centre: NDArray[np.float64] | None = None) -> Crop:
    """A crop of `picture` (see Lesson), about `centre` where given."""
    shape, half = np.array(picture.shape[1:], dtype=float), np.array(size) / 2
    zoom = np.exp(random.uniform(*np.log(_ZOOM)) + np.array([-1, 1]) * random.uniform(-_STRETCH, _STRETCH))
    reach = half * zoom
    if centre is None:
        middle = random.uniform(0, shape)
    else:
        middle = centre + random.uniform(-_OFF_CENTRE, _OFF_CENTRE, 2) * 2 * reach
    # No more of the crop beyond the picture's edge than a margin, where the picture is large enough.
    least = np.minimum(reach - _MARGIN, shape / 2)
    loose = shape / 2 + random.uniform(-1, 1, 2) * (reach - _MARGIN - least)
    middle = np.where(least < shape / 2, np.clip(middle, least, shape - least), loose)
    begin = np.maximum(0, np.floor(middle - np.hypot(*reach))).astype(int)
    end = np.ceil(middle + np.hypot(*reach)).astype(int)
    near = picture[:, begin[0] : end[0], begin[1] : end[1]].float()
    inside, seen = _resampled(near, middle - begin, reach, size, random)
    return Crop(seen[0], seen[1] / 255 if len(seen) > 1 else torch.zeros(size), inside)


def _resampled(
    picture: Tensor, middle: NDArray[np.float64], reach: NDArray[np.float64], size: tuple[int, int], random: Chance
) -> tuple[Tensor, Tensor]:
    """What lies in the picture, 0 or 1, and the picture itself, turned a little and perhaps flipped."""
    shape = np.array(picture.shape[1:])
    angle, flip = random.normal() * _TURN, random.choice([-1, 1], 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    # grid_sample counts x before y, from -1 to 1 over the picture.
    matrix = np.column_stack([turn * (flip * reach)[::-1], middle[::-1]]) * (2 / shape[::-1, None])
    matrix[:, 2] -= 1
    grid = functional.affine_grid(torch.from_numpy(matrix[None]).float(), [1, 1, *size], align_corners=False)
    inside = (grid.abs() <= 1).all(-1)[0].float()
    return inside, functional.grid_sample(picture[None], grid, align_corners=False)[0]


def lit_anew(grey: Tensor, random: Chance) -> Tensor:
    """Another exposure, curve, shading and noise; still whole grey levels."""
    light = (grey.clamp(min=0) / 255) ** float(np.exp(random.normal() * _GAMMA)) * float(
        255 * np.exp(random.normal() * _GAIN)
    )
    if random.random() < 0.5:  # noqa: PLR2004 - half of them
        shade = waves(int(random.integers(2, 4)), grey.shape, random)
        light = light * torch.exp(shade * random.uniform(0, _SHADE))
    if random.random() < 0.5:  # noqa: PLR2004 - half of them
        noise = torch.from_numpy(random.standard_normal(grey.shape, dtype=np.float32))
        light = light + noise * random.uniform(0, _NOISE)
    return light.clamp(0, 255).round()


def waves(count: int, shape: torch.Size, random: Chance) -> Tensor:
    """A smooth random surface of that shape, `count` knots along a side, of about unit spread."""
    knots = torch.from_numpy(random.standard_normal((1, 1, count, count), dtype=np.float32))
    return functional.interpolate(knots, (shape[0], shape[1]), mode="bicubic", align_corners=True)[0, 0]
