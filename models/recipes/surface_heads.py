"""What turns a patch's description into the log-odds that it shows a defect: learned, then written as ONNX nodes.

Each head is fitted on patches [n, channels] and writes itself over maps [1, channels, rows, columns].
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.neural_network import MLPClassifier

from models.recipes.surface_graph import GraphWriter

Rows = NDArray[np.float32]

_HIDDEN, _BATCH = 24, 256
_EPOCHS, _STEPS = 12, 400
"""Passes over the patches, and the steps that few patches are passed over for."""
_TREES, _LARGEST_LEAF = 60, 10
_SUREST = 0.002
"""A forest's share of defective patches in a leaf is kept this far from 0 and 1, where log-odds end."""


class Head(Protocol):
    """A fitted head."""

    def write(self, g: GraphWriter, maps: str) -> str:
        """Adds the head over maps [1, channels, rows, columns]; gives log-odds [1, 1, rows, columns]."""
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


class Forest:
    """Extremely randomised trees, for few and varied defects; about ten times the network's time."""

    def __init__(self, patches: Rows, defective: NDArray[np.bool_], weight: Rows, seed: int) -> None:
        forest = ExtraTreesRegressor(
            _TREES, min_samples_leaf=_LARGEST_LEAF, max_features=0.25, max_depth=14, random_state=seed
        )
        forest.fit(patches, defective.astype(np.float32), sample_weight=weight)
        self._trees = [tree.tree_ for tree in forest.estimators_]

    def write(self, g: GraphWriter, maps: str) -> str:
        """See Head."""
        channels = int(max(tree.n_features for tree in self._trees))
        last = g.op("Transpose", maps, perm=[0, 2, 3, 1])
        rows = g.op("Reshape", last, g.whole(-1, channels))
        share = g.op("TreeEnsembleRegressor", rows, domain="ai.onnx.ml", **self._attributes())
        likely = g.op("Clip", share, g.number(_SUREST), g.number(1 - _SUREST))
        odds = g.op("Log", g.op("Div", likely, g.op("Sub", g.number(1.0), likely)))
        size = g.op("Concat", g.whole(1, 1), g.op("Shape", maps, start=2), axis=0)
        return g.op("Reshape", odds, size)

    def _attributes(self) -> dict[str, Any]:
        nodes: dict[str, list[Any]] = {
            f"nodes_{key}": []
            for key in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")
        }
        leaves: dict[str, list[Any]] = {f"target_{key}": [] for key in ("treeids", "nodeids", "ids", "weights")}
        for number, tree in enumerate(self._trees):
            leaf = tree.children_left < 0
            nodes["nodes_treeids"] += [number] * tree.node_count
            nodes["nodes_nodeids"] += range(tree.node_count)
            nodes["nodes_featureids"] += np.where(leaf, 0, tree.feature).tolist()
            # sklearn compares float32 features with float64 thresholds; rounding down keeps `<=` the same
            nodes["nodes_values"] += _rounded_down(np.where(leaf, 0.0, tree.threshold)).tolist()
            nodes["nodes_modes"] += np.where(leaf, "LEAF", "BRANCH_LEQ").tolist()
            nodes["nodes_truenodeids"] += np.where(leaf, 0, tree.children_left).tolist()
            nodes["nodes_falsenodeids"] += np.where(leaf, 0, tree.children_right).tolist()
            ends = np.flatnonzero(leaf)
            leaves["target_treeids"] += [number] * len(ends)
            leaves["target_nodeids"] += ends.tolist()
            leaves["target_ids"] += [0] * len(ends)
            leaves["target_weights"] += (tree.value[ends, 0, 0] / len(self._trees)).tolist()
        return {**nodes, **leaves, "n_targets": 1, "aggregate_function": "SUM"}


def _rounded_down(values: NDArray[np.float64]) -> NDArray[np.float32]:
    nearest = values.astype(np.float32)
    return np.where(nearest > values, np.nextafter(nearest, np.float32(-np.inf)), nearest)


def _one_by_one(g: GraphWriter, maps: str, weights: NDArray[Any], bias: NDArray[Any]) -> str:
    kernel = weights.T[:, :, None, None].astype(np.float32)
    return g.op("Conv", maps, g.constant(kernel), g.constant(bias.astype(np.float32)))
