"""One look at the status block: plain numbers, since a PLC under test may say what no contract has."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from plc.registers import WordOrder, uint32_of

ANSWERS: Final = MappingProxyType(
    {
        0: "none",
        1: "accepted",
        16: "wrong sequence",
        17: "wrong serial",
        18: "bad check word",
        19: "part gone",
    }
)
RESULTS: Final = MappingProxyType(
    {
        0: "none",
        1: "done",
        16: "bad check word",
        17: "old sequence",
        18: "unknown code",
        19: "unknown target",
        20: "out of range",
        21: "not held",
    }
)


@dataclass(frozen=True, slots=True)
class Look:
    """The status block as one request brought it. `asked` and `at` are clock seconds before and after the request.

    `serial` is the eight words as they stand, so that they can be written back unread.
    """

    asked: float
    at: float
    words: tuple[int, ...]
    boot: int
    heartbeat: int
    sequence: int
    serial: tuple[int, ...]
    present: bool
    ready: bool
    closed: bool
    stopped: bool
    tripped: bool
    bypass: bool
    answered_cycle: int
    answer: int
    answered_order: int
    result: int
    held: int
    last_passed: int

    @property
    def part(self) -> "Part":
        """The part that the block names."""
        return Part(self.sequence, self.serial)

    @property
    def waiting(self) -> bool:
        """True while a part stands before the closed gate and wants a verdict."""
        return self.present and self.ready and self.closed

    def moved_since(self, before: "Look") -> str:
        """What has moved, in words; empty when nothing has."""
        if self.last_passed != before.last_passed:
            return f"cycle {self.last_passed} went through the gate"
        if not self.closed:
            return "the gate opened"
        if before.present and (not self.present or self.part != before.part):
            return f"cycle {before.sequence} left the station"
        if self.held != before.held:
            return f"the held count went from {before.held} to {self.held}"
        return ""


@dataclass(frozen=True, slots=True)
class Part:
    """A part as the PLC names it: cycle sequence, and the eight words of its serial."""

    sequence: int
    serial: tuple[int, ...]

    def __str__(self) -> str:
        return f"cycle {self.sequence} ({text(self.serial)})"


NOBODY: Final = Part(0, (0,) * 8)


def text(words: Sequence[int]) -> str:
    """The ASCII in the words as a person can read it, whatever stands there."""
    raw = struct.pack(f">{len(words)}H", *words).rstrip(b"\0")
    return "".join(chr(byte) if 0x20 <= byte <= 0x7E else "?" for byte in raw) or "no serial"  # noqa: PLR2004


def named(code: int, names: MappingProxyType[int, str]) -> str:
    """A code with its name, as in "16 (wrong sequence)"."""
    return f"{code} ({names.get(code, 'no code of the contract')})"


def look_of(words: Sequence[int], order: WordOrder, asked: float, at: float) -> Look:
    """The 32 words of the status block, taken apart as docs/plc.md lays them out."""
    bits = words[16]
    return Look(
        asked=asked,
        at=at,
        words=tuple(words),
        boot=words[4],
        heartbeat=words[5],
        sequence=uint32_of(words, 6, order),
        serial=tuple(words[8:16]),
        present=bool(bits & 1),
        ready=bool(bits & 2),
        closed=bool(bits & 4),
        stopped=bool(bits & 8),
        tripped=bool(bits & 16),
        bypass=bool(bits & 32),
        answered_cycle=uint32_of(words, 17, order),
        answer=words[19],
        answered_order=uint32_of(words, 20, order),
        result=words[22],
        held=words[23],
        last_passed=uint32_of(words, 24, order),
    )
