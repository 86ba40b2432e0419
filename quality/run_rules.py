"""The rules that tell a change of the process from its ordinary variation, on a chart's points in the order made.

Nelson's eight tests: L. S. Nelson, *The Shewhart Control Chart: Tests for Special Causes*, Journal of Quality
Technology 16(4), 1984. The four of Western Electric: *Statistical Quality Control Handbook*, 1956; their last one
asks for eight points on one side where Nelson asks for nine. Rule 8 is meant as Nelson wrote it: on both sides.

Each rule more finds more and cries wolf more. While nothing happens, the first point beyond the limits comes after
370 points on average, the first signal of the four after 90, that of the eight after 70.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Points = NDArray[np.bool_]


class Rule(StrEnum):
    """A pattern that a process in control shows rarely. Zones are counted in standard deviations of a point."""

    NELSON_1 = "NELSON_1"
    """One point beyond 3."""
    NELSON_2 = "NELSON_2"
    """Nine points in a row on one side of the centre."""
    NELSON_3 = "NELSON_3"
    """Six points in a row, each higher than the one before, or each lower."""
    NELSON_4 = "NELSON_4"
    """Fourteen points in a row, up and down by turns."""
    NELSON_5 = "NELSON_5"
    """Two of three points in a row beyond 2 on the same side."""
    NELSON_6 = "NELSON_6"
    """Four of five points in a row beyond 1 on the same side."""
    NELSON_7 = "NELSON_7"
    """Fifteen points in a row within 1."""
    NELSON_8 = "NELSON_8"
    """Eight points in a row beyond 1, on both sides."""
    WESTERN_ELECTRIC_1 = "WESTERN_ELECTRIC_1"
    """As the first of Nelson's."""
    WESTERN_ELECTRIC_2 = "WESTERN_ELECTRIC_2"
    """As the fifth of Nelson's."""
    WESTERN_ELECTRIC_3 = "WESTERN_ELECTRIC_3"
    """As the sixth of Nelson's."""
    WESTERN_ELECTRIC_4 = "WESTERN_ELECTRIC_4"
    """Eight points in a row on one side of the centre."""
    SPREAD = "SPREAD"
    """A range or moving range beyond its limits; its distribution has no zones for the other rules."""


class RuleSet(StrEnum):
    """Which rules are looked at together."""

    LIMITS = "limits"
    WESTERN_ELECTRIC = "western_electric"
    NELSON = "nelson"


RULES: dict[RuleSet, tuple[Rule, ...]] = {
    RuleSet.LIMITS: (Rule.NELSON_1,),
    RuleSet.WESTERN_ELECTRIC: tuple(rule for rule in Rule if rule.startswith("WESTERN_ELECTRIC")),
    RuleSet.NELSON: tuple(rule for rule in Rule if rule.startswith("NELSON")),
}


@dataclass(frozen=True, slots=True)
class Signal:
    """One occurrence of a rule's pattern: the positions of the points that make it up, in the order made."""

    rule: Rule
    points: tuple[int, ...]


def signals(values: Sequence[float], centre: float, sigma: float, rules: Sequence[Rule]) -> tuple[Signal, ...]:
    """Every occurrence of these rules, by its first point; one that goes on is one occurrence.

    `sigma` is the standard deviation of a point. Raises ValueError when it is not above 0 or a value is not
    finite.
    """
    points = np.asarray(values, dtype=float)
    if not sigma > 0 or not np.isfinite(points).all():
        raise ValueError(f"run rules: sigma {sigma} must be above 0, and every value a number")
    scaled = (points - centre) / sigma
    found = [Signal(rule, each) for rule in rules for each in _occurrences(rule, scaled)]
    return tuple(sorted(found, key=lambda signal: (signal.points, signal.rule)))


def _occurrences(rule: Rule, scaled: Values) -> list[tuple[int, ...]]:
    pattern = _PATTERNS[rule]
    if len(scaled) < pattern.length:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(scaled, pattern.length)
    return [each for which in pattern.looks for each in _joined(which(windows))]


def _joined(made_of: Points) -> list[tuple[int, ...]]:
    """Occurrences in windows that overlap are one; `made_of` [windows, length] marks the points of each."""
    length = made_of.shape[1]
    joined: list[set[int]] = []
    end = -1
    for start in np.flatnonzero(made_of.any(axis=1)):
        points = {int(start + i) for i in np.flatnonzero(made_of[start])}
        if start <= end:
            joined[-1] |= points
        else:
            joined.append(points)
        end = start + length - 1
    return [tuple(sorted(points)) for points in joined]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Each of `looks` takes windows [windows, length] of scaled points and marks what makes the pattern up."""

    length: int
    looks: tuple[Callable[[Values], Points], ...]


def _whole(tested: Points, windows: Values) -> Points:
    """Every point of the windows in which the whole test is passed."""
    return np.broadcast_to(np.all(tested, axis=1, keepdims=True), windows.shape)


def _all(test: Callable[[Values], Points]) -> Callable[[Values], Points]:
    """Every point of the window passes the test."""
    return lambda windows: _whole(test(windows), windows)


def _some(count: int, test: Callable[[Values], Points]) -> Callable[[Values], Points]:
    """At least `count` points of the window pass the test; they make the pattern up, not those between them."""

    def look(windows: Values) -> Points:
        passing = test(windows)
        enough: Points = np.count_nonzero(passing, axis=1, keepdims=True) >= count
        return np.logical_and(passing, enough)

    return look


def _steps(test: Callable[[Values], Points]) -> Callable[[Values], Points]:
    """Every step from point to point passes the test."""
    return lambda windows: _whole(test(np.diff(windows, axis=1)), windows)


def _by_turns(windows: Values) -> Points:
    steps = np.diff(windows, axis=1)
    return _whole(steps[:, 1:] * steps[:, :-1] < 0, windows)


def _mixture(windows: Values) -> Points:
    both = np.any(windows > 0, axis=1, keepdims=True) & np.any(windows < 0, axis=1, keepdims=True)
    return _whole((np.abs(windows) > 1) & both, windows)


def _above(bound: float) -> Callable[[Values], Points]:
    return lambda points: points > bound


def _below(bound: float) -> Callable[[Values], Points]:
    return lambda points: points < bound


def _one_side(length: int) -> _Pattern:
    return _Pattern(length, (_all(_above(0)), _all(_below(0))))


def _several(count: int, length: int, bound: float) -> _Pattern:
    return _Pattern(length, (_some(count, _above(bound)), _some(count, _below(-bound))))


_PATTERNS: dict[Rule, _Pattern] = {
    Rule.NELSON_1: _several(1, 1, 3),
    Rule.NELSON_2: _one_side(9),
    Rule.NELSON_3: _Pattern(6, (_steps(_above(0)), _steps(_below(0)))),
    Rule.NELSON_4: _Pattern(14, (_by_turns,)),
    Rule.NELSON_5: _several(2, 3, 2),
    Rule.NELSON_6: _several(4, 5, 1),
    Rule.NELSON_7: _Pattern(15, (_all(lambda points: np.abs(points) < 1),)),
    Rule.NELSON_8: _Pattern(8, (_mixture,)),
    Rule.WESTERN_ELECTRIC_1: _several(1, 1, 3),
    Rule.WESTERN_ELECTRIC_2: _several(2, 3, 2),
    Rule.WESTERN_ELECTRIC_3: _several(4, 5, 1),
    Rule.WESTERN_ELECTRIC_4: _one_side(8),
}
