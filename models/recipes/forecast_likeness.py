"""Forecasting by likeness: what the earlier parts that are near in time, or alike in their readings, came to.

A Gaussian process over the measured parts of the history (Rasmussen and Williams, *Gaussian Processes for Machine
Learning*, 2006, chapter 2, algorithm 2.1), as nodes of an ONNX graph. It learns on the line itself: a fault that
the recording never held is forecast from the second part on that reads like the first one that had it.
Its equations are solved by conjugate gradients (Hestenes and Stiefel, 1952), unrolled.
"""

from dataclasses import dataclass

import numpy as np

from models.recipes.forecast_nodes import Nodes

_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Kernel:
    """How much two parts have to do with each other; amplitudes in spreads of the characteristic, times in parts.

    A part shares a `quick` and a `slow` wander of the process with those near it, and with parts whose readings
    are within about `alike_width` reading spreads of its own (averaged over the readings) something that lasts
    `alike_time`. `noise` is what no other part says anything about. The numbers are a prior, and not fitted: a
    recording too quiet to show what a fault looks like cannot choose them.
    """

    quick: float = 1.0
    quick_time: float = 5.0
    slow: float = 1.0
    slow_time: float = 100.0
    alike: float = 2.0
    alike_time: float = 200.0
    alike_width: float = 1.0
    noise: float = 1.5
    steps: int = 12
    """Of the conjugate gradients; further ones move the mean by less than a hundredth of a spread."""


def likeness_nodes(
    nodes: Nodes,
    kernel: Kernel,
    rows: int,
    *,
    value: str,
    trust: str,
    level: str,
    recent: str,
    readings: tuple[str, str] | None,
) -> tuple[str, str, str]:
    """Mean [C], its doubt [C] (the standard deviation of the next part about it) and unrest [C], all in spreads.

    `value` [rows, C] are standardised values; `trust` [rows, C] is 0 for what is not known or believed, 1 for what
    is, and less for what a tool change made old: a part of trust t counts like one with noise / t. `level` [C] is
    what is returned to where nothing is like the part. `readings` are standardised ones, now [Q, 1] and then
    [Q, rows]. Unrest is the root mean square of what the process took for noise on the parts weighed by `recent`
    [rows, C], so that a fault it could explain does not count.
    """
    constant = nodes.constant
    over_rows = nodes.axes(0)
    between, towards = _kernel(nodes, kernel, rows, readings)
    about = nodes("Mul", trust, nodes("Sub", value, level))
    sought = nodes("Concat", nodes("Mul", trust, towards), about, axis=1)
    noise = constant(kernel.noise**2)
    solved = _solve(nodes, between, nodes("Concat", trust, trust, axis=1), noise, sought, kernel.steps)
    weight, cause = nodes.several("Split", solved, outputs=2, axis=1, num_outputs=2)
    mean = nodes("Add", level, nodes("ReduceSum", nodes("Mul", weight, about), over_rows, keepdims=0))
    known = nodes("ReduceSum", nodes("Mul", nodes("Mul", trust, towards), weight), over_rows, keepdims=0)
    amplitude = kernel.quick**2 + kernel.slow**2 + (kernel.alike**2 if readings else 0.0)
    variance = nodes("Max", nodes("Sub", constant(amplitude), known), constant(0.0))
    doubt = nodes("Sqrt", nodes("Add", variance, noise))
    noises = nodes("Mul", cause, noise)
    power = nodes("Mul", nodes("Mul", noises, noises), recent)
    return mean, doubt, nodes("Sqrt", nodes("ReduceSum", power, over_rows, keepdims=0))


def _kernel(nodes: Nodes, kernel: Kernel, rows: int, readings: tuple[str, str] | None) -> tuple[str, str]:
    """The kernel between the rows [rows, rows] and of each with the part itself [rows, 1]."""
    at = np.arange(rows + 1)
    apart = np.abs(at[:rows, None] - at[None, :])
    near = kernel.quick**2 * np.exp(-apart / kernel.quick_time)
    near += kernel.slow**2 * np.exp(-apart / kernel.slow_time)
    whole = nodes.constant(near)
    if readings is not None:
        now, then = readings
        width = nodes.constant(kernel.alike_width)
        each = nodes("Div", then, width)
        all_of_them = nodes("Concat", each, nodes("Div", now, width), axis=1)
        off = nodes("Sub", nodes("Unsqueeze", each, nodes.axes(2)), nodes("Unsqueeze", all_of_them, nodes.axes(1)))
        alike = nodes("Exp", nodes("Mul", nodes("Mul", off, off), nodes.constant(-0.5)))
        alike = nodes("ReduceMean", alike, nodes.axes(0), keepdims=0)
        lasting = kernel.alike**2 * np.exp(-apart / kernel.alike_time)
        whole = nodes("Add", whole, nodes("Mul", alike, nodes.constant(lasting)))
    split = nodes.constant([rows, 1], np.int64)
    between, towards = nodes.several("Split", whole, split, outputs=2, axis=1)
    return between, towards


def _solve(nodes: Nodes, between: str, trust: str, noise: str, sought: str, steps: int) -> str:
    """The x of (T K T + noise) x = sought, each column with its own trust T: equations with one matrix K."""
    over_rows, tiny = nodes.axes(0), nodes.constant(_TINY)

    def squared(one: str, other: str) -> str:
        return nodes("ReduceSum", nodes("Mul", one, other), over_rows, keepdims=1)

    found, left, direction = "", sought, sought
    power = squared(left, left)
    for step in range(steps):
        seen = nodes("Mul", trust, nodes("MatMul", between, nodes("Mul", trust, direction)))
        seen = nodes("Add", seen, nodes("Mul", direction, noise))
        along = nodes("Div", power, nodes("Add", squared(direction, seen), tiny))
        gone = nodes("Mul", along, direction)
        found = nodes("Add", found, gone) if found else gone
        if step == steps - 1:
            break
        left = nodes("Sub", left, nodes("Mul", along, seen))
        before, power = power, squared(left, left)
        turn = nodes("Div", power, nodes("Add", before, tiny))
        direction = nodes("Add", left, nodes("Mul", turn, direction))
    return found
