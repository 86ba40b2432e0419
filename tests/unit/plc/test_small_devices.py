"""Devices that take one connection, give few registers at once, or know function 3 alone."""

import asyncio
import struct

import pytest

from plc.gate import ModbusGate
from plc.gauge import GaugeLayout, ModbusGauge
from plc.link import ModbusLink
from plc.registers import BlockLayout
from plc.tags import Tag, TagType
from quality.characteristic import PartSerial
from quality.evidence import Measurement
from quality.ports import EquipmentError
from tests.unit.plc.equipment import Device, ManualClock, Misbehaviour, framed
from tests.unit.plc.scripted_plc import ScriptedPlc


class OneClient(Device):
    """Takes one connection at a time, and believes in one that is gone until it lets go of it."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = False
        self.turned_away = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.taken:
            self.turned_away += 1
            writer.close()
            return
        self.taken = True
        await super()._serve(reader, writer)
        self.taken = False


def no_more_than(most: int, *functions: int) -> Misbehaviour:
    """Refuses every other function, and every read of more registers."""

    def refuse(request: bytes, reply: bytes) -> bytes:
        function, _, count = struct.unpack(">BHH", request[7:12])
        if function not in functions:
            return framed(request, bytes([function | 0x80, 1]))
        return framed(request, b"\x83\x03") if function == 3 and count > most else reply

    return refuse


async def test_a_device_that_takes_one_connection_never_sees_a_second_one_of_ours() -> None:
    clock = ManualClock()
    async with OneClient() as device, ModbusLink(device.address(timeout_s=0.05), clock) as link:
        await asyncio.gather(*(link.read_registers(place, 1) for place in range(10)))
        device.misbehave = lambda _, __: b""
        with pytest.raises(EquipmentError, match="no reply within"):
            await link.read_registers(0, 1)
        device.misbehave = None
        await asyncio.sleep(0.05)
        clock.seconds += 0.1
        assert await link.read_registers(0, 1) == (0,)
        assert (device.connections, device.turned_away) == (2, 0)


async def test_a_device_that_believes_in_a_connection_that_is_gone_is_tried_until_it_lets_go() -> None:
    """As after a kill -9 or a power cut on our side, when no word of the end has reached the device."""
    clock = ManualClock()
    async with OneClient() as device, ModbusLink(device.address(), clock) as link:
        device.taken = True
        for _ in range(5):
            with pytest.raises(EquipmentError) as error:
                await link.read_registers(0, 1)
            assert "closed the connection" in str(error.value)
            clock.seconds += 2
        assert device.turned_away == 5
        device.taken = False
        assert await link.read_registers(0, 1) == (0,)


async def test_a_plc_that_gives_forty_registers_at_once_is_scanned_in_pieces() -> None:
    clock = ManualClock()
    async with ScriptedPlc() as plc, ModbusLink(plc.address(), clock) as link:
        tags = [Tag(f"tag_{place}", 32 + place, TagType.UINT16) for place in range(20)]
        plc.registers[32:52] = range(20)
        plc.misbehave = no_more_than(40, 3, 16)
        gate = ModbusGate(link, BlockLayout(max_count=40), tags, clock)
        scan = await gate.scan()
        assert [scan.value(tag.name) for tag in tags] == list(range(20))
        assert max(count for function, _, count in plc.requests if function == 3) <= 40
        with pytest.raises(EquipmentError, match="exception 3"):
            await ModbusGate(link, BlockLayout(), tags, clock).scan()


async def test_registers_nobody_asked_for_are_not_read_across_when_the_gap_is_none() -> None:
    clock = ManualClock()
    async with ScriptedPlc() as plc, ModbusLink(plc.address(), clock) as link:
        tags = [Tag("near", 34, TagType.UINT16), Tag("next", 35, TagType.UINT16)]
        await ModbusGate(link, BlockLayout(max_gap=0), tags, clock).scan()
        assert set(plc.requests) == {(3, 0, 32), (3, 34, 2)}


async def test_a_gauges_answer_is_read_by_function_3_alone_and_in_pieces() -> None:
    names = [f"hole_{number}_x_mm" for number in range(1, 19)]
    clock = ManualClock()
    async with Device() as device, ModbusLink(device.address(), clock) as link:

        def measure(_start: int, words: list[int]) -> None:
            answer = struct.pack(">2HH18f", *words[:2], 2, *range(18))
            device.registers[20:59] = struct.unpack(">39H", answer)

        device.on_registers = measure
        device.misbehave = no_more_than(16, 3, 16)
        gauge = ModbusGauge(link, GaugeLayout(max_count=16), names, clock)
        found = await gauge.measure(17, PartSerial("BM-17"))
        assert isinstance(found, tuple)
        assert [one.value for one in found if isinstance(one, Measurement)] == list(range(18))
        assert {function for function, address, _ in device.requests if address >= 20} == {3}
        assert {(function, address) for function, address, _ in device.requests if address < 20} == {(16, 0)}
