"""A real MJPEG camera for the tests: an HTTP server on its own port whose stream can be told to misbehave."""

import asyncio
import contextlib
import struct
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Literal, Self

import cv2
import numpy as np

from edge.acquisition.pictures import encode_jpeg
from edge.acquisition.settings import CameraSettings, Trigger

WIDTH, HEIGHT = 160, 120
BOUNDARY = "picture-follows"


def face(seed: int, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    return encode_jpeg(np.asarray(cv2.GaussianBlur(noise, (0, 0), 2), np.uint8))


FACES = [face(seed) for seed in range(3)]
COMMENT = struct.Struct(">2s2sHQ")


def numbered(picture: bytes, number: int) -> bytes:
    """The JPEG with its number in a comment, so that no two pictures sent are identical."""
    return COMMENT.pack(picture[:2], b"\xff\xfe", 10, number) + picture[2:]


Mode = Literal[
    "live", "frozen", "stalled", "stalled in a picture", "corrupt", "every second corrupt", "truncated", "ended"
]


@dataclass
class MjpegCamera:
    """`mode` may change while it streams. `sent` holds the stamp of every picture sent (epoch seconds).

    With `counter` it is triggered: it rests until `trigger` is called, and its pictures are counted from there.
    It can be entered again, on the same port, after it was left.
    """

    mode: Mode = "live"
    interval_s: float = 1 / 30
    picture: bytes | None = None
    declare_length: bool = True
    stamped: bool = True
    clock_ahead_s: float = 0.0
    status: str = "200 OK"
    sent: list[float] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    port: int = 0
    counter: int | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._triggered = asyncio.Event()
        self._streams: set[asyncio.Task[None]] = set()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for stream in self._streams:
            stream.cancel()
        await asyncio.gather(*self._streams, return_exceptions=True)
        await self._server.wait_closed()

    def settings(
        self,
        *,
        clock: Literal["camera", "arrival"] = "camera",
        timeout_s: float = 1.0,
        channels: Literal[1, 3] = 1,
        trigger: Trigger = "free",
    ) -> CameraSettings:
        return CameraSettings(
            name="face",
            kind="mjpeg",
            source=f"http://127.0.0.1:{self.port}/stream",
            width=WIDTH,
            height=HEIGHT,
            channels=channels,
            clock=clock,
            timeout_s=timeout_s,
            trigger=trigger,
        )

    def trigger(self) -> None:
        """The machine's pulse."""
        assert self.counter is not None
        self.counter += 1
        self._triggered.set()

    def sent_at(self, picture: bytes) -> float:
        """When that picture was sent (epoch seconds)."""
        number: int = COMMENT.unpack_from(picture)[3]
        return self.sent[number]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        # A client that only looks whether somebody answers asks for nothing.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            head = (
                f"HTTP/1.0 {self.status}\r\nContent-Type: multipart/x-mixed-replace; boundary={BOUNDARY}\r\n\r\n"
            )
            writer.write(head.encode())
            async for part in self._parts():
                writer.write(part)
                await writer.drain()
        writer.close()
        self._streams.discard(task)

    async def _parts(self) -> AsyncIterator[bytes]:
        while self.mode != "ended":
            await (asyncio.sleep(self.interval_s) if self.counter is None else self._triggered.wait())
            self._triggered.clear()
            if self.mode == "stalled":
                continue
            count = len(self.sent)
            picture = numbered(self.picture or FACES[count % len(FACES)], count)
            if self.mode == "frozen":
                picture = FACES[0]
            if self.mode == "corrupt" or (self.mode == "every second corrupt" and count % 2):
                picture = picture[: len(picture) // 3] + picture[len(picture) // 2 :]
            if self.mode == "truncated":
                picture = picture[: len(picture) * 2 // 3]
            stamp = time.time() + self.clock_ahead_s
            self.sent.append(stamp)
            fields = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\n"
            if self.stamped:
                fields += f"X-Timestamp: {stamp:.6f}\r\n"
            if self.counter is not None:
                fields += f"X-Frame-Counter: {self.counter}\r\n"
            if self.declare_length:
                fields += f"Content-Length: {len(picture)}\r\n"
            part = fields.encode() + b"\r\n" + picture + b"\r\n"
            if self.mode == "stalled in a picture":
                yield part[: len(part) // 2]
                await asyncio.Event().wait()
            yield part
