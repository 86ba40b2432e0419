"""What variables of the reference block hold: numbers of a fixed width, arrays with bounds, structures, timers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

WIDTHS: Final[Mapping[str, tuple[int, bool]]] = {
    "WORD": (16, False),
    "UINT": (16, False),
    "INT": (16, True),
    "DWORD": (32, False),
    "UDINT": (32, False),
    "DINT": (32, True),
}
"""Bits, and whether there is a sign."""


def fit(kind: str, value: Any) -> Any:
    """The value as a variable of that elementary type keeps it; what a compiler would refuse is a TypeError."""
    if kind == "TIME":
        return float(value)
    if (kind == "BOOL") != isinstance(value, bool):
        raise TypeError(f"{value!r} is no {kind}")
    if kind == "BOOL":
        return value
    bits, signed = WIDTHS[kind]
    value &= (1 << bits) - 1
    return value - (1 << bits) if signed and value >> (bits - 1) else value


def negated(value: Any) -> bool:
    """NOT, which the block uses on BOOL alone."""
    return not fit("BOOL", value)


def steps(first: int, last: int, by: int = 1) -> Iterator[int]:
    """The values of a FOR loop, both ends included."""
    return iter(range(first, last + (1 if by > 0 else -1), by))


class Array:
    """Elements from `first` on; an index outside is an IndexError, which on a PLC is another variable."""

    def __init__(self, first: int, elements: list[Any]) -> None:
        self.first = first
        self.elements = elements

    def __getitem__(self, index: int) -> Any:
        return self.elements[self._at(index)]

    def __setitem__(self, index: int, value: Any) -> None:
        self.elements[self._at(index)] = value

    def _at(self, index: int) -> int:
        if not self.first <= index < self.first + len(self.elements):
            raise IndexError(f"{index} is outside {self.first}..{self.first + len(self.elements) - 1}")
        return index - self.first


class Record:
    """A structure, or the variables of a block."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.__dict__.update(fields)


class Ton:
    """The on-delay timer of IEC 61131-3: Q once IN has been true for PT seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: float | None = None
        self.Q = False

    def __call__(self, *, IN: bool, PT: float) -> None:  # noqa: N803 - their names in the standard
        if not IN:
            self._since = None
        elif self._since is None:
            self._since = self._clock()
        self.Q = self._since is not None and self._clock() - self._since >= PT


def copied(value: Any) -> Any:
    """Assignment copies arrays and structures."""
    return deepcopy(value) if isinstance(value, Array | Record) else value
