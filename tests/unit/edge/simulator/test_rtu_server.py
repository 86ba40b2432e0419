"""The simulated serial line answers whom it is asked for, and is silent otherwise."""

import asyncio
import os
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge.simulator.machine import MachineDevice
from edge.simulator.modbus_server import respond
from edge.simulator.registers import words_of_float32
from edge.simulator.rtu_server import RtuServer, framed
from tests.unit.edge.simulator.parts import new_station
from tests.unit.edge.simulator.test_modbus_server import Memory

READ_TWO = b"\x01\x03\x00\x07\x00\x02"


class Line:
    """Two devices, unit 1 and 2, and the client's end of their line."""

    def __init__(self, folder: Path) -> None:
        self.silent: set[int] = set()
        self.one, self.two = Memory(), Memory()
        self.link = folder / "line.tty"
        self.server = RtuServer({1: self.one, 2: self.two}, self.silent.__contains__)
        self.server.start(self.link)
        self._port = os.open(self.link, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)

    async def ask(self, *pieces: bytes, apart_s: float = 0.0) -> bytes:
        """What has come 50 ms after the last piece was sent."""
        for piece in pieces:
            os.write(self._port, piece)
            await asyncio.sleep(apart_s)
        await asyncio.sleep(0.05)
        try:
            return os.read(self._port, 256)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        os.close(self._port)
        self.server.stop()


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    opened = Line(tmp_path)
    yield opened
    opened.close()
    assert not opened.link.is_symlink()


async def test_requests_are_answered_by_the_unit_they_name(line: Line) -> None:
    line.two.words[7:9] = [70, 80]
    assert await line.ask(framed(READ_TWO)) == framed(bytes.fromhex("01 03 04 0007 0008"))
    assert await line.ask(framed(b"\x02" + READ_TWO[1:])) == framed(bytes.fromhex("02 03 04 0046 0050"))
    assert await line.ask(framed(bytes.fromhex("01 10 0008 0002 04 abcd 0001"))) == framed(
        bytes.fromhex("01 10 0008 0002")
    )
    assert line.one.words[8:10] == [0xABCD, 1]
    assert await line.ask(framed(bytes.fromhex("01 03 00c7 0002"))) == framed(b"\x01\x83\x02")


async def test_the_checksum_is_that_of_the_specification() -> None:
    assert framed(bytes.fromhex("02 07")) == bytes.fromhex("02 07 41 12"), "Modbus over Serial Line V1.02, 6.2.2"


async def test_a_unit_that_is_not_there_or_is_silent_and_a_broken_request_get_no_answer(line: Line) -> None:
    assert await line.ask(framed(b"\x03" + READ_TWO[1:])) == b""
    assert await line.ask(framed(READ_TWO)[:-1] + b"\x00") == b""
    line.silent.add(1)
    assert await line.ask(framed(READ_TWO)) == b""
    line.silent.clear()
    assert await line.ask(framed(READ_TWO)) != b""


async def test_a_request_in_pieces_is_put_together_and_half_a_one_is_forgotten(line: Line) -> None:
    whole = framed(READ_TWO)
    assert await line.ask(whole[:3], whole[3:]) == framed(bytes.fromhex("01 03 04 0007 0008"))
    assert await line.ask(whole[:3], whole, apart_s=0.1) == framed(bytes.fromhex("01 03 04 0007 0008"))


def test_the_machine_shows_the_part_in_the_station_and_gives_eight_registers_by_function_3_alone() -> None:
    station = new_station()
    machine = MachineDevice(station)
    assert machine.read_registers(0, 8) == [0] * 8
    fate = station.enter(70_000, 1)
    assert fate is not None
    words = [1, 4464, *words_of_float32(fate.part.readings[[0, 1, 6]])]
    assert machine.read_registers(0, 8) == words
    station.let_pass(fate, "PASS")
    assert machine.read_registers(0, 8) == words, "until the next part comes, it shows the last"
    for request, code in (
        ("03 0000 0009", 3),
        ("03 0001 0008", 2),
        ("10 0000 0001 02 0001", 1),
        ("01 0000 0001", 1),
    ):
        sent = bytes.fromhex(request)
        assert respond(machine, sent) == struct.pack("BB", sent[0] | 0x80, code)
