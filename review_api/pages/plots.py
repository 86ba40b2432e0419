"""Charts drawn on the server, for browsers that run no scripts: where everything lies in an SVG's own pixels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from quality.capability import Capability
from quality.characteristic import Limits
from quality.spc import Track

WIDTH = 1000
LEFT, RIGHT, TOP, BOTTOM = 70, 10, 12, 12
_ROOM = 0.08
_MOST_BINS = 24
_CURVE_POINTS = 48


@dataclass(frozen=True, slots=True)
class Line:
    """A horizontal or vertical line with its value."""

    at: float
    value: float


@dataclass(frozen=True, slots=True)
class TrackPlot:
    """One track: the curve through its points, and its centre and limits."""

    height: int
    path: str
    places: tuple[tuple[float, float] | None, ...]
    centre: Line
    lower: Line
    upper: Line


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a histogram; `outside` when its middle lies outside the limits."""

    left: float
    top: float
    width: float
    height: float
    outside: bool


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often which values were measured, with the limits and the normal distribution of all of them."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    limits: tuple[Line, ...]
    mean: Line
    curve: str


def x_of(index: float, count: int) -> float:
    """Where a point stands: each has the middle of an equal share of the width."""
    return round(LEFT + (index + 0.5) / count * (WIDTH - LEFT - RIGHT), 1)


def track_plot(track: Track, height: int) -> TrackPlot:
    """The track within `height` pixels; a value that is not known leaves a gap at the start."""
    known = [value for value in (*track.values, track.lower, track.upper) if value is not None]
    low, high = min(known), max(known)
    room = (high - low or 1.0) * _ROOM
    low, high = low - room, high + room

    def y_of(value: float) -> float:
        return round(TOP + (high - value) / (high - low) * (height - TOP - BOTTOM), 1)

    count = len(track.values)
    places = tuple(
        None if value is None else (x_of(i, count), y_of(value)) for i, value in enumerate(track.values)
    )
    return TrackPlot(
        height=height,
        path=" ".join(f"{x},{y}" for x, y in (place for place in places if place is not None)),
        places=places,
        centre=Line(y_of(track.centre), track.centre),
        lower=Line(y_of(track.lower), track.lower),
        upper=Line(y_of(track.upper), track.upper),
    )


def histogram(values: Sequence[float], found: Capability, limits: Limits, width: int, height: int) -> Histogram:
    """The values' histogram, with bins by Freedman and Diaconis's rule."""
    edges = np.histogram_bin_edges(np.asarray(values), bins="fd")
    if len(edges) - 1 > _MOST_BINS:
        edges = np.histogram_bin_edges(np.asarray(values), bins=_MOST_BINS)
    counts, edges = np.histogram(values, bins=edges)
    normal = NormalDist(found.mean, found.overall)
    shown = [limit for limit in (limits.lower, limits.upper) if math.isfinite(limit)]
    low, high = min(float(edges[0]), *shown), max(float(edges[-1]), *shown)
    room = (high - low) * _ROOM
    low, high = low - room, high + room
    step = float(edges[1] - edges[0])
    tallest = max(float(counts.max()), len(values) * step * normal.pdf(found.mean))

    def x(value: float) -> float:
        return round((value - low) / (high - low) * width, 1)

    def y(count: float) -> float:
        return round(height - count / tallest * (height - TOP), 1)

    grid = [low + i * (high - low) / (_CURVE_POINTS - 1) for i in range(_CURVE_POINTS)]
    return Histogram(
        width=width,
        height=height,
        bars=tuple(
            Bar(
                x(float(edges[i])),
                y(float(count)),
                round(x(float(edges[i + 1])) - x(float(edges[i])), 1),
                round(height - y(float(count)), 1),
                outside=not limits.contain(float(edges[i] + edges[i + 1]) / 2),
            )
            for i, count in enumerate(counts)
            if count
        ),
        limits=tuple(Line(x(limit), limit) for limit in shown),
        mean=Line(x(found.mean), found.mean),
        curve=" ".join(f"{x(each)},{y(len(values) * step * normal.pdf(each))}" for each in grid),
    )
