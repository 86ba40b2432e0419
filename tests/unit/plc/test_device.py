"""A further device's readings count only when they are of the part that the gate has."""

import math
import struct

import pytest

from plc.address import PlcAddress
from plc.device import DeviceLayout, ModbusDevice
from plc.link import ModbusLink
from plc.tags import Tag, TagType
from quality.evidence import NoEvidence, Reading
from tests.unit.plc.equipment import Device, ManualClock

CYCLE = Tag("cycle", 0, TagType.UINT32)
POWER = Tag("mill_power_kw", 2, TagType.FLOAT32, "kW", lower=0, upper=60)
WEAR = Tag("mill_wear", 4, TagType.UINT16, "parts", lower=0, upper=5000)


def put(device: Device, cycle: int, power: float, wear: int) -> None:
    device.registers[:5] = struct.unpack(">5H", struct.pack(">IfH", cycle, power, wear))


def reading(device: Device, layout: DeviceLayout) -> ModbusDevice:
    clock = ManualClock()
    address = PlcAddress("127.0.0.1", device.port, 1, 0.5, device="mill")
    return ModbusDevice(ModbusLink(address, clock), layout, clock)


def values(readings: tuple[Reading | NoEvidence, ...]) -> dict[str, float]:
    assert all(isinstance(one, Reading) for one in readings), readings
    return {one.name: one.value for one in readings if isinstance(one, Reading)}


def missing(readings: tuple[Reading | NoEvidence, ...]) -> NoEvidence:
    (one,) = (one for one in readings if isinstance(one, NoEvidence))
    return one


async def test_readings_of_the_gates_cycle_count() -> None:
    async with Device() as device:
        put(device, 17, 11.5, 40)
        mill = reading(device, DeviceLayout((POWER, WEAR), CYCLE))
        assert mill.names_part
        assert values(await mill.read(17)) == {"mill_power_kw": 11.5, "mill_wear": 40}
        assert {function for function, _, _ in device.requests} == {3}
        await mill.close()


async def test_a_device_that_lags_is_waited_for() -> None:
    async with Device() as device:
        put(device, 16, 10, 39)

        def catch_up() -> None:
            if len(device.requests) == 6:
                put(device, 17, 11, 40)

        device.on_read = catch_up
        mill = reading(device, DeviceLayout((POWER, WEAR), CYCLE))
        assert values(await mill.read(17)) == {"mill_power_kw": 11, "mill_wear": 40}
        await mill.close()


@pytest.mark.parametrize("told", [16, 18])
async def test_readings_of_another_part_are_no_evidence(told: int) -> None:
    async with Device() as device:
        put(device, told, 11, 40)
        mill = reading(device, DeviceLayout((POWER, WEAR), CYCLE))
        found = missing(await mill.read(17))
        assert found.device == f"mill 127.0.0.1:{device.port} unit 1"
        assert f"it still tells of cycle {told} where the gate has 17" in found.problem
        assert "missing: mill_power_kw, mill_wear" in found.problem
        await mill.close()


async def test_a_cycle_of_16_bits_is_the_lower_half_of_the_gates() -> None:
    async with Device() as device:
        device.registers[:3] = [5, *struct.unpack(">2H", struct.pack(">f", 11))]
        power = Tag("mill_power_kw", 1, TagType.FLOAT32)
        mill = reading(device, DeviceLayout((power,), Tag("cycle", 0, TagType.UINT16)))
        assert values(await mill.read(0x10005)) == {"mill_power_kw": 11}
        await mill.close()


async def test_a_live_value_counts_as_the_middle_of_three_reads() -> None:
    async with Device() as device:
        shown = iter([11.0, 55.0, 11.25])
        device.on_read = lambda: put(device, 0, next(shown), 40)
        mill = reading(device, DeviceLayout((POWER, WEAR)))
        assert not mill.names_part
        assert values(await mill.read(17)) == {"mill_power_kw": 11.25, "mill_wear": 40}
        await mill.close()


@pytest.mark.parametrize("cycle", [None, CYCLE])
async def test_a_reading_that_is_not_finite_or_impossible_names_device_and_register(cycle: Tag | None) -> None:
    async with Device() as device:
        mill = reading(device, DeviceLayout((POWER, WEAR), cycle))
        for power, says in ((math.nan, "reads nan"), (99.0, "outside its physical range")):
            put(device, 17, power, 40)
            found = missing(await mill.read(17))
            assert found.device == f"mill 127.0.0.1:{device.port} unit 1, tag mill_power_kw, register 2 (40003)"
            assert says in found.problem
        await mill.close()


async def test_a_device_that_does_not_answer_or_is_slow_is_no_evidence_that_names_it() -> None:
    async with Device() as device:
        device.misbehave = lambda _, __: b""
        slow = reading(device, DeviceLayout((POWER, WEAR), CYCLE, within_s=0.1))
        found = missing(await slow.read(17))
        assert found.device == f"mill 127.0.0.1:{device.port} unit 1"
        assert "did not come within 0.1 s (missing: mill_power_kw, mill_wear)" in found.problem
        await slow.close()
    gone = reading(device, DeviceLayout((POWER, WEAR), CYCLE))
    found = missing(await gone.read(17))
    assert found.problem.startswith("no connection: ")
    assert "mill.host and mill.port" in found.problem
    await gone.close()


@pytest.mark.parametrize("cycle", [None, CYCLE])
async def test_a_device_that_gives_few_registers_at_once_is_asked_in_pieces(cycle: Tag | None) -> None:
    async with Device() as device:
        put(device, 17, 11.5, 40)

        def refuse_more_than_two(request: bytes, reply: bytes) -> bytes:
            return reply if struct.unpack(">H", request[10:12])[0] <= 2 else request[:5] + b"\x03\x01\x83\x03"

        device.misbehave = refuse_more_than_two
        mill = reading(device, DeviceLayout((POWER, WEAR), cycle, max_count=2))
        assert values(await mill.read(17)) == {"mill_power_kw": 11.5, "mill_wear": 40}
        await mill.close()


def test_a_cycle_is_a_counter() -> None:
    with pytest.raises(ValueError, match="a cycle is of type uint16 or uint32"):
        DeviceLayout((POWER,), Tag("cycle", 0, TagType.FLOAT32))
