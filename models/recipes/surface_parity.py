"""Checks at export that the graph that will serve says what learning computed: verdicts, on every picture."""

from collections.abc import Sequence

import numpy as np

from inference.session import open_session
from models.recipes.surface_held_out import THRESHOLDS
from models.recipes.surface_model import Calibration, Scoring
from models.recipes.surface_patches import Read
from quality.judge import verdict_at
from quality.recording import LabelledFrame

NEARLY = 1e-4
"""A verdict may turn over where its score lies so near the threshold: single precision tells no finer."""


class ParityError(ValueError):
    """The exported graph and what was learned disagree; says on which picture, and by how much."""


def check_verdicts(
    model: bytes, learned: Scoring, calibration: Calibration, frames: Sequence[LabelledFrame], read: Read
) -> dict[str, float]:
    """Scores every picture twice, with the exported graph and by what was learned itself.

    Gives the number of verdicts compared and the largest difference of scores. Raises ParityError when any verdict
    at THRESHOLDS differs.
    """
    served, pooled, furthest = open_session(model), learned.pooling(), 0.0
    for frame in frames:
        picture = read(frame.path)
        exported = float(served.run(["score"], {"picture": picture})[0])
        expected = float(calibration.score(np.array(pooled(picture))))
        near = min(abs(expected - edge) for edge in (THRESHOLDS.review, THRESHOLDS.hold))
        if verdict_at(exported, THRESHOLDS) is not verdict_at(expected, THRESHOLDS) and near > NEARLY:
            raise ParityError(
                f"the exported graph scores {frame.path} with {exported:.4f}, learning with {expected:.4f}; the"
                " bundle is not written: report this with the recording"
            )
        furthest = max(furthest, abs(exported - expected))
    return {"verdicts_compared": len(frames), "scores_apart": float(f"{furthest:.1g}")}
