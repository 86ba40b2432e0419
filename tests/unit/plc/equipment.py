"""Equipment for these tests: a clock that is moved, and Modbus devices that behave, or misbehave as told."""

import asyncio
import ssl
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Self

from plc.address import PlcAddress

START = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


class ManualClock:
    """Time that passes only when somebody sleeps, and then at once."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)


Misbehaviour = Callable[[bytes, bytes], bytes | None]
"""From the request frame and the right reply frame to what is sent; None closes the connection, b"" is silence."""


class Device:
    """A Modbus TCP server of registers and coils that knows functions 1, 3, 5 and 16.

    `misbehave` is applied to each reply. `on_registers` and `on_coil` run after a write and before its reply,
    `on_read` runs before the registers are read.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        self.registers = [0] * 400
        self.coils = [False] * 32
        self.requests: list[tuple[int, int, int]] = []
        """(function, address, count) of each request."""
        self.connections = 0
        self.misbehave: Misbehaviour | None = None
        self.on_registers: Callable[[int, list[int]], None] = lambda _start, _words: None
        self.on_coil: Callable[[int, bool], None] = lambda _address, _on: None
        self.on_read: Callable[[], None] = lambda: None
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()
        await asyncio.sleep(0)

    def address(self, *, timeout_s: float = 1.0, unit: int = 1) -> PlcAddress:
        return PlcAddress("127.0.0.1", self.port, unit, timeout_s)

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.close()

    def push(self, data: bytes) -> None:
        """Sends bytes nobody asked for."""
        self._writers[-1].write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while True:
                head = await reader.readexactly(6)
                request = head + await reader.readexactly(struct.unpack(">H", head[4:])[0])
                reply = self.reply_to(request)
                sent = self.misbehave(request, reply) if self.misbehave else reply
                if sent is None:
                    break
                writer.write(sent)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    def reply_to(self, request: bytes) -> bytes:
        function, address, number = struct.unpack(">BHH", request[7:12])
        self.requests.append((function, address, number))
        if function == 3:
            self.on_read()
            words = self.registers[address : address + number]
            body = bytes([3, 2 * number]) + struct.pack(f">{number}H", *words)
        elif function == 1:
            packed = bytearray((number + 7) // 8)
            for index, on in enumerate(self.coils[address : address + number]):
                packed[index // 8] |= on << index % 8
            body = bytes([1, len(packed)]) + packed
        elif function == 5:
            self.coils[address] = number == 0xFF00
            self.on_coil(address, self.coils[address])
            body = request[7:12]
        else:
            words = list(struct.unpack(f">{number}H", request[13:]))
            self.registers[address : address + number] = words
            self.on_registers(address, words)
            body = request[7:12]
        return framed(request, body)


def framed(request: bytes, body: bytes) -> bytes:
    """A reply frame to that request with another body (function code and on)."""
    return request[:4] + struct.pack(">H", 1 + len(body)) + request[6:7] + body
