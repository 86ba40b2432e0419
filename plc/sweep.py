"""One sweep over a device's registers in the fewest requests, all of one part."""

from collections.abc import Callable, Iterable
from typing import Final

from plc.link import ModbusLink
from plc.tags import RegisterImage, Span, Tag, coalesce
from quality.ports import EquipmentError

_ATTEMPTS: Final = 3


class Sweep:
    """Reads a block and tags together.

    `part_of` says from an image which part its block tells of. With more than one request the block comes first
    and is read again behind the rest; when another part came in between, everything is read once more.
    """

    def __init__(
        self,
        link: ModbusLink,
        block: Span,
        tags: Iterable[Tag],
        part_of: Callable[[RegisterImage], tuple[int, ...]],
        *,
        max_gap: int,
    ) -> None:
        self._link = link
        self._part_of = part_of
        spans = coalesce(tags, (block,), max_gap=max_gap)
        self._spans = sorted(spans, key=lambda span: not span.start <= block.start < span.end)
        """The request with the block first, the others by address."""

    async def read(self) -> RegisterImage:
        """The registers as they were for one part. Raises EquipmentError."""
        for _ in range(_ATTEMPTS):
            image = await self._image(self._spans)
            if len(self._spans) == 1:
                return image
            if self._part_of(await self._image(self._spans[:1])) == self._part_of(image):
                return image
        raise EquipmentError(
            f"{self._link.address}: parts came faster than status and readings could be read"
            f" ({len(self._spans)} requests); put the readings close behind the status"
        )

    async def _image(self, spans: Iterable[Span]) -> RegisterImage:
        return RegisterImage([(span, await self._link.read_registers(span.start, span.count)) for span in spans])
