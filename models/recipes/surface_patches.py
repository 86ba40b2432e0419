"""What the pictures of a recording show, as patches to learn from: every defect, and a sample of what is good."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from inference.session import Session, open_session
from models.recipes.surface_features import CELLS_PER_PATCH, describe_patches, set_against_picture
from models.recipes.surface_graph import GraphWriter
from quality.recording import LabelledFrame

Picture = NDArray[np.uint8]
Rows = NDArray[np.float32]
Read = Callable[[str], Picture]

_PER_PICTURE = 60
_LEAST_SPREAD = 0.4
"""Keeps a place that hardly varied on few good pictures from crying wolf at the first change."""
MASKED = 127
_COVERED = 0.1
"""A patch shows a defect from this share of masked pixels on; with less it is neither good nor bad."""


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """Mean and spread of each channel at each place on good pictures, float32 [1, channels, rows, columns]."""

    mean: Rows
    spread: Rows


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """Sampled patches, one a row.

    `described` [n, channels], `against` [n, 2 × channels] (set against its picture), the `fold` each is from, its
    `place` in the flattened map, whether it is `defective`, and its `weight` in learning. `sums` [folds, 2,
    channels, rows, columns] are those of the good pictures' channels and their squares, None when sizes differ.
    """

    described: Rows
    against: Rows
    fold: NDArray[np.intp]
    place: NDArray[np.intp]
    defective: NDArray[np.bool_]
    weight: Rows
    sums: NDArray[np.float64] | None
    good: NDArray[np.intp]
    """Good pictures in each fold."""
    size: tuple[int, int] | None
    """Height and width in pixels, when all pictures have the same."""

    def usual(self, without: int | None) -> Usual:
        """What is usual at each place, leaving out the pictures of one fold. Needs pictures of one size."""
        if self.sums is None:
            raise ValueError("pictures of different sizes have no places in common")
        kept = np.arange(len(self.good)) != (-1 if without is None else without)
        count = max(int(self.good[kept].sum()), 1)
        mean, square = self.sums[kept].sum(axis=0) / count
        spread = np.sqrt(np.maximum(square - mean**2, 0) + _LEAST_SPREAD**2)
        return Usual(mean[None].astype(np.float32), spread[None].astype(np.float32))


def look(
    frames: Sequence[LabelledFrame],
    folds: NDArray[np.intp],
    cell: int,
    read: Read,
    read_mask: Read,
    seed: int,
    on_picture: Callable[[int], None],
) -> Patches:
    """Describes every picture and samples its patches. `folds` [frames] says which fold each belongs to.

    Of a nonconforming frame without a mask nothing is taken: where its defect is, is not known.
    """
    session, random, side = describing(cell), np.random.default_rng(seed), cell * CELLS_PER_PATCH
    taken: list[tuple[Rows, Rows, NDArray[np.intp], NDArray[np.bool_], Rows, int]] = []
    sizes: set[tuple[int, int]] = set()
    sums: NDArray[np.float64] | None = None
    good = np.zeros(int(folds.max()) + 1, dtype=np.intp)
    for number, frame in enumerate(frames):
        on_picture(number)
        picture = read(frame.path)
        sizes.add((picture.shape[0], picture.shape[1]))
        if not frame.conforming and frame.mask is None:
            continue
        described, against = (maps[0] for maps in session.run(None, {"picture": picture}))
        if frame.conforming:
            good[folds[number]] += 1
            if len(sizes) == 1:
                sums = np.zeros((len(good), 2, *described.shape)) if sums is None else sums
                sums[folds[number]] += (described, described.astype(np.float64) ** 2)
        cover = (
            np.zeros(described.shape[1:])
            if frame.conforming or frame.mask is None
            else _cover(read_mask(frame.mask), side)
        )
        place, defective, weight = _sample(cover.ravel(), random)
        flat = [maps.reshape(len(maps), -1).T[place] for maps in (described, against)]
        taken.append((flat[0], flat[1], place, defective, weight, int(folds[number])))
    return Patches(
        described=np.concatenate([patch[0] for patch in taken]),
        against=np.concatenate([patch[1] for patch in taken]),
        fold=np.concatenate([np.full(len(patch[2]), patch[5]) for patch in taken]),
        place=np.concatenate([patch[2] for patch in taken]),
        defective=np.concatenate([patch[3] for patch in taken]),
        weight=np.concatenate([patch[4] for patch in taken]),
        sums=sums if len(sizes) == 1 else None,
        good=good,
        size=sizes.pop() if len(sizes) == 1 else None,
    )


def describing(cell: int) -> Session:
    """What describes every patch of a picture: `described`, and `against`, which is set against its picture."""
    g = GraphWriter()
    described = describe_patches(g, "picture", cell)
    g.op("Identity", described, out="described")
    g.op("Identity", set_against_picture(g, described), out="against")
    picture = helper.make_tensor_value_info("picture", TensorProto.UINT8, ["height", "width"])
    maps = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, None, None, None])
        for name in ("described", "against")
    ]
    return open_session(g.finish("describe", [picture], maps))


def _cover(mask: Picture, side: int) -> NDArray[np.float64]:
    """The share of masked pixels in each patch."""
    height, width = mask.shape
    whole = np.pad(mask > MASKED, ((0, -height % side), (0, -width % side)))
    rows, columns = whole.shape[0] // side, whole.shape[1] // side
    return np.asarray(whole.reshape(rows, side, columns, side).mean(axis=(1, 3)))


def _sample(
    cover: NDArray[np.float64], random: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.bool_], Rows]:
    """Places, whether they are defective, and weights: a large defect counts more, by the root of its size."""
    bad = np.flatnonzero(cover >= min(_COVERED, cover.max() or 1.0))
    clean = np.flatnonzero(cover == 0)
    some_bad = random.permutation(bad)[:_PER_PICTURE]
    some_clean = random.permutation(clean)[:_PER_PICTURE]
    place = np.concatenate([some_bad, some_clean])
    defective = np.arange(len(place)) < len(some_bad)
    share = np.sqrt(len(bad)) / max(len(some_bad), 1)
    return place, defective, np.where(defective, share, 1.0).astype(np.float32)
