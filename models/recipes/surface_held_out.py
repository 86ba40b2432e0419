"""What a kind of surface model says of tile groups that were held out of its learning, and the figures of that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from inference.session import open_session
from models.recipes.surface_model import Calibration, Scoring
from models.recipes.surface_patches import MASKED, Read
from quality.plan import Thresholds
from quality.recording import LabelledFrame
from quality.scorecard import PixelScore, auroc, recall_at_false_positive_rate, recall_by_label

THRESHOLDS = Thresholds(review=0.3, hold=0.7)
"""Scores at which a control plan usually asks a person and holds; boxes are drawn from the first on."""
_FIRMNESS = 100.0
"""Inverse regularisation of the calibration: puts the threshold midway where nothing overlaps."""

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Pooled log-odds of every frame [frames], each by a model that did not learn from its fold."""

    frames: Sequence[LabelledFrame]
    size: tuple[int, int] | None
    """The pictures' height and width where they all have the same."""
    pooled: Scores
    pixel_auroc: float | None

    @property
    def merit(self) -> float:
        """Area under the ROC curve; 0.5 where there is nothing to tell apart."""
        area = auroc(self.pooled, self._nonconforming)
        return 0.5 if area is None else area

    def calibrated(self) -> Calibration:
        """Logistic regression on held-out groups; from good pictures alone, 0.5 where hardly any of them comes."""
        centre, scale = float(np.median(self.pooled)), float(self.pooled.std()) + 1e-6
        if not self._nonconforming.any():
            rare = float(np.quantile(self.pooled, 0.995)) + scale
            return Calibration(4.0 / scale, -4.0 / scale * rare)
        logistic = LogisticRegression(C=_FIRMNESS).fit(
            (self.pooled[:, None] - centre) / scale, self._nonconforming
        )
        slope = float(logistic.coef_[0, 0]) / scale
        return Calibration(slope, float(logistic.intercept_[0]) - slope * centre)

    def figures(self, calibration: Calibration) -> dict[str, Any]:
        """What goes into manifest and card."""
        bad, score = self._nonconforming, calibration.score(self.pooled)
        figures: dict[str, Any] = {
            "frames": len(score),
            "nonconforming": int(bad.sum()),
            "false_alarms_at_0.3": float((score[~bad] >= THRESHOLDS.review).mean()),
        }
        if bad.any():
            figures |= {
                "auroc": self.merit,
                "recall_at_fpr_05": recall_at_false_positive_rate(self.pooled, bad),
                "pixel_auroc": self.pixel_auroc,
                "flagged_at_0.3": float((score[bad] >= THRESHOLDS.review).mean()),
                "flagged_at_0.7": float((score[bad] >= THRESHOLDS.hold).mean()),
            }
            labels = [frame.label for frame in self.frames]
            for label, found in recall_by_label(self.pooled, bad, labels).items():
                figures[f"recall_at_fpr_05 of {label}"] = found["recall"]
        return {name: round(value, 4) for name, value in figures.items() if value is not None}

    @property
    def _nonconforming(self) -> NDArray[np.bool_]:
        return np.array([not frame.conforming for frame in self.frames])


def hold_out(
    frames: Sequence[LabelledFrame],
    folds: NDArray[np.intp],
    learned: Callable[[int], Scoring],
    size: tuple[int, int] | None,
    patch: int,
    read: Read,
    read_mask: Read,
) -> HeldOut:
    """Every frame by the shipping graph of what was `learned` without its fold."""
    pooled, pixels = np.empty(len(frames)), PixelScore()
    for fold in range(int(folds.max()) + 1):
        session = open_session(learned(fold).scoring(size, None))
        for number in np.flatnonzero(folds == fold).tolist():
            frame, picture = frames[number], read(frames[number].path)
            pooled[number], odds = session.run(["pooled", "odds"], {"picture": picture})
            if frame.conforming or frame.mask is not None:
                likely = (1 / (1 + np.exp(-odds.astype(np.float64)))).astype(np.float32)
                large = np.repeat(np.repeat(likely, patch, axis=0), patch, axis=1)
                large = large[: picture.shape[0], : picture.shape[1]]
                none = np.zeros(picture.shape, dtype=bool)
                pixels.add(large, none if frame.mask is None else read_mask(frame.mask) > MASKED)
    return HeldOut(frames, size, pooled, pixels.auroc)
