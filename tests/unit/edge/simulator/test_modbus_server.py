import asyncio
import struct
from collections.abc import AsyncIterator, Sequence

import pytest

from edge.simulator.faults import Fault, Faults, FaultyDevice
from edge.simulator.modbus_server import ModbusServer, respond
from edge.simulator.registers import (
    ILLEGAL_ADDRESS,
    DeviceRefusal,
    check_word,
    int32_of,
    serial_of,
    uint32_of,
    words_of_serial,
    words_of_uint32,
)


class Memory:
    """A device of 200 registers and 20 coils."""

    def __init__(self) -> None:
        self.words = list(range(200))
        self.bits = [False] * 20

    def read_registers(self, address: int, count: int, /) -> Sequence[int]:
        self.check(address + count, len(self.words))
        return self.words[address : address + count]

    def write_registers(self, address: int, words: Sequence[int], /) -> None:
        self.check(address + len(words), len(self.words))
        self.words[address : address + len(words)] = words

    def read_bits(self, address: int, count: int, /) -> Sequence[bool]:
        self.check(address + count, len(self.bits))
        return self.bits[address : address + count]

    def write_bits(self, address: int, bits: Sequence[bool], /) -> None:
        self.check(address + len(bits), len(self.bits))
        self.bits[address : address + len(bits)] = bits

    @staticmethod
    def check(end: int, size: int) -> None:
        if end > size:
            raise DeviceRefusal(ILLEGAL_ADDRESS)


def exchange(request: str, device: Memory | None = None) -> str:
    return respond(device or Memory(), bytes.fromhex(request)).hex(" ")


def test_registers_are_read_and_written() -> None:
    memory = Memory()
    assert exchange("03 0007 0002", memory) == "03 04 00 07 00 08"
    assert exchange("06 0007 1234", memory) == "06 00 07 12 34"
    assert exchange("10 0008 0002 04 abcd 0001", memory) == "10 00 08 00 02"
    assert memory.words[7:10] == [0x1234, 0xABCD, 1]


def test_coils_are_read_and_written_lowest_first() -> None:
    memory = Memory()
    assert exchange("05 0001 ff00", memory) == "05 00 01 ff 00"
    assert exchange("0f 0008 0003 01 05", memory) == "0f 00 08 00 03"
    assert exchange("01 0000 000b", memory) == "01 02 02 05"
    assert exchange("02 0000 0002", memory) == "02 01 02"


@pytest.mark.parametrize(
    ("request_", "exception"),
    [
        ("04 0000 0001", "84 01"),
        ("2b 0e 01 00", "ab 01"),
        ("03 00c7 0002", "83 02"),
        ("03 0000 0000", "83 03"),
        ("03 0000 007e", "83 03"),
        ("03 0000", "83 03"),
        ("10 0000 0002 04 0001", "90 03"),
        ("10 0000 0002 03 0001 0002", "90 03"),
        ("10 0000 0000 00", "90 03"),
        ("05 0001 0001", "85 03"),
        ("0f 0013 0002 01 03", "8f 02"),
    ],
)
def test_what_is_wrong_is_answered_with_its_exception(request_: str, exception: str) -> None:
    assert exchange(request_) == exception


def test_a_refused_write_changes_nothing() -> None:
    memory = Memory()
    assert exchange("10 00c7 0002 04 0001 0002", memory) == "90 02"
    assert memory.words == list(range(200))


def test_the_words_of_the_contract() -> None:
    assert words_of_uint32(0x01020304) == [0x0102, 0x0304]
    assert uint32_of([0x0102, 0x0304]) == 0x01020304
    assert int32_of([0xFFFF, 0xFF88]) == -120
    assert words_of_serial("BM-1") == [0x424D, 0x2D31, 0, 0, 0, 0, 0, 0]
    assert serial_of(words_of_serial("BM-0700012")) == "BM-0700012"
    assert check_word([0] * 12) != 0
    assert check_word([0x3132, 0x3334, 0x3536, 0x3738]) == 0x37DD  # CRC-16/MODBUS of "12345678"


@pytest.fixture
async def served() -> AsyncIterator[tuple[ModbusServer, int, Faults, Memory]]:
    now = [0.0]
    faults, memory = Faults(lambda: now[0]), Memory()
    server = ModbusServer(FaultyDevice(memory, faults), lambda: faults.active(Fault.PLC_REBOOT))
    port = await server.start("127.0.0.1", 0)
    yield server, port, faults, memory
    await server.stop()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *pieces: bytes) -> bytes:
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.01)
    header = await reader.readexactly(7)
    return header + await reader.readexactly(struct.unpack(">H", header[4:6])[0] - 1)


READ_ONE = bytes.fromhex("0a0b 0000 0006 11 03 0005 0001")


async def test_a_reply_carries_the_requests_transaction_and_unit(
    served: tuple[ModbusServer, int, Faults, Memory],
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served[1])
    assert (await ask(reader, writer, READ_ONE)).hex() == "0a0b000000051103020005"
    assert (await ask(reader, writer, READ_ONE[:4], READ_ONE[4:9], READ_ONE[9:]))[-1] == 5
    writer.write(READ_ONE + READ_ONE)
    assert len(await reader.readexactly(22)) == 22, "two requests at once are answered both"
    writer.close()


async def test_what_is_not_modbus_is_cut(served: tuple[ModbusServer, int, Faults, Memory]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served[1])
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()


async def test_a_busy_plc_answers_exception_6(served: tuple[ModbusServer, int, Faults, Memory]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served[1])
    served[2].begin(Fault.PLC_BUSY, 3)
    assert (await ask(reader, writer, READ_ONE)).hex() == "0a0b00000003118306"
    served[2].begin(Fault.PLC_BUSY, 0)
    assert (await ask(reader, writer, READ_ONE))[7] == 3
    writer.close()


async def test_a_rebooting_plc_cuts_its_connections(served: tuple[ModbusServer, int, Faults, Memory]) -> None:
    server, port, faults, _ = served
    first, old = await asyncio.open_connection("127.0.0.1", port)
    await ask(first, old, READ_ONE)
    faults.begin(Fault.PLC_REBOOT, 1)
    server.cut()
    for reader, writer in ((first, old), await asyncio.open_connection("127.0.0.1", port)):
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await ask(reader, writer, READ_ONE)
        writer.close()


def test_stuck_registers_show_what_they_showed_and_come_loose_again() -> None:
    now = [0.0]
    faults, memory = Faults(lambda: now[0]), Memory()
    device = FaultyDevice(memory, faults)
    faults.begin(Fault.STUCK_REGISTERS, 2)
    assert list(device.read_registers(0, 2)) == [0, 1]
    device.write_registers(0, [9, 9])
    assert list(device.read_registers(0, 2)) == [0, 1]
    now[0] = 2.0
    assert list(device.read_registers(0, 2)) == [9, 9]
