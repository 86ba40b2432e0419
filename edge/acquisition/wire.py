"""How a grabber hands pictures to the edge process: length-prefixed messages over a socket pair.

A picture is written once and received straight into the buffer that becomes the frame: no pickling, no
shared memory to guard, and a closed socket tells each side that the other is gone.
"""

import asyncio
import json
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from quality.saying import Saying, SayingValue, gathered, spread

LARGEST_PICTURE = 20_000_000
"""Bytes. More than any line camera sends; a wrong length must not make us allocate gigabytes."""


class SourceError(Exception):
    """A camera that cannot be read: what is wrong and the mend. The grabber says it and exits."""

    def __init__(self, problem: Saying, mend: Saying) -> None:
        super().__init__(f"{problem}. {mend}.")
        self.problem = problem
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Captured:
    """When a picture was taken: seconds of this machine's monotonic clock, and seconds since the epoch.

    `counter` is the camera's own count of its exposures, or None when it does not say.
    """

    monotonic: float
    epoch: float
    counter: int | None = None


@dataclass(frozen=True, slots=True)
class Grabbed:
    """A picture as the edge process received it, `received` in seconds of the monotonic clock."""

    captured: Captured
    received: float
    encoded: bytes


class Kind(IntEnum):
    """What a message says: a picture; nothing new but the source is watched; the source failed."""

    PICTURE = 1
    ALIVE = 2
    PROBLEM = 3


HEADER = struct.Struct("<BddqI")
"""Kind, seconds of both clocks, counter, and the length of what follows."""
NO_COUNTER = -1


def captured_at_epoch(epoch: float, counter: int | None = None) -> Captured:
    """The moment of a camera's wall-clock stamp.

    The offset between the clocks is taken anew for each picture, so that a corrected wall clock moves at
    most the pictures that were on their way.
    """
    return Captured(epoch - time.time() + time.monotonic(), epoch, counter)


def captured_at_monotonic(monotonic: float, counter: int | None = None) -> Captured:
    """The moment of a picture that carries no stamp of its own."""
    return Captured(monotonic, monotonic - time.monotonic() + time.time(), counter)


def picture_header(captured: Captured, length: int) -> bytes:
    """What goes before the picture's own bytes."""
    counter = NO_COUNTER if captured.counter is None else captured.counter
    return HEADER.pack(Kind.PICTURE, captured.monotonic, captured.epoch, counter, length)


def alive_message() -> bytes:
    """Nothing new, but the source is being watched."""
    return HEADER.pack(Kind.ALIVE, 0, 0, NO_COUNTER, 0)


def problem_message(error: SourceError) -> bytes:
    """The last words of a grabber."""
    body = json.dumps([spread("said", error.problem), spread("said", error.mend)]).encode()
    return HEADER.pack(Kind.PROBLEM, 0, 0, NO_COUNTER, len(body)) + body


class Receiver(asyncio.BufferedProtocol):
    """The edge side of the socket pair: hands over each picture, and None for a source that is watched.

    `ended` is done once the grabber has closed its end, `heard` the monotonic time of its newest word.
    """

    def __init__(self, on_word: Callable[[Grabbed | None], None]) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.heard = time.monotonic()
        self.last_words: SourceError | None = None
        self._on_word = on_word
        self._transport: asyncio.BaseTransport | None = None
        self._header = bytearray(HEADER.size)
        self._target = self._header
        self._filled = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport, to drop it when its bytes make no sense."""
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the message's length is known
        """The rest of the header or picture that is being received."""
        return memoryview(self._target)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Moves on to the body after a header, and back after a body."""
        self._filled += nbytes
        if self._filled < len(self._target):
            return
        kind, monotonic, epoch, counter, length = HEADER.unpack(self._header)
        if self._target is self._header and length:
            if length > LARGEST_PICTURE and self._transport is not None:
                self._transport.close()
                return
            self._target = bytearray(length)
        else:
            body, self._target = self._target, self._header
            self._take(kind, Captured(monotonic, epoch, None if counter == NO_COUNTER else counter), body)
        self._filled = 0

    def _take(self, kind: int, captured: Captured, body: bytearray) -> None:
        self.heard = time.monotonic()
        if kind == Kind.PROBLEM:
            self.last_words = SourceError(*(_said(flat) for flat in json.loads(body)))
        else:
            self._on_word(Grabbed(captured, self.heard, bytes(body)) if kind == Kind.PICTURE else None)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - gone is gone
        """The grabber is gone, whatever the reason."""
        if not self.ended.done():
            self.ended.set_result(None)


def _said(flat: Mapping[str, SayingValue]) -> Saying:
    said = gathered("said", flat)
    return said if isinstance(said, Saying) else Saying("{said}", {"said": said})
