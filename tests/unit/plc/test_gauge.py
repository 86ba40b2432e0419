"""The gauge gives every value of the part that was asked for, or says why it has none."""

import math
import struct
from collections.abc import AsyncIterator, Callable

import pytest

from plc.gauge import GaugeLayout, ModbusGauge
from plc.link import ModbusLink
from quality.characteristic import PartSerial
from quality.evidence import Measurement, NoEvidence
from quality.ports import Gauge
from tests.unit.plc.equipment import Device, ManualClock

SERIAL = PartSerial("BB-000123")
NAMES = ("hole_1_x_mm", "hole_1_y_mm")


class ScriptedGauge(Device):
    """Measures at once: `state` and `values` are what it then shows."""

    def __init__(self) -> None:
        super().__init__()
        self.state = 2
        self.values = (0.125, -0.25)
        self.asked: list[tuple[int, str]] = []
        self.on_registers = self._take
        self.answering: Callable[[int], bool] = lambda _sequence: True

    def show(self, sequence: int, state: int, values: tuple[float, ...]) -> None:
        raw = struct.pack(">LH2f", sequence, state, *values)
        self.registers[20:27] = struct.unpack(">7H", raw)

    def _take(self, _start: int, words: list[int]) -> None:
        raw = struct.pack(">10H", *words)
        sequence = int.from_bytes(raw[:4], "big")
        self.asked.append((sequence, raw[4:].rstrip(b"\0").decode()))
        if self.answering(sequence):
            self.show(sequence, 3 if sequence == 0 else self.state, self.values)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def device() -> AsyncIterator[ScriptedGauge]:
    async with ScriptedGauge() as gauge:
        yield gauge


@pytest.fixture
async def gauge(device: ScriptedGauge, clock: ManualClock) -> AsyncIterator[ModbusGauge]:
    gauge = ModbusGauge(ModbusLink(device.address(), clock), GaugeLayout(), NAMES, clock)
    yield gauge
    await gauge.close()


async def test_every_value_of_the_part_comes_under_its_name(
    device: ScriptedGauge, gauge: ModbusGauge, clock: ManualClock
) -> None:
    port: Gauge = gauge
    assert await port.measure(17, SERIAL) == (
        Measurement("hole_1_x_mm", 0.125, SERIAL, 17, clock.now()),
        Measurement("hole_1_y_mm", -0.25, SERIAL, 17, clock.now()),
    )
    assert device.asked == [(17, SERIAL)]


async def test_a_part_asked_for_again_is_measured_again(device: ScriptedGauge, gauge: ModbusGauge) -> None:
    await gauge.measure(17, SERIAL)
    device.values = (1.0, 2.0)
    again = await gauge.measure(17, SERIAL)
    assert [m.value for m in again] == [1.0, 2.0]
    assert [sequence for sequence, _ in device.asked] == [17, 0, 17]


async def test_measuring_is_waited_for(device: ScriptedGauge, gauge: ModbusGauge, clock: ManualClock) -> None:
    device.state = 1
    device.on_read = lambda: device.show(17, 2, (3.0, 4.0)) if clock.seconds > 29 else None
    measured = await gauge.measure(17, SERIAL)
    assert [m.value for m in measured] == [3.0, 4.0]


async def test_measuring_that_takes_too_long_is_no_evidence(
    device: ScriptedGauge, gauge: ModbusGauge, clock: ManualClock
) -> None:
    device.state = 1
    missing = await gauge.measure(17, SERIAL)
    assert isinstance(missing, NoEvidence)
    assert f"127.0.0.1:{device.port}" in missing.device
    assert "not measured within 30 s (it answers for sequence 17 with state 1)" in missing.problem
    assert 30 <= clock.seconds < 30.2


async def test_an_old_answer_that_does_not_go_is_no_evidence(device: ScriptedGauge, gauge: ModbusGauge) -> None:
    device.show(17, 2, (9.0, 9.0))
    device.answering = lambda sequence: sequence != 0
    missing = await gauge.measure(17, SERIAL)
    assert isinstance(missing, NoEvidence)
    assert device.asked == [(0, "")]


async def test_a_part_that_the_gauge_does_not_have_is_no_evidence(
    device: ScriptedGauge, gauge: ModbusGauge
) -> None:
    device.state = 3
    missing = await gauge.measure(17, SERIAL)
    assert isinstance(missing, NoEvidence)
    assert missing.problem == "has no part BB-000123 (cycle 17)"
    assert missing.mend == "bring the part to the gauge"


@pytest.mark.parametrize("value", [math.nan, math.inf])
async def test_a_value_that_is_not_finite_spoils_the_measurement(
    device: ScriptedGauge, gauge: ModbusGauge, value: float
) -> None:
    device.values = (0.1, value)
    missing = await gauge.measure(17, SERIAL)
    assert isinstance(missing, NoEvidence)
    assert missing.problem == f"measured hole_1_y_mm of BB-000123 as {value}"


async def test_a_gauge_that_is_gone_is_no_evidence(device: ScriptedGauge, gauge: ModbusGauge) -> None:
    device.misbehave = lambda _, __: None
    missing = await gauge.measure(17, SERIAL)
    assert isinstance(missing, NoEvidence)
    assert "closed the connection" in missing.problem


def test_more_characteristics_than_one_answer_holds_are_refused(clock: ManualClock) -> None:
    link = ModbusLink(Device().address(), clock)
    with pytest.raises(ValueError, match="62 characteristics do not fit"):
        ModbusGauge(link, GaugeLayout(), [str(index) for index in range(62)], clock)


async def test_a_value_that_was_changed_on_the_way_is_never_a_measurement(
    device: ScriptedGauge, gauge: ModbusGauge
) -> None:
    struck: list[bytes] = []

    def change(request: bytes, reply: bytes) -> bytes:
        """Turns a bit of the first value in the first reply that says it is measured."""
        if request[7] != 3 or reply[14] != 2 or struck:
            return reply
        struck.append(reply)
        return reply[:16] + bytes([reply[16] ^ 0x40]) + reply[17:]

    device.misbehave = change
    measured = await gauge.measure(17, SERIAL)
    assert struck
    assert isinstance(measured, tuple)
    assert [one.value for one in measured] == [0.125, -0.25]
