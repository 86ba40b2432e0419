"""Teaches the marking network from labelled pictures, some with masks, some with a label alone, some only good.

Half of every batch is meant to show a defect: a real one, drawn alike often for each label and each tile group so
that no part with many pictures outweighs the others, or, where there are none, a made-up one. Of the other half,
some are given a moved or made-up one. Where a defect lies is learned from the masks; that there is one, from the
labels too.
"""

import copy
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.recipes.surface_crops import Chance, Crop, crop_size, cut, lit_anew
from models.recipes.surface_made_up import foreign, moved, spot
from models.recipes.surface_net import CELL, STRONGEST, MarkingNet
from models.recipes.surface_patches import MASKED, Read
from quality.recording import LabelledFrame

STEPS = 3000
_BATCH = 12
_RATE, _WARM_UP, _DECAY = 6e-3, 0.15, 0.02
_LONGEST_STEP = 2.0
"""Gradients are cut to this norm."""
_MEMORY = 0.99
"""Of the running mean of the weights, which is what ships."""
_ON_DEFECT = 0.9
_MOVED, _FOREIGN, _SPOT = 0.2, 0.15, 0.1
"""Shares of the good crops that are given a defect."""
_SHOWN, _CLEAN = 0.15, 0.02
"""Shares of masked pixels from which on a cell shows a defect, and below which it is good."""
_DEFECTIVE, _GOOD = 4.0, 0.25
"""Weights of cells: a defect's counts by the root of its size."""
_PICTURE = 0.5
_ABSENT = -20.0
_BEGINNING = Lock()
"""Torch draws first weights from one generator for all threads."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Labelled pictures in memory: uint8 [1, height, width], or [2, ...] with a mask that is 255 on the defect."""

    pictures: list[Tensor]
    frames: tuple[LabelledFrame, ...]

    def without(self, left_out: NDArray[np.bool_]) -> "Lesson":
        """Those that are not left out."""
        kept = np.flatnonzero(~left_out).tolist()
        return Lesson([self.pictures[i] for i in kept], tuple(self.frames[i] for i in kept))


def read_lesson(frames: Sequence[LabelledFrame], read: Read, read_mask: Read) -> Lesson:
    """Reads every picture and mask."""
    pictures = []
    for frame in frames:
        layers = [read(frame.path)]
        if not frame.conforming and frame.mask is not None:
            layers.append(np.where(read_mask(frame.mask) > MASKED, 255, 0).astype(np.uint8))
        pictures.append(torch.from_numpy(np.stack(layers)))
    return Lesson(pictures, tuple(frames))


def teach(lesson: Lesson, seed: int, on_step: Callable[[float], None], steps: int = STEPS) -> MarkingNet:
    """A network that has learned the lesson; `on_step` is told the share done. The same seed learns the same."""
    source = _Source(lesson, np.random.default_rng(seed))
    with _BEGINNING:
        torch.manual_seed(seed)
        net = MarkingNet().to(memory_format=torch.channels_last)
    kept: MarkingNet = copy.deepcopy(net)
    weights = [[p for p in net.parameters() if (p.ndim > 1) is many] for many in (True, False)]
    optimiser = torch.optim.AdamW(
        [{"params": weights[0], "weight_decay": _DECAY}, {"params": weights[1], "weight_decay": 0.0}], lr=_RATE
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps, pct_start=_WARM_UP)
    for step in range(steps):
        loss = _loss(net, *source.batch())
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), _LONGEST_STEP)
        optimiser.step()
        schedule.step()
        _remember(kept, net, min(_MEMORY, (step + 1) / (step + 10)))
        on_step((step + 1) / steps)
    kept.eval()
    return kept


class _Source:
    """Draws crops."""

    def __init__(self, lesson: Lesson, random: Chance) -> None:
        self._lesson, self._random = lesson, random
        self._size = crop_size(np.array([picture.shape[1:] for picture in lesson.pictures]))
        self._places = [
            torch.nonzero(picture[1:].sum(0, dtype=torch.uint8)).numpy() for picture in lesson.pictures
        ]
        self._good: dict[str, list[int]] = defaultdict(list)
        self._bad: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for number, frame in enumerate(lesson.frames):
            if frame.conforming:
                self._good[frame.tile_group].append(number)
            else:
                self._bad[frame.label][frame.tile_group].append(number)

    def batch(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Pictures [n, 1, height, width], defects and what is inside of them, and the weight of each one's label.

        A label alone says that the picture shows a defect somewhere: its crop's defect is NaN, and its weight the
        share of the picture that the crop shows.
        """
        drawn = [self._draw(meant=number % 2 == 0) for number in range(_BATCH)]
        return (
            torch.stack([lit_anew(crop.grey * crop.inside, self._random) for crop, _ in drawn])[:, None],
            torch.stack([crop.defect for crop, _ in drawn]),
            torch.stack([crop.inside for crop, _ in drawn]),
            torch.tensor([weight for _, weight in drawn]),
        )

    def _draw(self, *, meant: bool) -> tuple[Crop, float]:
        if meant and self._bad:
            number = self._defective()
            if not len(self._places[number]):
                crop = self._cut(number)
                whole = self._lesson.pictures[number][0].numel()
                shown = min(1.0, float(crop.inside.sum()) / whole)
                return Crop(crop.grey, torch.full_like(crop.defect, torch.nan), crop.inside), shown
            return self._cut(number, near=self._random.random() < _ON_DEFECT), 1.0
        return self._perhaps_spoilt(self._cut(self._conforming()), sure=meant), 1.0

    def _perhaps_spoilt(self, crop: Crop, *, sure: bool) -> Crop:
        chance = self._random.random() * (_MOVED + _FOREIGN + _SPOT if sure else 1.0)
        if chance < _MOVED and self._bad:
            number = self._defective()
            return moved(crop, self._cut(number, near=True)) if len(self._places[number]) else crop
        if chance < _MOVED + _FOREIGN:
            return foreign(crop, self._cut(self._conforming()), self._random)
        return spot(crop, self._random) if chance < _MOVED + _FOREIGN + _SPOT else crop

    def _cut(self, number: int, *, near: bool = False) -> Crop:
        places = self._places[number]
        centre = places[self._random.integers(len(places))].astype(float) if near else None
        return cut(self._lesson.pictures[number], self._size, self._random, centre)

    def _conforming(self) -> int:
        return self._any_of(self._good)

    def _defective(self) -> int:
        return self._any_of(self._bad[str(self._random.choice(list(self._bad)))])

    def _any_of(self, groups: dict[str, list[int]]) -> int:
        share = np.sqrt([len(members) for members in groups.values()])
        group = self._random.choice(len(share), p=share / share.sum())
        return int(self._random.choice(list(groups.values())[group]))


def _loss(net: MarkingNet, pictures: Tensor, defect: Tensor, inside: Tensor, weight: Tensor) -> Tensor:
    """Of the cells (cross entropy and overlap), and of the pictures by their strongest cells and as a whole."""
    odds, overall = net(pictures.contiguous(memory_format=torch.channels_last))
    cover = functional.avg_pool2d(defect[:, None], CELL)[:, 0]
    within = functional.avg_pool2d(inside[:, None], CELL)[:, 0] > 0.5  # noqa: PLR2004 - most of the cell
    label_alone = cover.isnan().any(2).any(1)
    cover = cover.nan_to_num(0.0)
    shown = (cover > _SHOWN).float()
    counts = (within & ((cover > _SHOWN) | (cover < _CLEAN)) & ~label_alone[:, None, None]).float()
    size = (shown * counts).sum((1, 2))
    each = counts * (shown * _DEFECTIVE / size.clamp(min=1).sqrt()[:, None, None] + (1 - shown) * _GOOD)
    entropy = functional.binary_cross_entropy_with_logits(odds, shown, weight=each, reduction="sum")
    cells = entropy / (len(odds) * odds[0].numel() / 16)
    likely = odds.sigmoid() * counts
    apart = 1 - (2 * (likely * shown).sum((1, 2)) + 1) / (likely.sum((1, 2)) + size + 1)
    overlap = (apart * (size > 0)).sum() / (size > 0).sum().clamp(min=1)
    label = ((size > 0) | label_alone).float()
    strongest = odds.masked_fill(~within, _ABSENT).flatten(1).topk(STRONGEST).values.mean(1)
    whole = sum(
        functional.binary_cross_entropy_with_logits(said, label, weight=weight) for said in (overall, strongest)
    )
    return cells + overlap + _PICTURE * whole


def _remember(kept: MarkingNet, net: MarkingNet, memory: float) -> None:
    with torch.no_grad():
        for old, new in zip(kept.state_dict().values(), net.state_dict().values(), strict=True):
            if old.is_floating_point():
                old.lerp_(new, 1 - memory)
            else:
                old.copy_(new)
