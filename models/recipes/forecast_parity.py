"""Checks at export that the graph that will serve says what learning computed: verdicts, not only numbers."""

from collections.abc import Sequence

import numpy as np

from inference.session import open_session
from models.recipes.forecast_graph import Array, Frontend, Head, feature_graph
from models.recipes.forecast_samples import feeds_of
from quality.judge import probability_outside, verdict_at
from quality.plan import Thresholds
from quality.recording import PartHistory

THRESHOLDS = Thresholds(review=0.1, hold=0.5)
NEARLY = 1e-3
"""A verdict may turn over where its probability lies so near the threshold: single precision tells no finer."""


class ParityError(ValueError):
    """The exported graph and what was learned disagree; says on which part, and by how much."""


def check_parity(
    model: bytes, history: PartHistory, frontend: Frontend, heads: Sequence[Head]
) -> dict[str, float]:
    """Forecasts every part of the recording, all earlier ones measured, twice: with the exported graph and by
    carrying out the heads in double precision on the graph's features.

    Gives the number of verdicts compared and the largest difference between means, in spreads. Raises ParityError
    when any verdict at THRESHOLDS differs.
    """
    features = open_session(feature_graph(frontend))
    served = open_session(model)
    names = ["averages", "scale_features", "density", "likeness"]
    names += ["moved", "leapt"] if frontend.reading_center.size else []
    furthest, compared = 0.0, 0
    for part, feed in feeds_of(history, frontend, gap=1, offset=0):
        mean, scale = served.run(["mean", "scale"], feed)
        found = dict(zip(names, features.run(names, feed), strict=True))
        expected = carry_out({name: value.astype(np.float64) for name, value in found.items()}, frontend, heads)
        for c, characteristic in enumerate(history.characteristics):
            limits = characteristic.limits
            chances = [probability_outside(float(m[c]), float(s[c]), limits) for m, s in ((mean, scale), expected)]
            compared += 1
            verdicts = {verdict_at(chance, THRESHOLDS) for chance in chances}
            near = min(abs(chances[1] - edge) for edge in (THRESHOLDS.review, THRESHOLDS.hold))
            if len(verdicts) > 1 and near > NEARLY:
                raise ParityError(
                    f"the exported graph gives part {history.serials[part]} a probability of {chances[0]:.4f} that"
                    f" {characteristic.name} does not conform, learning one of {chances[1]:.4f}; the bundle is not"
                    " written: report this with the recording"
                )
        furthest = max(furthest, float(np.max(np.abs(mean - expected[0]) / frontend.spread)))
    return {"verdicts": compared, "largest_difference_of_means_in_spreads": furthest}


def carry_out(features: dict[str, Array], frontend: Frontend, heads: Sequence[Head]) -> tuple[Array, Array]:
    """Mean and scale [C] that those heads make of the graph's features, in the characteristics' units."""
    ordered = sorted(heads, key=lambda head: head.density)
    at = [head.density for head in ordered]
    mean, log = np.zeros(len(frontend.center)), np.zeros(len(frontend.center))
    for index, head in enumerate(ordered):
        own = np.einsum("ai,aic->c", features["averages"], head.averages) + head.bias
        for name, weights in (("moved", head.moved), ("leapt", head.leapt)):
            if name in features:
                own += (features[name] * weights).sum(axis=(0, 1))
        own += head.likeness * (features["likeness"] - own)
        share = np.interp(features["density"], at, np.eye(len(at))[index])
        mean += share * own
        log += share * np.maximum((features["scale_features"] * head.log_scale).sum(axis=0), head.least)
    log = np.minimum(log, np.log((frontend.highest - frontend.lowest) / frontend.spread))
    log = np.where(features["density"] == 0, np.log(frontend.unknown), log)
    return np.maximum(mean * frontend.spread + frontend.center, frontend.bottom), np.exp(log) * frontend.spread
