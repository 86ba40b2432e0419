"""The pictures of a scorecard: what was forecast against what came, how honest it was, and where it was worst."""

from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from quality.conformal import NORMAL_QUANTILE
from quality.scorecard import Array, outside

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from edge.verbs.scoring import ScoredParts

mpl.use("agg")
SHOWN = (0.01, 0.99)
"""Quantiles of what was measured between which the bands are drawn; a gauge's gross error would flatten them."""
BINS = 10
WORST, AROUND = 9, 12
"""Parts on the sheet of worst misses, and how many of their neighbours are shown on each side."""
METHODS = {"model": "tab:blue", "ewma": "tab:orange", "same_as_previous": "tab:green"}


def plot_forecasts(scored: "ScoredParts", folder: Path) -> list[Path]:
    """Draws the bands, the reliability diagram and the worst misses; gives the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {"bands": _bands(scored), "reliability": _reliability(scored), "worst_misses": _worst(scored)}
    files = []
    for name, figure in pictures.items():
        files.append(folder / f"forecast_{name}.png")
        figure.savefig(files[-1], dpi=120)
    return files


def _bands(scored: "ScoredParts") -> Figure:
    characteristics = scored.history.characteristics
    figure = Figure(figsize=(12, 2.6 * len(characteristics)), layout="constrained")
    axes = figure.subplots(len(characteristics), 1, sharex=True, squeeze=False)[:, 0]
    at = np.arange(scored.start, len(scored.history))
    for c, (axis, characteristic) in enumerate(zip(axes, characteristics, strict=True)):
        truth = scored.measured(c)
        _band(axis, at, *scored.forecast(c, "model"))
        bad = outside(truth, characteristic.limits)
        axis.plot(at[~bad], truth[~bad], ".", color="black", markersize=3, label="measured")
        axis.plot(at[bad], truth[bad], "x", color="tab:red", markersize=5, label="measured, nonconforming")
        limits = [
            limit for limit in (characteristic.limits.lower, characteristic.limits.upper) if np.isfinite(limit)
        ]
        for limit in limits:
            axis.axhline(limit, color="tab:red", linewidth=0.8)
        shown = [*np.nanquantile(truth, SHOWN), *limits]
        room = 0.15 * (max(shown) - min(shown))
        axis.set_ylim(min(shown) - room, max(shown) + room)
        axis.set_ylabel(f"{characteristic.label} [{characteristic.unit}]")
    axes[0].legend(loc="upper left", ncols=4)
    axes[-1].set_xlabel("part, in the order made")
    figure.suptitle("Forecast one part ahead, with its 90 % interval")
    return figure


def _band(axis: "Axes", at: NDArray[np.int64], mean: Array, scale: Array) -> None:
    half = NORMAL_QUANTILE * scale
    axis.fill_between(
        at, mean - half, mean + half, color="tab:blue", alpha=0.2, linewidth=0, label="90 % interval"
    )
    axis.plot(at, mean, color="tab:blue", linewidth=1, label="forecast")


def _reliability(scored: "ScoredParts") -> Figure:
    """How often what was forecast with a probability did not conform; what intervals of each level held."""
    figure = Figure(figsize=(11, 5.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    everything = range(len(scored.history.characteristics))
    for method, colour in METHODS.items():
        known = [np.isfinite(scored.measured(c)) for c in everything]
        chance = np.concatenate([scored.chances(c, method)[known[c]] for c in everything])
        came = np.concatenate(
            [outside(scored.measured(c), scored.history.characteristics[c].limits)[known[c]] for c in everything]
        )
        place = np.minimum((chance * BINS).astype(int), BINS - 1)
        filled = [b for b in range(BINS) if (place == b).any()]
        said = [chance[place == b].mean() for b in filled]
        left.plot(said, [came[place == b].mean() for b in filled], "o-", color=colour, label=method)
    for b in range(BINS):
        left.axvline((b + 1) / BINS, color="0.9", linewidth=0.5, zorder=0)
    left.set_xlabel("probability forecast that a characteristic does not conform")
    left.set_ylabel("share that did not conform")
    wanted = np.linspace(0.05, 0.99, 48)
    half = [NormalDist().inv_cdf((1 + level) / 2) for level in wanted]
    for c, characteristic in enumerate(scored.history.characteristics):
        mean, scale = scored.forecast(c, "model")
        off = np.abs(scored.measured(c) - mean) / scale
        off = off[np.isfinite(off)]
        right.plot(wanted, [np.mean(off <= edge) for edge in half], label=characteristic.label)
    right.set_xlabel("interval asked for")
    right.set_ylabel("share of measured values inside")
    for axis in (left, right):
        axis.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1)
        axis.set_aspect("equal")
        axis.legend(fontsize="small")
    return figure


def _worst(scored: "ScoredParts") -> Figure:
    """The parts that lay farthest outside, in half widths of their interval, each amid its neighbours."""
    misses: list[tuple[float, int, int]] = []
    for c in range(len(scored.history.characteristics)):
        mean, scale = scored.forecast(c, "model")
        off = np.abs(scored.measured(c) - mean) / (NORMAL_QUANTILE * scale)
        misses += [(float(off[i]), c, int(i)) for i in np.flatnonzero(np.isfinite(off))]
    misses.sort(reverse=True)
    figure = Figure(figsize=(13, 9), layout="constrained")
    for axis, (off_by, c, index) in zip(figure.subplots(3, 3).flat, misses[:WORST], strict=False):
        near = slice(max(0, index - AROUND), index + AROUND + 1)
        at = np.arange(len(scored.measured(c)))[near] + scored.start
        mean, scale = (values[near] for values in scored.forecast(c, "model"))
        _band(axis, at, mean, scale)
        axis.plot(at, scored.measured(c)[near], ".-", color="black", linewidth=0.5, markersize=4)
        axis.plot(index + scored.start, scored.measured(c)[index], "o", color="tab:red", markersize=6)
        characteristic = scored.history.characteristics[c]
        serial = scored.history.serials[scored.start + index]
        axis.set_title(
            f"{serial}: {characteristic.label} [{characteristic.unit}], {off_by:.1f} half widths", fontsize=9
        )
    figure.suptitle("Worst misses")
    return figure
