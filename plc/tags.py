"""Tags: how a process value stands in registers, and how a picture of registers becomes readings.

Pure code. A tag that cannot be believed becomes a `NoEvidence` that names its register, never a number.
"""

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from plc.registers import ContractError, WordOrder, place, text_of
from quality.evidence import NoEvidence, Reading
from quality.saying import saying

MAX_READ: Final = 125
"""The most registers one request may read (Modbus Application Protocol V1.1b3, 6.3)."""


class TagType(StrEnum):
    """How the registers of a tag are to be read."""

    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    BIT = "bit"
    ASCII = "ascii"


_NUMBERS: Final[Mapping[TagType, tuple[struct.Struct, struct.Struct]]] = MappingProxyType(
    {
        TagType.INT16: (struct.Struct(">h"), struct.Struct(">H")),
        TagType.UINT16: (struct.Struct(">H"), struct.Struct(">H")),
        TagType.INT32: (struct.Struct(">i"), struct.Struct(">2H")),
        TagType.UINT32: (struct.Struct(">I"), struct.Struct(">2H")),
        TagType.FLOAT32: (struct.Struct(">f"), struct.Struct(">2H")),
        TagType.INT64: (struct.Struct(">q"), struct.Struct(">4H")),
        TagType.UINT64: (struct.Struct(">Q"), struct.Struct(">4H")),
        TagType.FLOAT64: (struct.Struct(">d"), struct.Struct(">4H")),
    }
)
"""The number, and the registers it stands in."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One value in the PLC: `raw * scale + offset` is in `unit` and must lie in `lower`..`upper`.

    `address` is 0-based. `bit` (0 is the least significant) belongs to type bit, `length` (characters, two a
    register) to type ascii. Raises ValueError when a tag cannot be read as it says.
    """

    name: str
    address: int
    type: TagType
    unit: str = ""
    title: str = ""
    word_order: WordOrder = WordOrder.BIG
    bit: int = 0
    length: int = 0
    scale: float = 1.0
    offset: float = 0.0
    lower: float = -math.inf
    upper: float = math.inf

    def __post_init__(self) -> None:
        if self.type == TagType.ASCII and not 1 <= self.length <= 2 * MAX_READ:
            raise ValueError(f"tag {self.name}: an ascii tag needs a length of 1 to {2 * MAX_READ} characters")
        if not 0 <= self.bit <= 15:  # noqa: PLR2004
            raise ValueError(f"tag {self.name}: bit {self.bit} is not one of 0 to 15")
        if self.address < 0 or self.address + self.words > 0x1_0000:  # noqa: PLR2004
            raise ValueError(f"tag {self.name}: address {self.address} is outside 0 to 65535")
        if not self.lower < self.upper:
            raise ValueError(f"tag {self.name}: the range {self.lower:g} to {self.upper:g} is empty")

    @property
    def words(self) -> int:
        """How many registers it takes."""
        if self.type == TagType.ASCII:
            return (self.length + 1) // 2
        return _words(self.type) if self.type in _NUMBERS else 1

    @property
    def where(self) -> str:
        """Its name and its registers, as messages name it."""
        return f"tag {self.name}, {place(self.address)}"


@dataclass(frozen=True, slots=True)
class Span:
    """Registers read by one request: `count` of them from the 0-based `start` on."""

    start: int
    count: int

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.start + self.count


class RegisterImage:
    """What the registers held when they were read: words by address, from one or more requests."""

    def __init__(self, spans: Iterable[tuple[Span, Sequence[int]]]) -> None:
        self._spans = tuple(spans)

    def words(self, start: int, count: int) -> Sequence[int]:
        """The words asked for. Raises KeyError when they were not read, or not by one request."""
        for span, words in self._spans:
            if span.start <= start and start + count <= span.end:
                return words[start - span.start : start - span.start + count]
        raise KeyError(start)


def coalesce(
    tags: Iterable[Tag], extra: Iterable[Span] = (), *, max_count: int = MAX_READ, max_gap: int = 16
) -> tuple[Span, ...]:
    """The fewest requests that read every tag and extra range whole, in the order of address.

    A request takes at most `max_count` registers and reads across at most `max_gap` registers nobody asked for.
    Going from low to high and always taking what still fits is optimal for ranges on a line. Raises
    ValueError when one range alone is too long.
    """
    wanted = sorted(
        [Span(tag.address, tag.words) for tag in tags] + list(extra), key=lambda span: (span.start, span.end)
    )
    spans: list[Span] = []
    for span in wanted:
        if span.count > max_count:
            raise ValueError(
                f"{span.count} registers from {span.start} do not fit into one request of {max_count}"
            )
        if spans:
            last = spans[-1]
            together = Span(last.start, max(last.end, span.end) - last.start)
            if span.start - last.end <= max_gap and together.count <= max_count:
                spans[-1] = together
                continue
        spans.append(span)
    return tuple(spans)


def number_of(words: Sequence[int], kind: TagType, word_order: WordOrder) -> float | int:
    """The number in the registers. The float may be NaN or infinite, as it stands there."""
    number, registers = _NUMBERS[kind]
    ordered = words if word_order == WordOrder.BIG else words[::-1]
    value: float | int = number.unpack(registers.pack(*ordered))[0]
    return value


def text_value(tag: Tag, image: RegisterImage) -> str:
    """The text of an ascii tag. Raises ContractError when it is not printable ASCII padded with zeros."""
    return text_of(image.words(tag.address, tag.words), tag.address)


def decode(tag: Tag, image: RegisterImage, at: datetime) -> Reading | NoEvidence:
    """The tag's value in its unit, or why there is none: it must be finite and in its physical range.

    An ascii tag that holds a number reads as that number (some instruments send text).
    """
    words = image.words(tag.address, tag.words)
    if tag.type == TagType.BIT:
        raw: float | int = words[0] >> tag.bit & 1
    elif tag.type == TagType.ASCII:
        try:
            raw = float(text_value(tag, image))
        except (ContractError, ValueError) as error:
            return NoEvidence(
                tag.where,
                saying("holds no number as text: {error}", error=str(error)),
                saying("correct the tag's address or length"),
            )
    else:
        raw = number_of(words, tag.type, tag.word_order)
    value = raw * tag.scale + tag.offset
    if not math.isfinite(value):
        return NoEvidence(
            tag.where,
            saying("reads {value}", value=value),
            saying("check the sensor, and the tag's type and word order"),
        )
    if not tag.lower <= value <= tag.upper:
        return NoEvidence(
            tag.where,
            saying(
                "reads {value} {unit}, outside its physical range {lower} to {upper}",
                value=f"{value:g}",
                unit=tag.unit,
                lower=f"{tag.lower:g}",
                upper=f"{tag.upper:g}",
            ),
            saying("check the sensor and its cable, or the tag's type, word order, scale and range"),
        )
    return Reading(tag.name, value, tag.unit, at)


def every_decoding(words: Sequence[int]) -> dict[str, str]:
    """Every way to read these registers from the first on, for a person to see which one makes sense.

    Keys are like "float32 little"; values are as they would be printed. Types longer than the registers given
    are left out.
    """
    shown = {"hex": " ".join(f"{word:04X}" for word in words)}
    for kind in _NUMBERS:
        count = _words(kind)
        if count > len(words):
            continue
        if count == 1:
            shown[kind] = _printed(number_of(words[:1], kind, WordOrder.BIG))
            continue
        for word_order in WordOrder:
            shown[f"{kind} {word_order}"] = _printed(number_of(words[:count], kind, word_order))
    raw = struct.pack(f">{len(words)}H", *words)
    shown["ascii"] = "".join(chr(byte) if 0x20 <= byte <= 0x7E else "." for byte in raw)  # noqa: PLR2004
    return shown


def _words(kind: TagType) -> int:
    return _NUMBERS[kind][0].size // 2


def _printed(number: float) -> str:
    return f"{number:.9g}" if isinstance(number, float) else str(number)
