"""Containment: which parts are suspect because one was found nonconforming, and which the same tool has made.

Whatever made one part nonconforming began some time after the last part known to be good, and ended some time
before the next one. What passed in between and was not measured is suspect.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Passage:
    """One part's passage through the station, in the order made, under the number it is recorded by.

    `conforms` is what its measurement says, None when it was not measured. `counters` are the tools' readings.
    """

    number: int
    conforms: bool | None
    counters: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Containment:
    """The passages that are suspect because of passage `about`, in the order made, itself left out.

    They lie between `last_good` and `next_good`; None where no good part is known on that side, so that there may
    be more of them than were looked at.
    """

    about: int
    last_good: int | None
    next_good: int | None
    suspects: tuple[int, ...]


def contain(passages: Sequence[Passage], about: int) -> Containment:
    """What is suspect because of `about`, among passages in the order made. Raises KeyError when it is not one."""
    place = _place(passages, about)
    before, last_good = _until_good(reversed(passages[:place]))
    after, next_good = _until_good(passages[place + 1 :])
    return Containment(about, last_good, next_good, (*reversed(before), *after))


def same_tool(passages: Sequence[Passage], about: int, counter: str) -> tuple[int, ...]:
    """The passages made with the tool that made `about`, itself included: until the tool's counter was set back.

    A passage without that reading changes nothing. Raises KeyError when `about` is not among them.
    """
    place = _place(passages, about)
    start, end = 0, len(passages)
    age = None
    for i, passage in enumerate(passages):
        now = passage.counters.get(counter)
        if now is None:
            continue
        if age is not None and now < age:
            if i <= place:
                start = i
            else:
                end = i
                break
        age = now
    return tuple(passage.number for passage in passages[start:end])


def _place(passages: Sequence[Passage], about: int) -> int:
    for i, passage in enumerate(passages):
        if passage.number == about:
            return i
    raise KeyError(about)


def _until_good(passages: Iterable[Passage]) -> tuple[list[int], int | None]:
    suspects: list[int] = []
    for passage in passages:
        if passage.conforms:
            return suspects, passage.number
        suspects.append(passage.number)
    return suspects, None
