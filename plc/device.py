"""A further device on the line, such as the milling machine's own controller, that brings readings of a part.

Whether they are of the part in the station is the question here. A device with a `cycle` tag says it: the tag
must have the gate's cycle sequence, before and behind the readings. A device without one can only be read after
the trigger; its values are live and differ from one read to the next, so each is read three times and the middle
one counts, which no single damaged reply can be.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from plc.link import ModbusLink
from plc.sweep import Sweep
from plc.tags import MAX_READ, RegisterImage, Span, Tag, TagType, coalesce, decode, number_of
from quality.evidence import NoEvidence, Reading
from quality.ports import Clock, EquipmentError
from quality.saying import Saying, saying, told

FIRST_POLL_S: Final = 0.005
LONGEST_POLL_S: Final = 0.05
_LIVE_READS: Final = 3
_COUNTERS: Final = frozenset({TagType.UINT16, TagType.UINT32})


@dataclass(frozen=True, slots=True)
class DeviceLayout:
    """What is read, and within how many seconds everything of one part. `cycle` says of which part it is.

    At most `max_count` registers come by one request, and at most `max_gap` that nobody asked for are read
    across. Raises ValueError for a `cycle` of another type than uint16, which wraps, or uint32.
    """

    tags: tuple[Tag, ...]
    cycle: Tag | None = None
    within_s: float = 1.0
    max_gap: int = 16
    max_count: int = MAX_READ

    def __post_init__(self) -> None:
        if self.cycle is not None and self.cycle.type not in _COUNTERS:
            raise ValueError(f"{self.cycle.where}: a cycle is of type uint16 or uint32")


class ModbusDevice:
    """`quality.ports.Device` over Modbus."""

    def __init__(self, link: ModbusLink, layout: DeviceLayout, clock: Clock) -> None:
        self._link = link
        self._layout = layout
        self._clock = clock
        gap, count = layout.max_gap, layout.max_count
        self._spans = coalesce(layout.tags, max_count=count, max_gap=gap)
        self._sweep: Sweep | None = None
        if layout.cycle is not None:
            block = Span(layout.cycle.address, layout.cycle.words)
            self._sweep = Sweep(link, clock, (block,), layout.tags, max_gap=gap, max_count=count)

    @property
    def names_part(self) -> bool:
        """True when the device itself says of which cycle its readings are."""
        return self._layout.cycle is not None

    async def close(self) -> None:
        """Closes the link."""
        await self._link.close()

    async def read(self, sequence: int) -> tuple[Reading | NoEvidence, ...]:
        """The readings of the part of that cycle, or one NoEvidence that names the device and why."""
        deadline = self._clock.monotonic() + self._layout.within_s
        try:
            async with asyncio.timeout(self._layout.within_s):
                if self._layout.cycle is None:
                    return await self._live()
                return await self._of(sequence, self._layout.cycle, deadline)
        except TimeoutError:
            return (
                self._missing(
                    saying("its readings did not come within {within} s", within=f"{self._layout.within_s:g}")
                ),
            )
        except EquipmentError as error:
            return (self._missing(_besides(error, self._link.address)),)

    async def _live(self) -> tuple[Reading | NoEvidence, ...]:
        seen = [await self._look() for _ in range(_LIVE_READS)]
        return tuple(_middle(decodings) for decodings in zip(*seen, strict=True))

    async def _look(self) -> tuple[Reading | NoEvidence, ...]:
        image = RegisterImage(
            [(span, await self._link.read_registers(span.start, span.count)) for span in self._spans]
        )
        at = self._clock.now()
        return tuple(self._named(decode(tag, image, at)) for tag in self._layout.tags)

    async def _of(self, sequence: int, cycle: Tag, deadline: float) -> tuple[Reading | NoEvidence, ...]:
        assert self._sweep is not None  # noqa: S101 - made with the cycle
        wanted = sequence & (0xFFFF if cycle.type == TagType.UINT16 else 0xFFFF_FFFF)
        pause = FIRST_POLL_S
        while True:
            sight = await self._sweep.read()
            seen = number_of(sight.image.words(cycle.address, cycle.words), cycle.type, cycle.word_order)
            if seen == wanted:
                return tuple(self._named(sight.reading(tag)) for tag in self._layout.tags)
            if self._clock.monotonic() >= deadline:
                return (
                    self._missing(
                        saying(
                            "it still tells of cycle {cycle} where the gate has {wanted}; let it take the cycle"
                            " sequence over from the PLC, behind its readings ({where})",
                            cycle=seen,
                            wanted=wanted,
                            where=cycle.where,
                        )
                    ),
                )
            await self._clock.sleep(pause)
            pause = min(2 * pause, LONGEST_POLL_S)

    def _named(self, reading: Reading | NoEvidence) -> Reading | NoEvidence:
        """The same, with the device named beside the tag that says nothing."""
        if isinstance(reading, Reading):
            return reading
        return replace(
            reading, device=saying("{address}, {device}", address=str(self._link.address), device=reading.device)
        )

    def _missing(self, problem: Saying) -> NoEvidence:
        names = ", ".join(tag.name for tag in self._layout.tags)
        return NoEvidence(
            str(self._link.address),
            saying("{problem} (missing: {names})", problem=problem, names=names),
            saying("check the device and its line"),
        )


def _middle(decodings: Sequence[Reading | NoEvidence]) -> Reading | NoEvidence:
    """The middle one of the values, or the first reason why there is none."""
    readings = []
    for one in decodings:
        if isinstance(one, NoEvidence):
            return one
        readings.append(one)
    return sorted(readings, key=lambda reading: reading.value)[len(readings) // 2]


def _besides(error: EquipmentError, address: object) -> Saying:
    """What the error says besides the address, by which the device is named already."""
    said = told(error)
    trouble = said.values.get("trouble") if isinstance(said, Saying) else None
    if isinstance(trouble, Saying) and said == f"{address}, {trouble}":
        return trouble
    return said if isinstance(said, Saying) else saying("{trouble}", trouble=said)
