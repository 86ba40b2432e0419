"""The pictures of a surface scorecard: what is found at what price, how honest the score is, the worst misses."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from edge.verbs.scoring import ScoredFrames

if TYPE_CHECKING:
    from matplotlib.axes import Axes

mpl.use("agg")
BINS = 10
ROWS, COLUMNS = 4, 6
BLAMED = 0.05
"""Share of false alarms at which the recall of every label is read off."""
OUTLINED = 0.5


def plot_frames(scored: ScoredFrames, folder: Path) -> list[Path]:
    """Draws the ROC curve by label, the reliability diagram and the worst misses; gives the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {"roc": _roc(scored), "reliability": _reliability(scored), "worst_misses": _worst(scored)}
    files = []
    for name, figure in pictures.items():
        files.append(folder / f"surface_{name}.png")
        figure.savefig(files[-1], dpi=120)
    return files


def _roc(scored: ScoredFrames) -> Figure:
    figure = Figure(figsize=(6, 5.6), layout="constrained")
    axis = figure.subplots()
    good = np.sort(scored.scores[~scored.nonconforming])
    labels = np.array([frame.label for frame in scored.frames])
    _curve(axis, good, scored.scores[scored.nonconforming], "every defect", color="black", linewidth=2)
    for label in sorted(set(labels[scored.nonconforming].tolist())):
        mine = scored.nonconforming & (labels == label)
        _curve(axis, good, scored.scores[mine], f"{label} ({mine.sum()})", linewidth=1)
    axis.axvline(BLAMED, color="0.7", linestyle="--", linewidth=1)
    axis.set_xlabel("share of the conforming that are flagged")
    axis.set_ylabel("share of the nonconforming that are flagged")
    axis.legend(loc="lower right", fontsize="small")
    return figure


def _curve(axis: "Axes", good: NDArray[np.float64], bad: NDArray[np.float64], label: str, **style: Any) -> None:
    limits = np.concatenate([[np.inf], np.unique(np.concatenate([good, bad]))[::-1]])
    flagged, found = (
        [float(np.mean(side >= limit)) if len(side) else 0.0 for limit in limits] for side in (good, bad)
    )
    axis.step(flagged, found, where="post", label=label, **style)


def _reliability(scored: ScoredFrames) -> Figure:
    """How often a face with a score did not conform, and how many faces had it."""
    figure = Figure(figsize=(6, 5.6), layout="constrained")
    axis = figure.subplots()
    place = np.minimum((scored.scores * BINS).astype(int), BINS - 1)
    filled = [b for b in range(BINS) if (place == b).any()]
    said = [float(scored.scores[place == b].mean()) for b in filled]
    came = [float(scored.nonconforming[place == b].mean()) for b in filled]
    axis.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1)
    axis.plot(said, came, "o-")
    for x, y, b in zip(said, came, filled, strict=True):
        axis.annotate(str((place == b).sum()), (x, y), textcoords="offset points", xytext=(6, -10), fontsize=8)
    axis.set_xlabel("score")
    axis.set_ylabel("share that did not conform, with the number of faces")
    axis.set_aspect("equal")
    return figure


def _worst(scored: ScoredFrames) -> Figure:
    """The faces whose score was furthest from the truth: the mask in red, what the map marks in yellow."""
    off = np.abs(scored.scores - scored.nonconforming)
    figure = Figure(figsize=(14, 10), layout="constrained")
    axes = figure.subplots(ROWS, COLUMNS).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, index in zip(axes, np.argsort(-off), strict=False):
        frame = scored.frames[int(index)]
        picture, seen, mask = scored.shown(int(index))
        axis.imshow(picture if picture.ndim == 2 else picture[..., ::-1], cmap="gray")  # noqa: PLR2004 - grey
        for drawn, colour in ((mask, "tab:red"), (seen >= OUTLINED, "gold")):
            if drawn.any() and not drawn.all():
                axis.contour(drawn, [0.5], colors=colour, linewidths=0.8)
        axis.set_title(f"{frame.path}\n{frame.label}: {scored.scores[index]:.3f}", fontsize=7)
    figure.suptitle("Worst misses: mask red, map from 0.5 on yellow")
    return figure
