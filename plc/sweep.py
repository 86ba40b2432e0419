"""One sweep over a device's registers in the fewest requests, all of one part, and nothing new believed at once.

Modbus TCP has no checksum of its own: a reply whose registers were changed on the way is as well formed as any
other. So what differs from what is believed already counts only when a second sweep, right behind the first,
shows it too, word for word. Decision 0009 says what that leaves.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Final

from plc.link import ModbusLink
from plc.tags import MAX_READ, RegisterImage, Span, Tag, coalesce, decode
from quality.evidence import NoEvidence, Reading
from quality.ports import Clock, EquipmentError
from quality.saying import saying

READS: Final = 5
"""How often everything is read until two sweeps agree."""

_Words = tuple[Sequence[int], ...]
_Pick = Callable[[Sequence[int]], object]


@dataclass(frozen=True, slots=True)
class Sight:
    """What two sweeps agreed on. `seen_at` and `monotonic` (s) are when the first of them was complete.

    `unsettled` are the tags that went on changing from sweep to sweep: they say nothing.
    """

    image: RegisterImage
    seen_at: datetime
    monotonic: float
    unsettled: frozenset[Tag] = frozenset()

    def reading(self, tag: Tag) -> Reading | NoEvidence:
        """The tag's value in its unit, or why there is none."""
        if tag in self.unsettled:
            return NoEvidence(
                tag.where,
                saying("reads differently {times} times in a row", times=READS),
                saying("let the PLC keep the readings of a part while it stands in the station"),
            )
        return decode(tag, self.image, self.seen_at)


@dataclass(frozen=True, slots=True)
class _Look:
    words: _Words
    at: datetime
    monotonic: float


class Sweep:
    """Reads blocks and tags together.

    Two sweeps agree when every word of blocks and tags does, except the one at the address `beat`, which changes
    by itself. With more than one request the first block, which says which part it is, comes first; since it is
    the same in both sweeps, and no part comes back, what was read between its two readings is of that part.
    """

    def __init__(
        self,
        link: ModbusLink,
        clock: Clock,
        blocks: Sequence[Span],
        tags: Iterable[Tag],
        *,
        max_gap: int,
        max_count: int = MAX_READ,
        beat: int | None = None,
    ) -> None:
        self._link = link
        self._clock = clock
        self._tags = tuple(tags)
        spans = coalesce(self._tags, blocks, max_count=max_count, max_gap=max_gap)
        self._spans = sorted(spans, key=lambda span: not span.start <= blocks[0].start < span.end)
        """The request with the first block first, the others by address."""
        steady = {address for block in blocks for address in range(block.start, block.end)} - {beat}
        of_tags = {address for tag in self._tags for address in range(tag.address, tag.address + tag.words)}
        self._blocks = [_picker(span, steady) for span in self._spans]
        self._all = [_picker(span, steady | of_tags) for span in self._spans]
        self._believed: _Words | None = None

    async def read(self) -> Sight:
        """The registers as they were for one part. Raises EquipmentError."""
        looks: list[_Look] = []
        for _ in range(READS):
            words = await self._words()
            look = _Look(words, self._clock.now(), self._clock.monotonic())
            if self._believed is not None and _agree(self._all, self._believed, words):
                return Sight(self._image(words), look.at, look.monotonic)
            earlier = next((one for one in looks if _agree(self._all, one.words, words)), None)
            if earlier is not None:
                self._believed = words
                return Sight(self._image(words), earlier.at, earlier.monotonic)
            looks.append(look)
        *before, last = looks
        for look in reversed(before):
            if _agree(self._blocks, look.words, last.words):
                unsettled = self._unsettled(look.words, last.words)
                return Sight(self._image(look.words), look.at, look.monotonic, unsettled)
        raise EquipmentError(
            saying(
                "{address}: parts came faster than status and readings could be read ({count} requests, {times}"
                " times in a row); put the readings close behind the status, and let nothing but the heartbeat"
                " change with every scan",
                address=str(self._link.address),
                count=len(self._spans),
                times=READS,
            )
        )

    def _unsettled(self, one: _Words, other: _Words) -> frozenset[Tag]:
        first, second = self._image(one), self._image(other)
        return frozenset(
            tag
            for tag in self._tags
            if first.words(tag.address, tag.words) != second.words(tag.address, tag.words)
        )

    def _image(self, words: _Words) -> RegisterImage:
        return RegisterImage(zip(self._spans, words, strict=True))

    async def _words(self) -> _Words:
        return tuple([await self._link.read_registers(span.start, span.count) for span in self._spans])


def _picker(span: Span, wanted: set[int]) -> _Pick:
    """Takes from a request's words those at the wanted addresses."""
    places = [address - span.start for address in range(span.start, span.end) if address in wanted]
    return itemgetter(*places) if places else lambda _: None


def _agree(picks: Iterable[_Pick], one: _Words, other: _Words) -> bool:
    return all(pick(a) == pick(b) for pick, a, b in zip(picks, one, other, strict=True))
