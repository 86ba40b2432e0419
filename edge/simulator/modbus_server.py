"""A Modbus TCP server on bare asyncio: functions 1, 2, 3, 5, 6, 15 and 16, and proper exceptions.

Its own rather than pymodbus's: a write has to act on the PLC program before it is answered, in the same
moment and without a task switch, and a server twice as slow would be what the bench measures. It also keeps
the simulated PLC independent of the library that the client under test is made of.
"""

import asyncio
import ssl
import struct
from collections.abc import Callable, Sequence
from typing import Final

from edge.simulator.registers import ILLEGAL_FUNCTION, ILLEGAL_VALUE, Device, DeviceRefusal

HEADER: Final = struct.Struct(">HHHB")
"""Transaction, protocol, length of what follows the length field, unit."""
LENGTH_FROM: Final = 6
LONGEST: Final = 254
MOST_REGISTERS_READ: Final = 125
MOST_REGISTERS_WRITTEN: Final = 123
MOST_BITS_READ: Final = 2000
MOST_BITS_WRITTEN: Final = 1968
COIL_ON: Final = 0xFF00
EXCEPTION: Final = 0x80


def respond(device: Device, request: bytes) -> bytes:
    """The reply to one request, both without the header: function code and what belongs to it."""
    function = request[0]
    act = FUNCTIONS.get(function)
    if act is None:
        return bytes([function | EXCEPTION, ILLEGAL_FUNCTION])
    try:
        return bytes([function]) + act(device, request[1:])
    except DeviceRefusal as refusal:
        return bytes([function | EXCEPTION, refusal.code])


def _pair(payload: bytes, *, exact: bool = True) -> tuple[int, int]:
    size = struct.calcsize(">2H")
    if len(payload) < size or (exact and len(payload) != size):
        raise DeviceRefusal(ILLEGAL_VALUE)
    address, value = struct.unpack_from(">2H", payload)
    return address, value


def _counted(payload: bytes, most: int) -> tuple[int, int]:
    address, count = _pair(payload)
    if not 1 <= count <= most:
        raise DeviceRefusal(ILLEGAL_VALUE)
    return address, count


def _read_bits(device: Device, payload: bytes) -> bytes:
    address, count = _counted(payload, MOST_BITS_READ)
    bits = device.read_bits(address, count)
    packed = sum(1 << position for position, bit in enumerate(bits) if bit)
    size = (count + 7) // 8
    return bytes([size]) + packed.to_bytes(size, "little")


def _read_registers(device: Device, payload: bytes) -> bytes:
    address, count = _counted(payload, MOST_REGISTERS_READ)
    words = device.read_registers(address, count)
    return bytes([2 * count]) + struct.pack(f">{count}H", *words)


def _write_coil(device: Device, payload: bytes) -> bytes:
    address, value = _pair(payload)
    if value not in (0, COIL_ON):
        raise DeviceRefusal(ILLEGAL_VALUE)
    device.write_bits(address, [value == COIL_ON])
    return payload


def _write_register(device: Device, payload: bytes) -> bytes:
    address, value = _pair(payload)
    device.write_registers(address, [value])
    return payload


def _block(payload: bytes, most: int, size_of: Callable[[int], int]) -> tuple[int, int, bytes]:
    address, count = _pair(payload, exact=False)
    content = payload[5:]
    if not 1 <= count <= most or len(content) != size_of(count) or payload[4] != len(content):
        raise DeviceRefusal(ILLEGAL_VALUE)
    return address, count, content


def _write_coils(device: Device, payload: bytes) -> bytes:
    address, count, content = _block(payload, MOST_BITS_WRITTEN, lambda count: (count + 7) // 8)
    packed = int.from_bytes(content, "little")
    device.write_bits(address, [bool(packed >> position & 1) for position in range(count)])
    return payload[:4]


def _write_registers(device: Device, payload: bytes) -> bytes:
    address, count, content = _block(payload, MOST_REGISTERS_WRITTEN, lambda count: 2 * count)
    words: Sequence[int] = struct.unpack(f">{count}H", content)
    device.write_registers(address, words)
    return payload[:4]


FUNCTIONS: Final[dict[int, Callable[[Device, bytes], bytes]]] = {
    1: _read_bits,
    2: _read_bits,
    3: _read_registers,
    5: _write_coil,
    6: _write_register,
    15: _write_coils,
    16: _write_registers,
}


class ModbusServer:
    """Serves one device under every unit id. `refusing` says whether connections are to be cut.

    No more than `most` clients at once are taken; the others are cut.
    """

    def __init__(
        self, device: Device, refusing: Callable[[], bool] = lambda: False, most: int | None = None
    ) -> None:
        self.device = device
        self.refusing = refusing
        self._most = most
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int, context: ssl.SSLContext | None = None) -> int:
        """Listens; gives the port, chosen when asked for 0. Raises OSError when it is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self.connection, host, port, ssl=context)
        return int(self._server.sockets[0].getsockname()[1])

    def connection(self) -> asyncio.Protocol:
        """The protocol of one new connection, for whoever brings a transport."""
        return _Connection(self)

    async def stop(self) -> None:
        """Cuts every connection and listens no more."""
        if self._server:
            self._server.close()
            self.cut()
            await self._server.wait_closed()

    def cut(self) -> None:
        """Cuts every connection."""
        for connection in list(self._connections):
            connection.abort()

    def joined(self, connection: "_Connection") -> None:
        """A client has connected, and is cut when there is no room for it."""
        self._connections.add(connection)
        if self.refusing() or (self._most is not None and len(self._connections) > self._most):
            connection.abort()

    def left(self, connection: "_Connection") -> None:
        """A client has gone."""
        self._connections.discard(connection)


class _Connection(asyncio.Protocol):
    def __init__(self, server: ModbusServer) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - create_server makes no other
        self._transport = transport
        self._server.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - why it was lost changes nothing
        self._server.left(self)

    def abort(self) -> None:
        if self._transport:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        assert self._transport  # noqa: S101 - data comes after connection_made
        self._received += data
        while len(self._received) >= HEADER.size:
            transaction, protocol, length, unit = HEADER.unpack_from(self._received)
            if protocol or not 1 < length <= LONGEST:
                # not Modbus: nothing that follows can be framed
                self.abort()
                return
            end = LENGTH_FROM + length
            if len(self._received) < end:
                return
            request = bytes(self._received[HEADER.size : end])
            del self._received[:end]
            reply = respond(self._server.device, request)
            self._transport.write(HEADER.pack(transaction, 0, len(reply) + 1, unit) + reply)
