"""Learning how wide a forecast is: what its misses followed, and how many of them an interval has to hold."""

import numpy as np

from models.recipes.forecast_graph import PLAIN_SCALE_FEATURES, SCALE_FEATURES, Array
from quality.conformal import COVERAGE, NORMAL_QUANTILE

PLAIN_SCALE_PRIOR, LIKENESS_SCALE_PRIOR = (0.1, 0.8, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0, 0.8)
PLAIN_PRIOR_STRENGTH, LIKENESS_PRIOR_STRENGTH = 0.1, 0.3
"""What the scale's logarithm is expected to follow (age, unrest, movement, likeness's doubt and unrest) unless the
residuals say otherwise: a quiet recording cannot tell what unrest means, and the next one need not be quiet. The
strengths are shares of the evidence that a feature of unit variance has in the recording."""


def fit_scale(features: Array, forward: Array, share: float) -> tuple[Array, float]:
    """Weights of the scale's features and the least its logarithm may be, with that share of likeness in the mean.

    `features` [N, SCALE_FEATURES] are the graph's, `forward` [N] the residuals in spreads (NaN where unknown).
    A least-squares fit of log |residual| gives the shape (never shrinking with age, unrest or movement); its
    level is set so that COVERAGE of the residuals lie within the normal interval.
    """
    known = np.isfinite(forward)
    missed, features = np.abs(forward[known]), features[known]
    prior = (1 - share) * np.asarray(PLAIN_SCALE_PRIOR) + share * np.asarray(LIKENESS_SCALE_PRIOR)
    used = SCALE_FEATURES if share else PLAIN_SCALE_FEATURES
    log = np.log(missed + 0.1 * np.median(missed) + 1e-6)
    shape = (features - features.mean(axis=0))[:, 1:used]
    strength = LIKENESS_PRIOR_STRENGTH if share else PLAIN_PRIOR_STRENGTH
    pull = strength * len(shape) * np.eye(used - 1)
    sought = shape.T @ (log - log.mean()) + pull @ prior[: used - 1]
    weights = np.zeros(SCALE_FEATURES - 1)
    weights[: used - 1] = np.clip(np.linalg.solve(shape.T @ shape + pull, sought), 0.0, 1.0)
    rank = min(1.0, np.ceil((len(missed) + 1) * COVERAGE) / len(missed))
    relative = missed / np.exp(features[:, 1:] @ weights)
    level = np.log(np.quantile(relative, rank) / NORMAL_QUANTILE + 1e-6)
    fitted = level + features[:, 1:] @ weights
    return np.concatenate([[level], weights]), np.quantile(fitted, 0.005)
