"""What a bad network does to one Modbus TCP frame: from the frame that came to the pieces that go on.

Every kind is a pure function of the frame, the frame before it in the same direction, and chance. Layouts: Modbus
Messaging on TCP/IP V1.0b; a frame is 7 bytes of header, the function code, and what it says.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

HEADER_BYTES = 7
FUNCTION_AT = 7
SAYS_FROM = 8


@dataclass(frozen=True)
class Piece:
    """Bytes to be delivered that many seconds after the frame came; without bytes the connection is cut then."""

    data: bytes | None
    after_s: float = 0.0


CUT = Piece(None)


@dataclass(frozen=True)
class Hit:
    """A frame that something happens to. `patience_s` is how long whoever asked waits for a reply."""

    frame: bytes
    before: bytes
    chance: Random
    patience_s: float

    def past_patience(self) -> float:
        """Seconds after which nobody waits any more."""
        return self.patience_s * self.chance.uniform(1.1, 3.0)

    def flipped(self, first: int, last: int, most: int = 3) -> bytes:
        """The frame with one to `most` bits turned in its bytes from `first` up to before `last`."""
        last = min(last, len(self.frame))
        data = bytearray(self.frame)
        if first < last:
            for _ in range(self.chance.randint(1, most)):
                data[self.chance.randrange(first, last)] ^= 1 << self.chance.randrange(8)
        return bytes(data)

    def under(self, transaction: int) -> bytes:
        """The frame under another transaction id."""
        return struct.pack(">H", transaction) + self.frame[2:]


def whole(data: bytes, after_s: float = 0.0) -> Sequence[Piece]:
    return (Piece(data, after_s),)


def truncated(hit: Hit) -> Sequence[Piece]:
    return whole(hit.frame[: hit.chance.randrange(1, len(hit.frame))])


def garbled(hit: Hit) -> Sequence[Piece]:
    """Whole bytes of what it says are others, as from a torn buffer; header and function stand."""
    says = len(hit.frame) - SAYS_FROM
    first = hit.chance.randrange(says)
    count = min(hit.chance.randint(1, 16), says - first)
    data = bytearray(hit.frame)
    data[SAYS_FROM + first : SAYS_FROM + first + count] = hit.chance.randbytes(count)
    return whole(bytes(data))


def stale(hit: Hit) -> Sequence[Piece]:
    """The frame before, under the new one's transaction id: well formed, and of another moment."""
    return whole(hit.frame[:2] + hit.before[2:])


def lost_bytes(hit: Hit) -> Sequence[Piece]:
    at = hit.chance.randrange(len(hit.frame))
    return whole(hit.frame[:at] + hit.frame[at + hit.chance.randint(1, 4) :])


def extra_bytes(hit: Hit) -> Sequence[Piece]:
    at = hit.chance.randrange(len(hit.frame) + 1)
    return whole(hit.frame[:at] + hit.chance.randbytes(hit.chance.randint(1, 4)) + hit.frame[at:])


def dribbled(hit: Hit) -> Sequence[Piece]:
    """One byte after the other, within the time allowed."""
    step = 0.5 * hit.patience_s / len(hit.frame)
    return [Piece(hit.frame[i : i + 1], i * step) for i in range(len(hit.frame))]


KINDS: Mapping[str, Callable[[Hit], Sequence[Piece]]] = {
    "delayed": lambda hit: whole(hit.frame, hit.patience_s * hit.chance.uniform(0.02, 0.8)),
    "delayed past the time-out": lambda hit: whole(hit.frame, hit.past_patience()),
    "held back": lambda hit: whole(hit.frame, hit.past_patience() + hit.chance.uniform(0.2, 2.0)),
    "dropped": lambda _: (),
    "cut": lambda _: (CUT,),
    "delivered and cut": lambda hit: (Piece(hit.frame), CUT),
    "truncated": truncated,
    "truncated and cut": lambda hit: (*truncated(hit), CUT),
    "duplicated": lambda hit: whole(hit.frame + hit.frame),
    "duplicated later": lambda hit: (Piece(hit.frame), Piece(hit.frame, hit.chance.uniform(0.001, 0.1))),
    "reordered": lambda hit: (Piece(hit.before), Piece(hit.frame)),
    "stale": stale,
    "transaction id 0": lambda hit: whole(hit.under(0)),
    "transaction id swapped": lambda hit: whole(hit.before[:2] + hit.frame[2:]),
    "transaction id of another": lambda hit: whole(hit.under(hit.chance.randrange(0x1_0000))),
    "bits in the header": lambda hit: whole(hit.flipped(0, HEADER_BYTES)),
    "bits in the function": lambda hit: whole(hit.flipped(FUNCTION_AT, SAYS_FROM)),
    "bits in count or address": lambda hit: whole(hit.flipped(SAYS_FROM, SAYS_FROM + 5)),
    "one bit of what it says": lambda hit: whole(hit.flipped(SAYS_FROM, len(hit.frame), 1)),
    "bits of what it says": lambda hit: whole(hit.flipped(SAYS_FROM + 1, len(hit.frame))),
    "garbled": garbled,
    "lost bytes": lost_bytes,
    "extra bytes": extra_bytes,
    "bits anywhere": lambda hit: whole(hit.flipped(0, len(hit.frame), 8)),
    "dribbled": dribbled,
}
"""What may happen, by name."""

WEIGHTS: Mapping[str, float] = {
    "one bit of what it says": 4.0,
    "bits of what it says": 4.0,
    "garbled": 2.0,
    "stale": 2.0,
}
"""Faults that no Modbus TCP client can see come more often than the others, which weigh 1."""
