"""Scorecards: a bundle on recorded parts or frames, beside the plain rules a shop would use instead."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edge.recording import RecordingError, read_picture
from edge.verbs.walking import RecordedLine
from inference.bundle import Bundle, BundleError
from inference.surface import score_frame, surface_session
from quality.conformal import adapted_scales
from quality.evidence import NoEvidence
from quality.recording import LabelledFrame, PartHistory
from quality.scorecard import (
    Array,
    PixelScore,
    PlainRule,
    auroc,
    outside,
    precision_and_recall,
    probabilities,
    recall_at_false_positive_rate,
    recall_by_label,
    score_forecast,
)

COLOURS = 3


class ScoredParts:
    """A forecast bundle over the parts from index `start` on, one step ahead, every earlier part measured."""

    def __init__(self, bundle: Bundle, history: PartHistory, start: int) -> None:
        """Raises BundleError when the recording lacks a characteristic or reading the bundle needs."""
        self.history = history
        self.start = start
        self._rules = _rules_of(bundle, history)
        self.methods = ("model", *next(iter(self._rules.values())))
        line = RecordedLine(bundle, history)
        line.take_up(start)
        shape = (len(history) - start, len(history.characteristics))
        self._mean, self._scale = np.full(shape, np.nan), np.full(shape, np.nan)
        self._without = 0
        for part in range(start, len(history)):
            forecast = line.forecast(part)
            if isinstance(forecast, NoEvidence):
                self._without += 1
            else:
                for c, characteristic in enumerate(history.characteristics):
                    self._mean[part - start, c], self._scale[part - start, c] = forecast.of(characteristic.name)
            line.measure(part)

    def measured(self, c: int) -> Array:
        """What was measured of that characteristic on the scored parts."""
        return self.history.measured[self.start :, c]

    def forecast(self, c: int, method: str) -> tuple[Array, Array]:
        """Mean and scale of that characteristic for every scored part, by the model or by a rule."""
        if method == "model":
            return self._mean[:, c], self._scale[:, c]
        mean, scale = self._rule(c, method).forecast(self.history.measured[:, c])
        return mean[self.start :], scale[self.start :]

    def chances(self, c: int, method: str) -> Array:
        """The probability of nonconformance of that characteristic for every scored part."""
        return probabilities(*self.forecast(c, method), self.history.characteristics[c].limits)

    def scorecard(self, signal_at: float) -> dict[str, Any]:
        """Every figure by characteristic, for the model and for the rules, and for the part as a whole."""
        names = [c.name for c in self.history.characteristics]
        tables = {
            method: {name: self._figures(c, method, signal_at) for c, name in enumerate(names)}
            for method in self.methods
        }
        nonconforming = self.history.nonconforming[self.start :]
        whole = {}
        for method in self.methods:
            chances = np.stack([self.chances(c, method) for c in range(len(names))], axis=-1)
            whole[method] = _whole(chances, nonconforming, signal_at)
        characteristics = {
            name: {
                "mse": tables["model"][name]["mse"],
                "mse_persistence": tables["same_as_previous"][name]["mse"],
                "mse_ewma": tables["ewma"][name]["mse"],
                **tables["model"][name],
                **self._without_worst(c),
                "measured": int(np.isfinite(self.measured(c)).sum()),
                "nonconforming": int(outside(self.measured(c), self.history.characteristics[c].limits).sum()),
            }
            for c, name in enumerate(names)
        }
        return {
            "parts": len(nonconforming),
            "nonconforming": int(nonconforming.sum()),
            "without_forecast": self._without,
            "signal_at": signal_at,
            "any_characteristic": whole,
            "characteristics": characteristics,
            **{method: tables[method] for method in self.methods if method != "model"},
        }

    def _rule(self, c: int, method: str) -> PlainRule:
        return self._rules[self.history.characteristics[c].name][method]

    def _figures(self, c: int, method: str, signal_at: float) -> dict[str, float | None]:
        limits = self.history.characteristics[c].limits
        score = asdict(score_forecast(self.measured(c), *self.forecast(c, method), limits, signal_at))
        if method == "model":
            return score
        # The model's interval adapts to what it missed; so that widths compare, so may the rule's.
        everything = self.history.measured[:, c]
        mean, scale = self._rule(c, method).forecast(everything)
        fair = adapted_scales(everything, mean, scale)[self.start :]
        adaptive = score_forecast(self.measured(c), mean[self.start :], fair, limits, signal_at)
        return {
            **score,
            "alpha": self._rule(c, method).alpha,
            "coverage_90_adaptive": adaptive.coverage_90,
            "mean_width_90_adaptive": adaptive.mean_width_90,
        }

    def _without_worst(self, c: int) -> dict[str, float | None]:
        """Squared errors without the one part that model and exponential average both missed by most: a gross
        error of the gauge can outweigh all other parts together.
        """
        missed, by_average = (
            np.abs(self.measured(c) - self.forecast(c, method)[0]) for method in ("model", "ewma")
        )
        known = np.isfinite(missed) & np.isfinite(by_average)
        if known.sum() < 2:  # noqa: PLR2004 - without the worst one there is nothing left
            return {"mse_without_worst": None, "mse_ewma_without_worst": None}
        by_both = np.where(known, np.minimum(missed, by_average), -np.inf)
        kept = known & (by_both < by_both.max())
        return {
            "mse_without_worst": float(np.mean(missed[kept] ** 2)),
            "mse_ewma_without_worst": float(np.mean(by_average[kept] ** 2)),
        }


class ScoredFrames:
    """A surface bundle over labelled frames: `scores` [frames], and which of them are `nonconforming`."""

    def __init__(self, bundle: Bundle, folder: Path, frames: tuple[LabelledFrame, ...]) -> None:
        """Raises BundleError when the bundle is no surface model, RecordingError when a picture cannot be used."""
        self.frames = frames
        self.nonconforming = np.array([not frame.conforming for frame in frames], dtype=bool)
        self._session = surface_session(bundle)
        self._folder = folder
        self._channels: Literal[1, 3] = 3 if bundle.fields["channels"] == COLOURS else 1
        self._patch = int(bundle.fields["patch"])
        self._pixels = PixelScore()
        scores = []
        for index, frame in enumerate(frames):
            score, picture, seen = self._look(index)
            scores.append(score)
            # Where a defect lies that has a label alone is not known.
            if frame.conforming or frame.mask is not None:
                self._pixels.add(seen, _mask(folder, frame, *picture.shape[:2]))
        self.scores = np.array(scores)

    def shown(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.bool_]]:
        """The picture of one frame, the map over it, and its mask, all [height, width]."""
        _, picture, seen = self._look(index)
        return picture, seen, _mask(self._folder, self.frames[index], *picture.shape[:2])

    def _look(self, index: int) -> tuple[float, NDArray[np.uint8], NDArray[np.float32]]:
        picture = read_picture(self._folder / self.frames[index].path, self._channels)
        score, seen = score_frame(self._session, picture)
        height, width = picture.shape[:2]
        enlarged = np.repeat(np.repeat(seen, self._patch, axis=0), self._patch, axis=1)[:height, :width]
        return score, picture, _padded(enlarged, height, width)

    def scorecard(self) -> dict[str, Any]:
        """The figures over all frames, pooled; and for each label what is found at 5 % false alarms over all."""
        return {
            "auroc": auroc(self.scores, self.nonconforming),
            "recall_at_fpr_05": recall_at_false_positive_rate(self.scores, self.nonconforming),
            "pixel_auroc": self._pixels.auroc,
            "frames": len(self.scores),
            "nonconforming": int(self.nonconforming.sum()),
            "tile_groups": len({frame.tile_group for frame in self.frames}),
            "by_label": recall_by_label(self.scores, self.nonconforming, [frame.label for frame in self.frames]),
        }


def _whole(chances: Array, nonconforming: NDArray[np.bool_], signal_at: float) -> dict[str, float | None]:
    """Figures of the largest probability among a part's characteristics."""
    worst = chances.max(axis=1) if len(chances) else np.zeros(0)
    precision, recall = precision_and_recall(worst >= signal_at, nonconforming)
    return {"auroc": auroc(worst, nonconforming), "precision": precision, "recall": recall}


def _rules_of(bundle: Bundle, history: PartHistory) -> dict[str, dict[str, PlainRule]]:
    kept = bundle.calibration.get("rules", {})
    rules: dict[str, dict[str, PlainRule]] = {}
    for characteristic in history.characteristics:
        if characteristic.name not in kept:
            raise BundleError(
                f"{bundle.name}: does not forecast {characteristic.name}; train it on a recording that has it,"
                " or take the characteristic out of limits.csv"
            )
        rules[characteristic.name] = {
            name: PlainRule(rule["alpha"], rule["scale"]) for name, rule in kept[characteristic.name].items()
        }
    return rules


def _mask(folder: Path, frame: LabelledFrame, height: int, width: int) -> NDArray[np.bool_]:
    if frame.mask is None:
        return np.zeros((height, width), dtype=bool)
    mask = read_picture(folder / frame.mask, 1) > 0
    if mask.shape != (height, width):
        raise RecordingError(
            f"{folder / frame.mask}: is {mask.shape}, its picture {(height, width)}; draw it again"
        )
    return mask


def _padded(scores: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """The map over the whole picture; rows and columns that no full patch covers repeat the last ones."""
    return np.pad(scores, ((0, height - scores.shape[0]), (0, width - scores.shape[1])), mode="edge")
