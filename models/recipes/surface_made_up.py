"""Defects that no picture shows: real ones moved to other faces, and made-up spots, lines and foreign texture.

A few defective pictures show each kind of defect on few faces. So that not the face is learned but the defect, it
is moved; and so that what nobody has labelled yet is noticed too, faces are spoilt in ways a face should not be.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.recipes.surface_crops import Chance, Crop, waves

_FEATHER = 9
"""Pixels around a moved defect over which it fades into its new face."""
_FAINT = 0.1


def moved(onto: Crop, taken: Crop) -> Crop:
    """`onto` with the defect of `taken`, as bright against its surroundings as it was."""
    near = functional.max_pool2d(taken.defect[None, None], _FEATHER, 1, _FEATHER // 2)
    share = functional.avg_pool2d(near, _FEATHER, 1, _FEATHER // 2)[0, 0] * taken.inside
    ring = (share > 0) & (taken.defect < _FAINT)
    gain = (onto.grey[ring].mean() + 2) / (taken.grey[ring].mean() + 2) if ring.any() else 1.0
    grey = onto.grey * (1 - share) + taken.grey * gain * share
    return Crop(grey, torch.maximum(onto.defect, taken.defect), onto.inside)


def foreign(onto: Crop, other: Crop, random: Chance) -> Crop:
    """`onto` with a region, often across it, of another face's texture or of its own made flat or harsh."""
    rows, columns = _axes(onto.grey.shape)
    wobble = waves(8, onto.grey.shape, random) * random.uniform(0, 0.05)
    match random.integers(3):
        case 0:
            depth = (rows + columns * np.tan(random.normal() * 0.15) - random.uniform(-0.9, 0.9)) * float(
                random.choice([-1, 1])
            )
            if random.random() < 0.4:  # noqa: PLR2004 - some are bands
                depth = torch.minimum(depth, random.uniform(0.2, 0.8) - depth)
        case 1:
            (top, left), (tall, wide) = random.uniform(-0.8, 0.8, 2), random.uniform(0.15, 0.9, 2)
            depth = (1 - torch.hypot((rows - top) / tall, (columns - left) / wide)) * min(tall, wide)
        case _:
            depth = waves(int(random.integers(3, 7)), onto.grey.shape, random) * 0.3 - 0.15
    share = torch.sigmoid((depth + wobble) * 4 / _between(0.01, 0.12, random))
    texture = _texture(onto, other, random)
    return _spoilt(onto, texture, share, share > 0.5)  # noqa: PLR2004 - the middle of the border


def spot(onto: Crop, random: Chance) -> Crop:
    """`onto` with a small spot or a line, mostly dark."""
    height, width = onto.grey.shape
    rows = torch.arange(height)[:, None] - random.uniform(0, height)
    columns = torch.arange(width)[None, :] - random.uniform(0, width)
    angle, line = random.uniform(0, np.pi), random.random() < 0.4  # noqa: PLR2004 - some are lines
    along, across = (
        columns * np.cos(angle) + rows * np.sin(angle),
        rows * np.cos(angle) - columns * np.sin(angle),
    )
    if line:
        across = across + waves(8, onto.grey.shape, random) * 6
    length = _between(15, 70, random) if line else _between(2.5, 14, random)
    breadth = random.uniform(1, 3) if line else length * random.uniform(0.4, 1)
    depth = 1 - torch.hypot(along / length, across / breadth) + waves(48, onto.grey.shape, random) * 0.15
    share = torch.sigmoid(depth * min(length, breadth) * 1.5) * random.uniform(0.4, 1)
    around = functional.avg_pool2d(onto.grey[None, None], 9, 1, 4)[0, 0]
    dark = random.random() < 0.85  # noqa: PLR2004 - most are
    return _spoilt(onto, around * (random.uniform(0, 0.5) if dark else random.uniform(1.4, 2)), share, depth > 0)


def _texture(onto: Crop, other: Crop, random: Chance) -> Tensor:
    """Another face's, as bright as this one's; or its own with what is fine in it stronger or weaker."""
    if random.random() < 0.33:  # noqa: PLR2004 - a third
        level = (onto.grey.sum() / onto.inside.sum()) / (other.grey.sum() / other.inside.sum() + 1)
        texture = other.grey * level * float(np.exp(random.choice([-1, 1]) * random.uniform(0, 0.35)))
        return torch.where(other.inside > 0, texture, onto.grey)
    coarse = functional.avg_pool2d(onto.grey[None, None], (1, 15), 1, (0, 7), count_include_pad=False)[0, 0]
    strength = random.choice([_between(1.6, 3.3, random), random.uniform(0, 0.4)])
    return coarse * float(np.exp(random.normal() * 0.12)) + (onto.grey - coarse) * strength


def _spoilt(onto: Crop, texture: Tensor, share: Tensor, defect: Tensor) -> Crop:
    marked = torch.maximum(onto.defect, defect.float() * onto.inside)
    return Crop(onto.grey * (1 - share) + texture * share, marked, onto.inside)


def _axes(shape: torch.Size) -> tuple[Tensor, Tensor]:
    """Rows from -1 to 1, and columns in the same unit."""
    height, width = shape
    side = width / height
    return torch.linspace(-1, 1, height)[:, None], torch.linspace(-side, side, width)[None, :]


def _between(low: float, high: float, random: Chance) -> float:
    """Any order of size between the two is as likely."""
    return float(np.exp(random.uniform(np.log(low), np.log(high))))
