"""Learns a surface bundle from the labelled pictures of a recording.

Every kind of model is tried on tile groups that were held out of its learning, the cheapest first: fixed filters
with a small head, and where those do not suffice, a network (which takes PyTorch). The kind that tells
nonconforming pictures apart best is learned again from everything, and its score is calibrated on what it said of
the groups it had not seen. The graph that scored them is the graph that ships.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from inference.bundle import Bundle, write_bundle
from models.recipes.surface_card import MARKING, write_card
from models.recipes.surface_features import CELLS_PER_PATCH
from models.recipes.surface_heads import Deviation, Head, Network
from models.recipes.surface_held_out import THRESHOLDS, HeldOut, hold_out
from models.recipes.surface_model import STRONGEST, Inspection, Scoring
from models.recipes.surface_parity import check_verdicts
from models.recipes.surface_patches import Patches, Read, look
from quality.recording import LabelledFrame

_FOLDS = 5
_LARGE = 500_000
"""Pixels from which on a picture is cut into larger cells."""
_GOOD_ENOUGH = 0.995
"""Area under the ROC curve on held-out groups from which on nothing dearer is tried."""
_TORCH = "torch==2.13.0"

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Variant:
    """A kind of model: what tells defects, and whether a patch is set against its place on good pictures."""

    kind: str
    placed: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Tried:
    """A kind of model, what it said of held-out groups, and how to learn it from everything."""

    variant: Variant
    held_out: HeldOut
    settings: dict[str, int]
    """What its card says: pixels of a `patch` and of the `smallest` thing seen, how many `strongest` count."""
    whole: Callable[[], Scoring]


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
    being done and the share done, 0..1. Raises ValueError when there are no conforming frames, fewer tile groups
    than folds, or a network is needed and PyTorch is not there, ParityError when the exported graph says something
    else than what was learned, and BundleError when `out` cannot be written.
    """
    conforming = np.array([frame.conforming for frame in frames])
    if not conforming.any():
        raise ValueError("the recording has no conforming frame; a surface model learns what good parts look like")
    folds = _folds(frames)
    with threadpool_limits(1):
        tried = _try_filters(frames, folds, read, read_mask, seed, on_progress)
        size = tried[0].held_out.size
        best = max(tried, key=lambda kind: kind.held_out.merit)
        if best.held_out.merit < _GOOD_ENOUGH and not conforming.all():
            tried.append(_try_network(frames, folds, read, read_mask, seed, best.held_out, on_progress))
            best = max(tried, key=lambda kind: kind.held_out.merit)
        calibration = best.held_out.calibrated()
        on_progress("learning from everything", 0.9)
        learned = best.whole()
        model = learned.scoring(size, calibration)
        on_progress("comparing verdicts", 0.95)
        parity = check_verdicts(model, learned, calibration, frames, read)
    figures = best.held_out.figures(calibration) | parity
    recipe: dict[str, Any] = {
        "name": "surface",
        "settings": {
            **asdict(best.variant),
            **best.settings,
            "folds": _FOLDS,
            "seed": seed,
        },
        "tried": [{**asdict(kind.variant), "auroc": round(kind.held_out.merit, 4)} for kind in tried],
    }
    bundle = write_bundle(
        out,
        kind="surface",
        name=name,
        model=model,
        fields={"channels": 1, "patch": best.settings["patch"]},
        calibration={**asdict(calibration), "box_threshold": THRESHOLDS.review},
        learned_from={f"tile:{frame.tile_group}" for frame in frames},
        recipe=recipe,
        figures=figures,
        card=write_card(name, frames, recipe, figures, size),
        replace=replace,
    )
    on_progress("done", 1.0)
    return bundle


def _try_filters(
    frames: Sequence[LabelledFrame],
    folds: NDArray[np.intp],
    read: Read,
    read_mask: Read,
    seed: int,
    on_progress: Progress,
) -> list[_Tried]:
    """The kinds that set the answers of fixed filters apart, until one is good enough."""
    cell = 4 if read(frames[0].path).size >= _LARGE else 2
    side = cell * CELLS_PER_PATCH
    patches = look(
        frames,
        folds,
        cell,
        read,
        read_mask,
        seed,
        lambda n: on_progress("describing pictures", 0.1 * n / len(frames)),
    )
    tried: list[_Tried] = []
    for variant in _variants(patches):
        on_progress(f"trying {variant.kind}, placed {variant.placed}", 0.1 + 0.05 * len(tried))

        learned = partial(_fit, variant, patches, cell, seed)
        said = hold_out(frames, folds, learned, patches.size, side, read, read_mask)
        settings = {"patch": side, "smallest": cell, "strongest": STRONGEST}
        tried.append(_Tried(variant, said, settings, partial(learned, None)))
        if said.merit >= _GOOD_ENOUGH:
            break
    return tried


def _try_network(
    frames: Sequence[LabelledFrame],
    folds: NDArray[np.intp],
    read: Read,
    read_mask: Read,
    seed: int,
    so_far: HeldOut,
    on_progress: Progress,
) -> _Tried:
    """The network, learned for every fold and from everything, on all cores."""
    try:
        from models.recipes.surface_marking import SETTINGS, learn_markings  # noqa: PLC0415 - only where torch is
        from models.recipes.surface_training import read_lesson  # noqa: PLC0415 - likewise
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise ValueError(
            f"fixed filters tell held-out pictures apart with an AUROC of {so_far.merit:.2f} only, and a network"
            f" needs PyTorch: pip install {_TORCH} (CPU builds: --index-url https://download.pytorch.org/whl/cpu)"
        ) from error
    lesson = read_lesson(frames, read, read_mask)
    *apart, whole = learn_markings(
        lesson,
        folds,
        [*range(_FOLDS), None],
        seed,
        lambda share: on_progress("teaching the network", 0.2 + 0.65 * share),
    )
    said = hold_out(frames, folds, apart.__getitem__, so_far.size, SETTINGS["patch"], read, read_mask)
    return _Tried(Variant(MARKING, placed=False), said, SETTINGS, lambda: whole)


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
    head = "network" if patches.defective.any() else "deviation"
    return [Variant(head, placed) for placed in ([True, False] if patches.size else [False])]


def _fit(variant: Variant, patches: Patches, cell: int, seed: int, without: int | None) -> Inspection:
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
    return Inspection(cell, usual, _head(variant.kind, rows, defective, weight, seed))


def _head(
    kind: str, rows: NDArray[np.float32], defective: NDArray[np.bool_], weight: NDArray[np.float32], seed: int
) -> Head:
    if kind == "deviation":
        return Deviation(rows[~defective])
    balance = 0.5 * weight[~defective].sum() / max(float(weight[defective].sum()), 1.0)
    balanced = np.where(defective, balance * weight, weight).astype(np.float32)
    return Network(rows, defective, balanced, seed)
