"""What turns a patch's description into the log-odds that it shows a defect: learned, then written as ONNX nodes.

Each head is fitted on patches [n, channels] and writes itself over maps [1, channels, rows, columns].
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier

from models.recipes.surface_graph import GraphWriter

Rows = NDArray[np.float32]

_HIDDEN, _BATCH = 24, 256
_EPOCHS, _STEPS = 12, 400
"""Passes over the patches, and the steps that few patches are passed over for."""


class Head(Protocol):
    """A fitted head."""

    def write(self, g: GraphWriter, maps: str) -> str:
        """Adds the head over maps [1, channels, rows, columns]; gives log-odds [1, 1, rows, columns]."""
        ...

    def odds(self, patches: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same log-odds [n] of patches [n, channels], computed by numpy for comparison."""
        ...


class Deviation:
    """How far a patch is from good ones: the mean squared standard score of its channels. Needs no defects."""

    def __init__(self, good: Rows) -> None:
        self._mean = good.mean(axis=0)
        self._scale = good.std(axis=0) + 1e-3

    def write(self, g: GraphWriter, maps: str) -> str:
        """See Head. The scale is arbitrary; the calibration of the score makes log-odds of it."""
        centred = g.op("Sub", maps, g.constant(self._mean[None, :, None, None]))
        scores = g.op("Div", centred, g.constant(self._scale[None, :, None, None]))
        return g.op("ReduceMean", g.op("Mul", scores, scores), g.whole(1), keepdims=1)

    def odds(self, patches: NDArray[np.float64]) -> NDArray[np.float64]:
        """See Head."""
        return np.asarray((((patches - self._mean) / self._scale) ** 2).mean(axis=1))


class Network:
    """One hidden layer of rectified units over the standardised channels, folded into two 1 × 1 convolutions."""

    def __init__(self, patches: Rows, defective: NDArray[np.bool_], weight: Rows, seed: int) -> None:
        self._mean = patches.mean(axis=0)
        self._scale = patches.std(axis=0) + 1e-3
        network = MLPClassifier(
            (_HIDDEN,), alpha=0.01, batch_size=_BATCH, learning_rate_init=2e-3, random_state=seed
        )
        standard = (patches - self._mean) / self._scale
        for _ in range(max(_EPOCHS, _STEPS * _BATCH // len(patches))):
            network.partial_fit(standard, defective, classes=[False, True], sample_weight=weight)
        self._layers = list(zip(network.coefs_, network.intercepts_, strict=True))

    def write(self, g: GraphWriter, maps: str) -> str:
        """See Head."""
        (first, first_bias), (last, last_bias) = self._layers
        folded = first / self._scale[:, None]
        hidden = g.op("Relu", _one_by_one(g, maps, folded, first_bias - self._mean @ folded))
        return _one_by_one(g, hidden, last, last_bias)

    def odds(self, patches: NDArray[np.float64]) -> NDArray[np.float64]:
        """See Head."""
        (first, first_bias), (last, last_bias) = self._layers
        hidden = np.maximum((patches - self._mean) / self._scale @ first + first_bias, 0)
        return np.asarray((hidden @ last + last_bias)[:, 0])


def _one_by_one(g: GraphWriter, maps: str, weights: NDArray[Any], bias: NDArray[Any]) -> str:
    kernel = weights.T[:, :, None, None].astype(np.float32)
    return g.op("Conv", maps, g.constant(kernel), g.constant(bias.astype(np.float32)))
