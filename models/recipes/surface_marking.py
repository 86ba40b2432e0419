"""The marking network as the surface recipe uses it: learned once for each fold and once from everything."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.recipes.surface_graph import GraphWriter
from models.recipes.surface_model import Calibration, finished
from models.recipes.surface_net import CELL, COARSEST, STRONGEST, MarkingNet
from models.recipes.surface_patches import Picture
from models.recipes.surface_training import STEPS, Lesson, teach

SETTINGS = {
    "patch": CELL,
    "smallest": CELL,
    "strongest": STRONGEST,
    "weights": sum(weight.numel() for weight in MarkingNet().parameters()),
}
"""What its card says of it."""
_AGREED = 2.0
"""A picture's log-odds are its strongest cells' plus its own; a cell's are counted as if the picture agreed."""


@dataclass(frozen=True, slots=True, eq=False)
class Marking:
    """A network that has learned. Implements `surface_model.Scoring`."""

    net: MarkingNet

    def scoring(self, size: tuple[int, int] | None, calibration: Calibration | None) -> bytes:
        """See Scoring."""
        g = GraphWriter()
        odds, overall = self.net.write(g, "picture")
        flat = g.op("Reshape", odds, g.whole(-1))
        few = g.op("Min", g.op("Size", flat), g.whole(STRONGEST))
        strongest = g.op("ReduceMean", g.op("TopK", flat, few), keepdims=0)
        seen = g.op("Mul", odds, g.number(_AGREED))
        return finished(g, g.op("Add", strongest, overall), seen, CELL, size, calibration)

    def pooling(self) -> Callable[[Picture], float]:
        """See Scoring: by torch."""
        return self._pooled

    def _pooled(self, picture: Picture) -> float:
        height, width = picture.shape
        grey = torch.from_numpy(picture.astype(np.float32))[None, None]
        with torch.no_grad():
            odds, overall = self.net(functional.pad(grey, (0, -width % COARSEST, 0, -height % COARSEST)))
        covering: Tensor = odds[0, : -(-height // CELL), : -(-width // CELL)].flatten()
        return float(covering.topk(min(STRONGEST, len(covering))).values.mean() + overall[0])


def learn_markings(
    lesson: Lesson,
    folds: NDArray[np.intp],
    left_out: Sequence[int | None],
    seed: int,
    on_share: Callable[[float], None],
    steps: int = STEPS,
) -> list[Marking]:
    """One network for each fold of `left_out`, learned without it (from everything for None), as many at a time as
    there are cores. `on_share` is told the share done of them all, one call at a time.
    """
    done, telling = np.zeros(len(left_out)), Lock()

    def learn(index: int) -> Marking:
        def on_step(share: float) -> None:
            with telling:
                done[index] = share
                on_share(float(done.mean()))

        fold = left_out[index]
        kept = lesson if fold is None else lesson.without(folds == fold)
        return Marking(teach(kept, seed, on_step, steps))

    # Each thread of Python has its own number of torch's threads.
    with ThreadPoolExecutor(os.cpu_count(), initializer=torch.set_num_threads, initargs=(1,)) as pool:
        return list(pool.map(learn, range(len(left_out))))
