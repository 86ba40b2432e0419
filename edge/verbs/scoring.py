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
from quality.evidence import NoEvidence
from quality.recording import LabelledFrame, PartHistory
from quality.scorecard import (
    Array,
    ForecastScore,
    PixelScore,
    PlainRule,
    auroc,
    outside,
    precision_and_recall,
    probabilities,
    recall_at_false_positive_rate,
    score_forecast,
)

COLOURS = 3


class ScoredParts:
    """A forecast bundle over the parts from index `start` on, one step ahead, every earlier part measured."""

    def __init__(self, bundle: Bundle, history: PartHistory, start: int) -> None:
        """Raises BundleError when the recording lacks a characteristic or reading the bundle needs."""
        self._history = history
        self._start = start
        self._rules = _rules_of(bundle, history)
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

    def scorecard(self, signal_at: float) -> dict[str, Any]:
        """Every figure by characteristic, for the model and for the rules, and for the part as a whole."""
        history, start = self._history, self._start
        methods = ("model", *next(iter(self._rules.values())))
        chances = {method: np.zeros((len(history) - start, len(history.characteristics))) for method in methods}
        characteristics: dict[str, dict[str, float | None]] = {}
        rules: dict[str, dict[str, dict[str, float | None]]] = {rule: {} for rule in methods[1:]}
        for c, characteristic in enumerate(history.characteristics):
            truth = history.measured[:, c]
            scores: dict[str, ForecastScore] = {}
            for method in methods:
                if method == "model":
                    mean, scale = self._mean[:, c], self._scale[:, c]
                else:
                    mean, scale = (a[start:] for a in self._rules[characteristic.name][method].forecast(truth))
                scores[method] = score_forecast(truth[start:], mean, scale, characteristic.limits, signal_at)
                chances[method][:, c] = probabilities(mean, scale, characteristic.limits)
            characteristics[characteristic.name] = {
                "mse": scores["model"].mse,
                "mse_persistence": scores["same_as_previous"].mse,
                "mse_ewma": scores["ewma"].mse,
                **{figure: value for figure, value in asdict(scores["model"]).items() if figure != "mse"},
                "measured": int(np.isfinite(truth[start:]).sum()),
                "nonconforming": int(outside(truth[start:], characteristic.limits).sum()),
            }
            for rule, table in rules.items():
                alpha = self._rules[characteristic.name][rule].alpha
                table[characteristic.name] = {**asdict(scores[rule]), "alpha": alpha}
        nonconforming = history.nonconforming[start:]
        return {
            "parts": len(nonconforming),
            "nonconforming": int(nonconforming.sum()),
            "without_forecast": self._without,
            "signal_at": signal_at,
            "any_characteristic": {m: _whole(chances[m], nonconforming, signal_at) for m in methods},
            "characteristics": characteristics,
            **rules,
        }


class ScoredFrames:
    """A surface bundle over labelled frames."""

    def __init__(self, bundle: Bundle, folder: Path, frames: tuple[LabelledFrame, ...]) -> None:
        """Raises BundleError when the bundle is no surface model, RecordingError when a picture cannot be used."""
        session = surface_session(bundle)
        channels: Literal[1, 3] = 3 if bundle.fields["channels"] == COLOURS else 1
        patch = int(bundle.fields["patch"])
        self._nonconforming = np.array([not frame.conforming for frame in frames], dtype=bool)
        self._groups = len({frame.tile_group for frame in frames})
        self._pixels = PixelScore()
        scores = []
        for frame in frames:
            pixels = read_picture(folder / frame.path, channels)
            score, seen = score_frame(session, pixels)
            scores.append(score)
            height, width = pixels.shape[:2]
            enlarged = np.repeat(np.repeat(seen, patch, axis=0), patch, axis=1)[:height, :width]
            self._pixels.add(_padded(enlarged, height, width), _mask(folder, frame, height, width))
        self._scores = np.array(scores)

    def scorecard(self) -> dict[str, Any]:
        """The figures over all frames, pooled."""
        return {
            "auroc": auroc(self._scores, self._nonconforming),
            "recall_at_fpr_05": recall_at_false_positive_rate(self._scores, self._nonconforming),
            "pixel_auroc": self._pixels.auroc,
            "frames": len(self._scores),
            "nonconforming": int(self._nonconforming.sum()),
            "tile_groups": self._groups,
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
