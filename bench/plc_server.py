"""A bare PLC for the benchmarks: answers at once, lets the next part in `takt` seconds after a verdict.

Run as a process of its own: `python -m bench.plc_server TAKT READING...` (seven float32 and two uint16, in
the order of the line file); prints its port.
"""

import asyncio
import struct
import sys

import uvloop

STATUS, COMMAND, ORDER = 0, 200, 220


class Registers:
    """The register image; the gate logic is only as much as a benchmark needs."""

    def __init__(self, takt: float, readings: tuple[float, ...]) -> None:
        self.words = [0] * 300
        self._takt = takt
        self.words[0:5] = [0x4A44, 1, 0x0102, 0x0304, 1]
        self.words[32:46] = struct.unpack(">14H", struct.pack(">7f", *readings[:7]))
        self.words[46:48] = [int(count) for count in readings[7:]]
        self._sequence = 0
        self.enter()

    def enter(self) -> None:
        """A part comes in."""
        self._sequence += 1
        serial = f"BENCH{self._sequence:08d}".encode().ljust(16, b"\0")
        self.words[8:16] = struct.unpack(">8H", serial)
        self.words[6:8] = divmod(self._sequence, 0x10000)
        self.words[16] = 0b111

    def write(self, address: int, values: tuple[int, ...]) -> None:
        """A command block answers the part in the station and sends it on; anything else is only kept."""
        self.words[address : address + len(values)] = values
        self.words[5] = (self.words[5] + 1) & 0xFFFF
        if address == COMMAND and len(values) == 14:
            self.words[17:19] = values[1:3]
            self.words[19] = 1
            self.words[16] = 0b100
            asyncio.get_running_loop().call_later(self._takt, self.enter)


class Server(asyncio.Protocol):
    """Modbus TCP, function codes 3 and 16."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the way back."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers every whole request."""
        self._buffer += data
        while len(self._buffer) >= 6:
            length = 6 + int.from_bytes(self._buffer[4:6])
            if len(self._buffer) < length:
                return
            request, self._buffer = self._buffer[:length], self._buffer[length:]
            self._transport.write(self._answer(request))  # type: ignore[attr-defined]  # a stream's transport

    def _answer(self, request: bytes) -> bytes:
        transaction, _, _, unit, function, address, count = struct.unpack(">HHHBBHH", request[:12])
        if function == 3:
            words = self._registers.words[address : address + count]
            return struct.pack(f">HHHBBB{count}H", transaction, 0, 3 + 2 * count, unit, 3, 2 * count, *words)
        self._registers.write(address, struct.unpack(f">{count}H", request[13:]))
        return struct.pack(">HHHBBHH", transaction, 0, 6, unit, function, address, count)


async def serve(takt: float, readings: tuple[float, ...]) -> None:
    """Until killed."""
    loop = asyncio.get_running_loop()
    registers = Registers(takt, readings)
    server = await loop.create_server(lambda: Server(registers), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(float(sys.argv[1]), tuple(map(float, sys.argv[2:]))))
