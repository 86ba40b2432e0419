"""A bad network between one Modbus TCP client and one server, drawn from a seed.

Requests and replies go through frame by frame; a share of them meets one of the kinds of `damage`. What is held
back arrives whatever became of its connection meanwhile: a request still reaches the server after its client has
gone, and a reply reaches the client's next connection, as behind a gateway that mixes connections up.
"""

import asyncio
import struct
from collections import Counter
from collections.abc import Callable
from random import Random

from tests.proxy.damage import KINDS, WEIGHTS, Hit, Piece

LENGTH_END = 6


class BadNetwork:
    """Listens on a port of its own. `share` of the frames is hit; `patience_s` is the client's time-out."""

    def __init__(self, server_port: int, seed: int, share: float, patience_s: float) -> None:
        self._server_port = server_port
        self._chance = Random(seed)
        self._share = share
        self._patience_s = patience_s
        self._weights = [WEIGHTS.get(kind, 1.0) for kind in KINDS]
        self._newest: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self.frames = 0
        self.faults: Counter[str] = Counter()

    async def start(self) -> int:
        """Listens on this machine; gives the port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answers, asked = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            writer.transport.abort()
            return
        self._newest = writer
        requests = _Lane(self, asked, writer, lambda: None)
        replies = _Lane(self, writer, asked, lambda: self._newest)
        await asyncio.gather(requests.carry(reader), replies.carry(answers))

    def pieces(self, frame: bytes, before: bytes) -> list[Piece]:
        """What becomes of the frame."""
        self.frames += 1
        if self._chance.random() >= self._share:
            return [Piece(frame)]
        (kind,) = self._chance.choices(list(KINDS), self._weights)
        self.faults[kind] += 1
        return list(KINDS[kind](Hit(frame, before, self._chance, self._patience_s)))


class _Lane:
    """One direction of one connection. `instead` is where to when the target is closed, if anywhere."""

    def __init__(
        self,
        network: BadNetwork,
        target: asyncio.StreamWriter,
        source: asyncio.StreamWriter,
        instead: Callable[[], asyncio.StreamWriter | None],
    ) -> None:
        self._network = network
        self._target = target
        self._source = source
        self._instead = instead
        self._before = b""
        self._late: set[asyncio.Task[None]] = set()

    async def carry(self, reader: asyncio.StreamReader) -> None:
        """Until the source is closed and nothing is held back any more; then the target is closed too."""
        received = bytearray()
        while data := await _read(reader):
            received += data
            while len(received) >= LENGTH_END:
                end = LENGTH_END + struct.unpack_from(">H", received, 4)[0]
                if len(received) < end:
                    break
                frame = bytes(received[:end])
                del received[:end]
                self._pass_on(frame)
        if self._late:
            await asyncio.wait(self._late)
        self._target.close()

    def _pass_on(self, frame: bytes) -> None:
        for piece in self._network.pieces(frame, self._before or frame):
            if piece.after_s > 0:
                task = asyncio.create_task(self._deliver_later(piece))
                self._late.add(task)
                task.add_done_callback(self._late.discard)
            else:
                self._deliver(piece)
        self._before = frame

    async def _deliver_later(self, piece: Piece) -> None:
        await asyncio.sleep(piece.after_s)
        self._deliver(piece)

    def _deliver(self, piece: Piece) -> None:
        if piece.data is None:
            # what was written a moment ago is to arrive; abort would throw it away
            self._target.close()
            self._source.close()
            return
        target = self._instead() if self._target.is_closing() else self._target
        if target is not None and not target.is_closing():
            target.write(piece.data)


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(4096)
    except ConnectionError:
        return b""
