"""Learns a surface bundle from the labelled pictures of a recording.

Every kind of model is tried on tile groups that were held out of its learning, the cheapest first; the one that
tells nonconforming pictures apart best is learned again from everything, and its score is calibrated on what it
said of the groups it had not seen. The graph that describes a patch in learning is the graph that ships.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from inference.bundle import Bundle, write_bundle
from inference.session import open_session
from models.recipes.surface_card import write_card
from models.recipes.surface_features import CELLS_PER_PATCH
from models.recipes.surface_heads import Deviation, Forest, Head, Network
from models.recipes.surface_model import STRONGEST, Calibration, Inspection
from models.recipes.surface_patches import Patches, Read, look
from quality.recording import LabelledFrame

_FOLDS = 4
_LARGE = 500_000
"""Pixels from which on a picture is cut into larger cells."""
_GOOD_ENOUGH = 0.995
"""Area under the ROC curve on held-out groups from which on nothing dearer is tried."""
_REVIEW, _HOLD = 0.3, 0.7
"""Scores at which a control plan usually asks a person and holds; boxes are drawn from the first on."""
_FIRMNESS = 100.0
"""Inverse regularisation of the calibration: puts the threshold midway where nothing overlaps."""

Scores = NDArray[np.float64]
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Variant:
    """A kind of model: its head, and whether a patch is set against its place on good pictures or its picture."""

    head: str
    placed: bool


def learn_surface(
    frames: Sequence[LabelledFrame],
    read: Read,
    read_mask: Read,
    *,
    out: Path,
    name: str,
    on_progress: Progress,
    seed: int = 0,
    replace: bool = False,
) -> Bundle:
    """Learns from those frames and writes the bundle to `out`.

    `read` and `read_mask` give a path as a grey uint8 [height, width] picture. `on_progress` is told what is
    being done and the share done, 0..1. Raises ValueError when there are no conforming frames or fewer than two
    tile groups, and BundleError when `out` cannot be written.
    """
    conforming = np.array([frame.conforming for frame in frames])
    if not conforming.any():
        raise ValueError("the recording has no conforming frame; a surface model learns what good parts look like")
    folds = _folds(frames)
    with threadpool_limits(1):
        cell = 4 if read(frames[0].path).size >= _LARGE else 2
        patches = look(
            frames,
            folds,
            cell,
            read,
            read_mask,
            seed,
            lambda n: on_progress("describing pictures", 0.3 * n / len(frames)),
        )
        tried: dict[Variant, tuple[float, Scores]] = {}
        for variant in _variants(patches):
            on_progress(f"trying {variant.head}, placed {variant.placed}", 0.3 + 0.15 * len(tried))
            pooled = _held_out(variant, patches, cell, frames, folds, read, seed)
            tried[variant] = (_merit(pooled, conforming), pooled)
            if tried[variant][0] >= _GOOD_ENOUGH:
                break
        chosen = max(tried, key=lambda variant: tried[variant][0])
        calibration = _calibrate(tried[chosen][1], conforming)
        on_progress("learning from everything", 0.9)
        inspection = _fit(chosen, patches, cell, None, seed)
    figures = _figures(tried[chosen][1], conforming, calibration)
    recipe: dict[str, Any] = {
        "name": "surface",
        "settings": {
            **asdict(chosen),
            "cell": cell,
            "patch": cell * CELLS_PER_PATCH,
            "strongest": STRONGEST,
            "folds": _FOLDS,
            "seed": seed,
        },
        "tried": [{**asdict(variant), "auroc": round(merit, 4)} for variant, (merit, _) in tried.items()],
    }
    bundle = write_bundle(
        out,
        kind="surface",
        name=name,
        model=inspection.scoring(patches.size, calibration),
        fields={"channels": 1, "patch": cell * CELLS_PER_PATCH},
        calibration={**asdict(calibration), "box_threshold": _REVIEW},
        learned_from={f"tile:{frame.tile_group}" for frame in frames},
        recipe=recipe,
        figures=figures,
        card=write_card(name, frames, recipe, figures, patches.size),
        replace=replace,
    )
    on_progress("done", 1.0)
    return bundle


def _folds(frames: Sequence[LabelledFrame]) -> NDArray[np.intp]:
    """The fold of each frame; groups stay whole, and each goes to the fold that has fewest frames of its kind."""
    groups: dict[str, list[LabelledFrame]] = {}
    for frame in frames:
        groups.setdefault(frame.tile_group, []).append(frame)
    if len(groups) < _FOLDS:
        raise ValueError(
            f"the recording has {len(groups)} tile groups; at least {_FOLDS} are needed to learn and to check"
        )
    load = np.zeros((_FOLDS, 2))
    fold_of: dict[str, int] = {}
    for group, members in sorted(groups.items(), key=lambda item: -len(item[1])):
        good = sum(frame.conforming for frame in members)
        counts = np.array([good, len(members) - good])
        fold = int(np.argmin((load + counts)[:, counts > 0].sum(axis=1)))
        load[fold] += counts
        fold_of[group] = fold
    return np.array([fold_of[frame.tile_group] for frame in frames], dtype=np.intp)


def _variants(patches: Patches) -> list[Variant]:
    heads = ["network", "forest"] if patches.defective.any() else ["deviation"]
    places = [True, False] if patches.size else [False]
    return [Variant(head, placed) for head in heads for placed in places]


def _fit(variant: Variant, patches: Patches, cell: int, without: int | None, seed: int) -> Inspection:
    kept = patches.fold != (-1 if without is None else without)
    usual = patches.usual(without) if variant.placed else None
    if usual is None:
        apart = patches.against[kept]
    else:
        mean, spread = (
            maps[0].reshape(maps.shape[1], -1).T[patches.place[kept]] for maps in (usual.mean, usual.spread)
        )
        apart = (patches.described[kept] - mean) / spread
    rows = np.concatenate([patches.described[kept], apart], axis=1)
    defective, weight = patches.defective[kept], patches.weight[kept]
    return Inspection(cell, usual, _head(variant.head, rows, defective, weight, seed))


def _head(
    kind: str, rows: NDArray[np.float32], defective: NDArray[np.bool_], weight: NDArray[np.float32], seed: int
) -> Head:
    if kind == "deviation":
        return Deviation(rows[~defective])
    balance = 0.5 * weight[~defective].sum() / max(float(weight[defective].sum()), 1.0)
    balanced = np.where(defective, balance * weight, weight).astype(np.float32)
    return (Network if kind == "network" else Forest)(rows, defective, balanced, seed)


def _held_out(
    variant: Variant,
    patches: Patches,
    cell: int,
    frames: Sequence[LabelledFrame],
    folds: NDArray[np.intp],
    read: Read,
    seed: int,
) -> Scores:
    """Each frame's pooled log-odds, by the shipping graph, learned without the frame's fold."""
    pooled = np.empty(len(frames))
    for fold in range(_FOLDS):
        session = open_session(_fit(variant, patches, cell, fold, seed).scoring(patches.size, None))
        for number in np.flatnonzero(folds == fold).tolist():
            pooled[number] = session.run(["pooled"], {"picture": read(frames[number].path)})[0]
    return pooled


def _merit(pooled: Scores, conforming: NDArray[np.bool_]) -> float:
    """Area under the ROC curve; 0.5 where there is nothing to tell apart."""
    return 0.5 if conforming.all() else float(roc_auc_score(~conforming, pooled))


def _calibrate(pooled: Scores, conforming: NDArray[np.bool_]) -> Calibration:
    """Logistic regression on held-out groups; from good pictures alone, 0.5 where hardly any of them comes."""
    centre, scale = float(np.median(pooled)), float(pooled.std()) + 1e-6
    if conforming.all():
        rare = float(np.quantile(pooled, 0.995)) + scale
        return Calibration(4.0 / scale, -4.0 / scale * rare)
    logistic = LogisticRegression(C=_FIRMNESS).fit((pooled[:, None] - centre) / scale, ~conforming)
    slope = float(logistic.coef_[0, 0]) / scale
    return Calibration(slope, float(logistic.intercept_[0]) - slope * centre)


def _figures(pooled: Scores, conforming: NDArray[np.bool_], calibration: Calibration) -> dict[str, Any]:
    """What the chosen kind of model did on held-out groups."""
    score = 1 / (1 + np.exp(-(calibration.slope * pooled + calibration.offset)))
    figures: dict[str, Any] = {"frames": len(pooled), "nonconforming": int((~conforming).sum())}
    figures["false_alarms_at_0.3"] = round(float((score[conforming] >= _REVIEW).mean()), 4)
    if not conforming.all():
        limit = np.quantile(pooled[conforming], 0.95)
        figures["auroc"] = round(_merit(pooled, conforming), 4)
        figures["recall_at_fpr_05"] = round(float((pooled[~conforming] > limit).mean()), 4)
        figures["flagged_at_0.3"] = round(float((score[~conforming] >= _REVIEW).mean()), 4)
        figures["flagged_at_0.7"] = round(float((score[~conforming] >= _HOLD).mean()), 4)
    return figures
