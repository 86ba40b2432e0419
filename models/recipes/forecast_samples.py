"""From a recording to what is learned from: the graph's frontend, and its features for every part.

The features are computed by the very graph that will serve, so learning and serving cannot disagree.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.session import open_session
from models.recipes.forecast_fit import MAD_TO_SD, Samples
from models.recipes.forecast_graph import Array, Frontend, feature_graph
from quality.recording import PartHistory

MARGIN = 8.0
"""Spreads by which one value alone may lie beyond all others of the history and be believed."""
LEAP = 4.0
"""Standard deviations of a reading's own noise beyond which a movement is more than noise."""
EXPLAINING_SHRINKAGE = 0.01
SPIKE = 12.0
"""Spreads by which a value must lie off both its neighbours to be a gross error that nothing is learned from."""
GAUGE_REACH = 8.0
"""Limit widths beyond the limits up to which a gauge's word is taken."""
WARM_UP = 20
"""Parts at the start that serve as history only."""
FEWEST_VALUES, FEWEST_CHANGES = 20, 2
"""Measured values to learn a characteristic from, and drops that make a reading a tool's counter."""
NEVER = 1e6
"""A drop that no reading makes: it is no counter."""


def frontend_of(history: PartHistory, rows: int) -> Frontend:
    """The frontend that suits the recording, with nothing forgotten at tool changes yet."""
    center, spread, lowest, highest = (
        np.array(column)
        for column in zip(*(_standard(history, c) for c in range(len(history.characteristics))), strict=True)
    )
    readings = history.readings
    quantity = readings.shape[1]
    reading_center, reading_spread = np.zeros(quantity), np.ones(quantity)
    drop = np.full(quantity, NEVER)
    for q in range(quantity):
        values = readings[np.isfinite(readings[:, q]), q]
        if len(values):
            reading_center[q] = values.mean()
            reading_spread[q] = max(float(values.std()), 1e-6 * max(1.0, abs(reading_center[q])))
            drop[q] = _drop_of_counter(values) / reading_spread[q]
    unexplained, leap = _unexplained((readings - reading_center) / reading_spread)
    return Frontend(
        rows=rows,
        center=center,
        spread=spread,
        lowest=lowest,
        highest=highest,
        margin=MARGIN,
        bottom=np.array([_bottom(history, c) for c in range(len(center))]),
        unknown=np.nanstd(within_reach(history.measured, lowest, highest), axis=0) / spread + 1e-3,
        reading_center=reading_center,
        reading_spread=reading_spread,
        unexplained=unexplained,
        leap=leap,
        drop=np.minimum(drop, NEVER),
        forget=np.zeros((quantity, len(center))),
    )


def with_forgetting(frontend: Frontend, kept: list[tuple[int | None, float]]) -> Frontend:
    """The frontend in which each characteristic keeps that weight of what lies before a change of that counter."""
    forget = np.zeros_like(frontend.forget)
    for c, (counter, weight) in enumerate(kept):
        if counter is not None:
            forget[counter, c] = np.log(weight)
    return replace(frontend, forget=forget)


def counters_of(frontend: Frontend) -> list[int]:
    """The readings that count up and drop at a tool change."""
    return [int(q) for q in np.flatnonzero(frontend.drop < NEVER)]


def feeds_of(
    history: PartHistory, frontend: Frontend, gap: int, offset: int
) -> Iterator[tuple[int, dict[str, NDArray[np.float32]]]]:
    """Each part's index and what the graph takes for it, if every `gap`-th part from `offset` on was measured."""
    rows, quantity = frontend.rows, frontend.reading_center.size
    parts = np.arange(len(history))
    readings = history.readings.astype(np.float32)
    # A reading missing at the part itself is taken from the part before: no forecast is made without.
    now = _filled(readings, frontend)
    seen = np.where((parts % gap == offset)[:, None], history.measured, np.nan).astype(np.float32)
    seen = np.concatenate([np.full((rows, len(frontend.center)), np.nan, np.float32), seen])
    before = np.concatenate([np.full((rows, quantity), np.nan, np.float32), readings])
    for part in range(len(history)):
        feed = {"history": seen[part : part + rows]}
        if quantity:
            feed |= {"history_readings": before[part : part + rows], "readings": now[part]}
        yield part, feed


def samples_of(
    history: PartHistory, frontend: Frontend, gap: int, offsets: list[int], *, likeness: bool = True
) -> Samples:
    """Features and targets of every part, as if every `gap`-th part had been measured.

    Each of the offsets, 0 to gap - 1, gives its own samples. Without `likeness`, which takes most of the time,
    what it would have forecast is NaN.
    """
    session = open_session(feature_graph(frontend, likeness=likeness))
    quantity, count = frontend.reading_center.size, len(frontend.center)
    names = ["averages", "scale_features"]
    names += ["moved", "leapt"] if quantity else []
    names += ["likeness"] if likeness else []
    collected: list[tuple[int, dict[str, NDArray[Any]]]] = []
    for offset in offsets:
        for part, feed in feeds_of(history, frontend, gap, offset):
            if part >= WARM_UP:
                collected.append((part, dict(zip(names, session.run(names, feed), strict=True))))
    collected.sort(key=lambda entry: entry[0])
    order = np.array([part for part, _ in collected])

    def stacked(name: str) -> Array:
        return np.stack([features[name] for _, features in collected]).astype(np.float64)

    averages = stacked("averages")
    nothing = np.zeros((len(order), averages.shape[1], 0, count))
    target = without_spikes(within_reach(history.measured, frontend.lowest, frontend.highest), frontend.spread)
    return Samples(
        density=1.0 / gap,
        part=order,
        target=((target - frontend.center) / frontend.spread)[order],
        averages=averages,
        moved=stacked("moved") if quantity else nothing,
        leapt=stacked("leapt") if quantity else nothing,
        likeness=stacked("likeness") if likeness else np.full((len(order), count), np.nan),
        scale_features=stacked("scale_features"),
    )


def _standard(history: PartHistory, c: int) -> tuple[float, float, float, float]:
    """Center, spread, lowest and highest of one characteristic: robust, so that gross errors do not set them."""
    characteristic = history.characteristics[c]
    values = history.measured[np.isfinite(history.measured[:, c]), c]
    if len(values) < FEWEST_VALUES:
        raise ValueError(f"{characteristic.name} was hardly ever measured; record more parts or drop it")
    center = float(np.median(values))
    low, high = np.quantile(values, [0.05, 0.95])
    lower, upper = max(characteristic.limits.lower, _bottom(history, c)), characteristic.limits.upper
    width = upper - lower if np.isfinite(upper) and lower > -NEVER else float(high - low)
    spread = max(_noise(values), 1e-3 * float(high - low) or 1e-3 * width, 1e-9)
    lowest = min(lower if lower > -NEVER else low, low) - GAUGE_REACH * width
    highest = max(upper if np.isfinite(upper) else high, high) + GAUGE_REACH * width
    return center, spread, float(lowest), float(highest)


def within_reach(measured: Array, lowest: Array, highest: Array) -> Array:
    """The measured values [parts, C], NaN for those outside the gauge's reach [C]."""
    with np.errstate(invalid="ignore"):
        return np.where((measured >= lowest) & (measured <= highest), measured, np.nan)


def without_spikes(measured: Array, spread: Array) -> Array:
    """The measured values [parts, C], NaN for those that stand alone far from both neighbours that agree."""
    cleaned = measured.copy()
    for c, width in enumerate(spread):
        at = np.flatnonzero(np.isfinite(measured[:, c]))
        values = measured[at, c]
        before, here, after = values[:-2], values[1:-1], values[2:]
        off = np.minimum(np.abs(here - before), np.abs(here - after)) > SPIKE * width
        cleaned[at[1:-1][off & (np.abs(after - before) < SPIKE / 2 * width)], c] = np.nan
    return cleaned


def _noise(values: Array) -> float:
    """The standard deviation of what changes from one part to the next."""
    return MAD_TO_SD * float(np.median(np.abs(np.diff(values)))) / float(np.sqrt(2)) if len(values) > 1 else 0.0


def _bottom(history: PartHistory, c: int) -> float:
    """Zero for a magnitude (no lower limit, never seen below zero), as of a roughness; far below otherwise."""
    values = history.measured[np.isfinite(history.measured[:, c]), c]
    return 0.0 if np.isinf(history.characteristics[c].limits.lower) and values.min() >= 0 else -NEVER


def _unexplained(standard: Array) -> tuple[Array, Array]:
    """What takes out of each standardised reading [parts, Q] the part that the others explain, as a matrix
    [Q, Q], and how far [Q] the rest has to move to be more than noise.
    """
    filled = np.where(np.isfinite(standard), standard, 0.0)
    quantity = filled.shape[1]
    left = np.eye(quantity)
    for q in range(quantity):
        rest = [other for other in range(quantity) if other != q]
        among = filled[:, rest]
        shrink = EXPLAINING_SHRINKAGE * len(filled) * np.eye(len(rest))
        left[q, rest] = -np.linalg.solve(among.T @ among + shrink, among.T @ filled[:, q])
    alone = filled @ left.T
    return left, np.array([LEAP * _noise(alone[:, q]) for q in range(quantity)])


def _drop_of_counter(values: Array) -> float:
    """How far a reading that counts up drops at a tool change at least, in its unit; infinite for no counter."""
    steps = np.diff(values)
    rising = steps[steps > 0]
    if len(rising) < 0.8 * len(steps) or not len(rising):
        return np.inf
    threshold = 5.0 * float(np.median(rising))
    return threshold if (steps < -threshold).sum() >= FEWEST_CHANGES else np.inf


def _filled(readings: NDArray[np.float32], frontend: Frontend) -> NDArray[np.float32]:
    filled = readings.copy()
    last = frontend.reading_center.astype(np.float32)
    for row in filled:
        missing = np.isnan(row)
        row[missing] = last[missing]
        last = row
    return filled
