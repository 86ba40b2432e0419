"""The forecast as an ONNX graph: a history with gaps goes in, mean and scale of the next part come out.

Learning and serving run the same graph: `feature_graph` ends where the learned numbers begin, and
`forecast_graph` goes on with them. C characteristics, Q readings, `rows` parts of history (oldest first),
A = len(RATES) smoothing rates, H heads.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from models.recipes.forecast_likeness import Kernel, likeness_nodes
from models.recipes.forecast_nodes import Nodes

OPSET, IR_VERSION = 21, 10
RATES = (0.03, 0.06, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
"""Weights of the newest measured value in the exponential averages; the last one is the last value itself."""
SPREAD_RATE = RATES.index(0.1)
LEVEL_RATE, RECENT_RATE = RATES.index(0.03), RATES.index(0.2)
"""What forecasting by likeness returns to, and over which parts its unrest is taken."""
SCALE_FEATURES, PLAIN_SCALE_FEATURES = 6, 4
"""With likeness, and the first ones, which are there without."""
KERNEL = Kernel()
CALM = 0.3
"""Added to the unrest (in spreads) before its logarithm is taken: a stuck gauge must not make it certain."""
DENSITY_OVER = 4
"""How densely the history is measured is judged over so many newest measured parts."""
_TINY, _FAR = 1e-9, 1e6

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Frontend:
    """What turns raw values into features; everything in the units of the recording unless said otherwise.

    `center` and `spread` [C] standardise characteristics, `lowest` and `highest` [C] are the gauge's reach,
    `margin` is how far (in spreads) one value alone may lie beyond all others. `bottom` [C] is what a value
    and so the mean cannot lie below (far away where there is no such thing). `unknown` [C] (in spreads) is the
    scale before anything was measured.

    `reading_center` and `reading_spread` [Q] standardise readings. `unexplained` [Q, Q] takes out of each what the
    others explain, and what then moves by less than `leap` [Q] may be noise. A reading that drops by more than
    `drop` [Q] spreads between two parts marks a tool change, and `forget` [Q, C] is the natural logarithm of the
    weight older parts keep then.
    """

    rows: int
    center: Array
    spread: Array
    lowest: Array
    highest: Array
    margin: float
    bottom: Array
    unknown: Array
    reading_center: Array
    reading_spread: Array
    unexplained: Array
    leap: Array
    drop: Array
    forget: Array


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Learned numbers for one density of measuring (measured parts per part made, 0..1), standardised units.

    `averages` [A, C_in, C_out] weighs the exponential averages of every characteristic, `moved` [A, Q, C] what
    readings moved since the averaged parts, `leapt` [A, Q, C] how far that is beyond what noise and the other
    readings explain, `bias` [C]. `likeness` [C] (0..1) is the share of the mean that is forecast by likeness
    instead. `log_scale` [SCALE_FEATURES, C] weighs the scale's features, and its logarithm is never below
    `least` [C].
    """

    density: float
    averages: Array
    moved: Array
    leapt: Array
    bias: Array
    likeness: Array
    log_scale: Array
    least: Array


def feature_graph(frontend: Frontend, *, likeness: bool = True) -> bytes:
    """The graph up to the features: `averages` [A, C], `moved` and `leapt` [A, Q, C] (only with readings),
    `likeness` [C] (if asked for), `scale_features` [SCALE_FEATURES or PLAIN_SCALE_FEATURES, C] and `density` [C].
    """
    nodes = Nodes()
    features = _features(nodes, frontend, likeness=likeness)
    for name, value in features.items():
        nodes.output(name, value)
    rates, characteristics, readings = len(RATES), len(frontend.center), len(frontend.reading_center)
    shapes = {
        "averages": (rates, characteristics),
        "moved": (rates, readings, characteristics),
        "leapt": (rates, readings, characteristics),
        "likeness": (characteristics,),
        "scale_features": (SCALE_FEATURES if likeness else PLAIN_SCALE_FEATURES, characteristics),
        "density": (characteristics,),
    }
    return _model(nodes, frontend, {name: shapes[name] for name in features})


def forecast_graph(frontend: Frontend, heads: Sequence[Head]) -> bytes:
    """The whole graph: `mean` and `scale` [C] in the characteristics' units.

    Between two heads' densities both answer, weighted by how near the history's density is to theirs.
    Before anything was measured the scale is that of all parts, `unknown`. Likeness is left out where no head
    has a share for it.
    """
    nodes = Nodes()
    constant = nodes.constant
    likeness = any(head.likeness.any() for head in heads)
    features = _features(nodes, frontend, likeness=likeness)
    ordered = sorted(heads, key=lambda head: head.density)
    weight = _share_of_heads(nodes, features["density"], [head.density for head in ordered])

    count = len(frontend.center)
    flat = nodes("Reshape", features["averages"], nodes.axes(1, -1))
    maps = constant([head.averages.reshape(-1, count) for head in ordered])
    mean = nodes("Squeeze", nodes("MatMul", flat, maps), nodes.axes(1))
    mean = nodes("Add", mean, constant([head.bias for head in ordered]))
    if "moved" in features:
        for name, weights in (("moved", [h.moved for h in ordered]), ("leapt", [h.leapt for h in ordered])):
            parts = nodes("Mul", features[name], constant(weights))
            mean = nodes("Add", mean, nodes("ReduceSum", parts, nodes.axes(1, 2), keepdims=0))
    if likeness:
        towards = nodes("Mul", nodes("Sub", features["likeness"], mean), constant([h.likeness for h in ordered]))
        mean = nodes("Add", mean, towards)
    kept = SCALE_FEATURES if likeness else PLAIN_SCALE_FEATURES
    log = nodes("Mul", features["scale_features"], constant([head.log_scale[:kept] for head in ordered]))
    log = nodes("ReduceSum", log, nodes.axes(1), keepdims=0)
    log = nodes("Max", log, constant([head.least for head in ordered]))

    over_heads = nodes.axes(0)
    mean = nodes("ReduceSum", nodes("Mul", mean, weight), over_heads, keepdims=0)
    log = nodes("ReduceSum", nodes("Mul", log, weight), over_heads, keepdims=0)
    log = nodes("Min", log, constant(np.log((frontend.highest - frontend.lowest) / frontend.spread)))
    unseen = nodes("Equal", features["density"], constant(0.0))
    log = nodes("Where", unseen, constant(np.log(frontend.unknown)), log)
    spread, center = constant(frontend.spread), constant(frontend.center)
    mean = nodes("Add", nodes("Mul", mean, spread), center)
    nodes.output("mean", nodes("Max", mean, constant(frontend.bottom)))
    nodes.output("scale", nodes("Mul", nodes("Exp", log), spread))
    return _model(nodes, frontend, {"mean": (count,), "scale": (count,)})


def _features(nodes: Nodes, frontend: Frontend, *, likeness: bool) -> dict[str, str]:
    constant = nodes.constant
    over_rows = nodes.axes(0)
    value, known = _standard_values(nodes, frontend, nodes("Not", nodes("IsNaN", "history")))
    mask = nodes("Cast", known, to=TensorProto.FLOAT)
    newer = nodes("CumSum", mask, constant(0, np.int64), exclusive=1, reverse=1)
    exponent = nodes("Mul", constant([[[np.log(max(1 - rate, 1e-6))]] for rate in RATES]), newer)
    has_readings = len(frontend.reading_center) > 0
    trust = mask
    if has_readings:
        now, then, changes = _readings(nodes, frontend)
        forgotten = nodes("MatMul", changes, constant(frontend.forget))
        exponent = nodes("Add", exponent, forgotten)
        if likeness:
            trust = nodes("Mul", mask, nodes("Exp", nodes("Mul", forgotten, constant(0.5))))
    weight = nodes("Mul", nodes("Exp", exponent), mask)
    total = nodes("ReduceSum", weight, nodes.axes(1), keepdims=1)
    weight = nodes("Div", weight, nodes("Add", total, constant(_TINY)))
    averages = nodes("ReduceSum", nodes("Mul", weight, value), nodes.axes(1), keepdims=0)
    age, density = _recency(nodes, frontend, known, newer)
    features = {"averages": averages, "density": density}

    pick = constant(SPREAD_RATE, np.int64)
    around = nodes("Sub", value, nodes("Gather", averages, pick, axis=0))
    square = nodes("Mul", nodes("Mul", around, around), nodes("Gather", weight, pick, axis=0))
    unrest = nodes("Sqrt", nodes("ReduceSum", square, over_rows, keepdims=0))
    nothing = nodes("Mul", age, constant(0.0))
    movement = nothing
    if has_readings:
        moved = nodes("Sub", now, nodes("MatMul", then, weight))
        unexplained = nodes("MatMul", constant(frontend.unexplained), moved)
        beyond = nodes("Sub", nodes("Abs", unexplained), constant(frontend.leap[:, None]))
        features["moved"] = moved
        features["leapt"] = nodes("Mul", nodes("Sign", unexplained), nodes("Relu", beyond))
        power = nodes("Gather", nodes("Mul", moved, moved), pick, axis=0)
        movement = nodes("Log", nodes("Add", nodes("ReduceMean", power, over_rows, keepdims=0), constant(1.0)))
    rows = [
        nodes("Add", nothing, constant(1.0)),
        nodes("Log", age),
        nodes("Log", nodes("Add", unrest, constant(CALM))),
        movement,
    ]
    if likeness:
        features["likeness"], doubt, unlike = likeness_nodes(
            nodes,
            KERNEL,
            frontend.rows,
            value=value,
            trust=trust,
            level=nodes("Gather", averages, constant(LEVEL_RATE, np.int64), axis=0),
            recent=nodes("Gather", weight, constant(RECENT_RATE, np.int64), axis=0),
            readings=(now, then) if has_readings else None,
        )
        rows += [nodes("Log", doubt), nodes("Log", nodes("Add", unlike, constant(CALM)))]
    features["scale_features"] = nodes("Concat", *(nodes("Unsqueeze", row, over_rows) for row in rows), axis=0)
    return features


def _recency(nodes: Nodes, frontend: Frontend, known: str, newer: str) -> tuple[str, str]:
    """The age in parts [C] of the newest measured value (rows + 1 where there is none), and how densely the
    newest ones lie [C], in measured parts per part made.
    """
    constant = nodes.constant
    over_rows = nodes.axes(0)
    ages = constant(np.arange(frontend.rows, 0, -1)[:, None])
    never = constant(float(frontend.rows + 1))
    age = nodes("ReduceMin", nodes("Where", known, ages, never), over_rows, keepdims=0)
    recent = nodes("And", known, nodes("Less", newer, constant(float(DENSITY_OVER))))
    reach = nodes("ReduceMax", nodes("Where", recent, ages, constant(0.0)), over_rows, keepdims=0)
    counted = nodes("ReduceSum", nodes("Cast", recent, to=TensorProto.FLOAT), over_rows, keepdims=0)
    return age, nodes("Div", counted, nodes("Max", reach, constant(1.0)))


def _standard_values(nodes: Nodes, frontend: Frontend, measured: str) -> tuple[str, str]:
    """Standardised values [rows, C], and which of them [rows, C] (bool) are measured and believed.

    What lies outside the gauge's reach is not believed, and a value that lies alone, more than `margin` beyond all
    others of the history, is taken for a gross error until a second one confirms it.
    """
    constant = nodes.constant
    low, high = constant(frontend.lowest), constant(frontend.highest)
    reached = nodes("And", nodes("GreaterOrEqual", "history", low), nodes("LessOrEqual", "history", high))
    measured = nodes("And", measured, reached)
    raw = nodes("Where", measured, "history", constant(frontend.center))
    value = nodes("Div", nodes("Sub", raw, constant(frontend.center)), constant(frontend.spread))
    far, margin = constant(_FAR), constant(frontend.margin)
    two, second = constant([2], np.int64), constant(1, np.int64)
    believed = measured
    for sign in (1.0, -1.0):
        upward = nodes("Mul", value, constant(sign))
        seen = nodes("Where", measured, upward, nodes("Neg", far))
        ranked, _ = nodes.several("TopK", seen, two, outputs=2, axis=0, largest=1)
        edge = nodes("Gather", ranked, second, axis=0)
        # With a single measured value there is no second one, and nothing to lie beyond.
        edge = nodes("Where", nodes("Less", edge, constant(-_FAR / 2)), far, nodes("Add", edge, margin))
        believed = nodes("And", believed, nodes("LessOrEqual", upward, edge))
    return value, believed


def _readings(nodes: Nodes, frontend: Frontend) -> tuple[str, str, str]:
    """Standardised readings now [Q, 1] and then [Q, rows], and the tool changes [rows, Q] since each row."""
    constant = nodes.constant
    center, spread = constant(frontend.reading_center), constant(frontend.reading_spread)
    now = nodes("Div", nodes("Sub", "readings", center), spread)
    then = nodes("Div", nodes("Sub", "history_readings", center), spread)
    then = nodes("Where", nodes("IsNaN", then), now, then)
    now_row = nodes("Unsqueeze", now, nodes.axes(0))
    following = nodes("Concat", nodes("Slice", then, nodes.axes(1), nodes.axes(frontend.rows)), now_row, axis=0)
    dropped = nodes("Greater", nodes("Sub", then, following), constant(frontend.drop))
    changes = nodes(
        "CumSum", nodes("Cast", dropped, to=TensorProto.FLOAT), constant(0, np.int64), exclusive=0, reverse=1
    )
    return nodes("Unsqueeze", now, nodes.axes(1)), nodes("Transpose", then), changes


def _share_of_heads(nodes: Nodes, density: str, at: Sequence[float]) -> str:
    """Weights [H, C] of heads that stand at these rising densities: linear between two, the end ones beyond."""
    below = np.array([at[0] - _FAR, *at[:-1]])[:, None]
    above = np.array([*at[1:], at[-1] + _FAR])[:, None]
    here = np.array(at)[:, None]
    constant = nodes.constant
    rising = nodes("Div", nodes("Sub", density, constant(below)), constant(here - below))
    falling = nodes("Div", nodes("Sub", constant(above), density), constant(above - here))
    # The end heads' outer slopes are so flat that they pass 1 everywhere in 0..1.
    rising = nodes("Where", constant([[i == 0] for i in range(len(at))], np.bool_), constant(1.0), rising)
    falling = nodes(
        "Where", constant([[i == len(at) - 1] for i in range(len(at))], np.bool_), constant(1.0), falling
    )
    return nodes("Clip", nodes("Min", rising, falling), constant(0.0), constant(1.0))


def _model(nodes: Nodes, frontend: Frontend, outputs: dict[str, tuple[int, ...]]) -> bytes:
    count, readings = len(frontend.center), len(frontend.reading_center)
    inputs: dict[str, tuple[int, ...]] = {"history": (frontend.rows, count)}
    if readings:
        inputs |= {"history_readings": (frontend.rows, readings), "readings": (readings,)}
    graph = helper.make_graph(
        nodes.nodes,
        "forecast",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        nodes.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    encoded: bytes = model.SerializeToString()
    return encoded
