"""What one version of a control plan says differently from another, item by item."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

NAMED_BY = ("name", "reading", "code")
"""What an item of a list is called by, the first of these that it has."""
BESIDE = frozenset({"version"})
"""What follows from the rest."""


class Different(StrEnum):
    """How an entry differs."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"
    CHANGED = "CHANGED"


@dataclass(frozen=True, slots=True)
class Difference:
    """One entry of the plan that is not as it was: `path` leads to it by field and by the names of items."""

    path: tuple[str, ...]
    how: Different
    before: object
    after: object


def differences(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[Difference, ...]:
    """What differs between two plans given as plain values, in the order of the newer one.

    The items of a list that have names are compared by them: their order is not told of.
    """
    return tuple(
        _between((), _without(before, BESIDE), _without(after, BESIDE)),
    )


def _between(path: tuple[str, ...], before: object, after: object) -> Iterator[Difference]:
    if before == after:
        return
    old, new = _entries(before), _entries(after)
    if old is None or new is None:
        yield Difference(path, Different.CHANGED, before, after)
        return
    for name, value in new.items():
        if name in old:
            yield from _between((*path, name), old[name], value)
        else:
            yield Difference((*path, name), Different.ADDED, None, value)
    for name, value in old.items():
        if name not in new:
            yield Difference((*path, name), Different.REMOVED, value, None)


def _entries(value: object) -> Mapping[str, object] | None:
    """What the value is made of, by name; None for one that is compared as a whole."""
    if isinstance(value, Mapping):
        return value
    if not isinstance(value, Sequence) or isinstance(value, str):
        return None
    names = [_name(item) for item in value]
    if not all(names) or len(set(names)) < len(names):
        return None
    return dict(zip(names, value, strict=True))


def _name(item: object) -> str:
    if not isinstance(item, Mapping):
        return ""
    named = next((str(item[key]) for key in NAMED_BY if item.get(key)), "")
    # A reason's code is its own only among those for one kind of decision.
    return f"{item['kind']} {named}" if named and "kind" in item else named


def _without(content: Mapping[str, object], fields: frozenset[str]) -> dict[str, object]:
    return {name: value for name, value in content.items() if name not in fields}
