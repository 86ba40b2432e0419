"""Over RTU the link believes a reply as little as over TCP, though nothing in it names its request."""

import asyncio

import pytest

from plc.address import SerialAddress
from plc.link import Bus, ModbusLink
from quality.ports import EquipmentError
from tests.unit.plc.equipment import Device, ManualClock, Misbehaviour
from tests.unit.plc.serial_line import SerialLine, frame


def saying(body: bytes) -> Misbehaviour:
    """A frame with a right checksum that says something else."""
    return lambda _request, _reply: frame(body)


LIES: dict[str, tuple[Misbehaviour, str]] = {
    "wrong function code": (saying(b"\x01\x01\x01\x00"), "function code 1, the request was 3"),
    "function code of no request": (saying(b"\x01\x2b\x08" + bytes(8)), "function code 43, which was never asked"),
    "exception of another function": (saying(b"\x01\x90\x02"), "function code 144"),
    "fewer registers": (saying(b"\x01\x03\x02\x00\x07"), "2 (it says 2) bytes of values, 8 were"),
    "more registers": (saying(b"\x01\x03\x0a" + bytes(10)), "10 (it says 10) bytes of values, 8 were"),
    "nothing at all in it": (saying(b"\x01\x03\x00"), "0 (it says 0) bytes of values"),
    "more values than it counts": (saying(b"\x01\x03\x06" + bytes(8)), "2 bytes came behind the end"),
    "a count beyond any reply": (saying(b"\x01\x03\xff" + bytes(8)), "255 bytes of values, which no Modbus"),
    "another unit": (saying(b"\x02\x03\x08" + bytes(8)), "unit 2, the request was for unit 1"),
    "one bit changed in a value": (lambda _, r: r[:5] + bytes([r[5] ^ 4]) + r[6:], "checksum is"),
    "one bit changed in the checksum": (lambda _, r: r[:-1] + bytes([r[-1] ^ 1]), "checksum is"),
    "checksum with its bytes swapped": (lambda _, r: r[:-2] + r[:-3:-1], "checksum is"),
    "the reply twice": (lambda _, r: r + r, "13 bytes came behind the end"),
    "the echo of the request before the reply": (lambda q, r: q + r, "bytes came behind the end"),
    "fewer values than it counts": (saying(b"\x01\x03\x08" + bytes(6)), "no reply within"),
    "a truncated frame": (lambda _, r: r[:-3], "no reply within"),
    "silence": (lambda _, __: b"", "no reply within"),
    "the adapter pulled out": (lambda _, __: None, "closed the connection"),
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_read_reply_that_does_not_fit_is_refused_and_the_port_opened_anew(lie: str) -> None:
    clock = ManualClock()
    async with SerialLine() as line, ModbusLink(line.address(), clock) as link:
        await link.read_registers(16, 4)
        first = link._bus.wire
        line.misbehave, says = LIES[lie]
        with pytest.raises(EquipmentError) as error:
            await link.read_registers(16, 4)
        assert says in str(error.value)
        assert str(error.value).startswith("plc /dev/pts/")
        assert "unit 1, reading 4 from register 16 (40017)" in str(error.value)
        if lie == "the adapter pulled out":
            return
        line.misbehave = None
        clock.seconds += 0.1
        assert await link.read_registers(16, 4) == (0, 0, 0, 0)
        assert link._bus.wire is not first


async def test_reads_and_writes_what_it_is_told() -> None:
    async with SerialLine() as line, ModbusLink(line.address(), ManualClock()) as link:
        await link.write_registers(20, (1, 0xFFFF, 3))
        assert await link.read_registers(19, 5) == (0, 1, 0xFFFF, 3, 0)
        assert len(await link.read_registers(0, 125)) == 125
        await link.write_coil(9, on=True)
        assert await link.read_coils(0, 10) == (*[False] * 9, True)


@pytest.mark.parametrize("offset", [2, 3, 4, 5])
async def test_a_write_echo_that_names_something_else_is_refused(offset: int) -> None:
    async with SerialLine() as line, ModbusLink(line.address(), ManualClock()) as link:
        await link.read_registers(0, 1)
        line.misbehave = lambda _, r: frame(r[:offset] + b"\x77" + r[offset + 1 : -2])
        with pytest.raises(EquipmentError, match=r"writing 3 to register 200 \(40201\): the reply confirms"):
            await link.write_registers(200, (1, 2, 3))


async def test_a_coil_echo_with_the_other_state_and_fewer_coils_are_refused() -> None:
    clock = ManualClock()
    async with SerialLine() as line, ModbusLink(line.address(), clock) as link:
        await link.read_coils(0, 10)
        line.misbehave = lambda _, r: frame(r[:4] + b"\xff\x00")
        with pytest.raises(EquipmentError, match="writing coil 0: the reply confirms"):
            await link.write_coil(0, on=False)
        line.misbehave = None
        clock.seconds += 1
        await link.read_coils(0, 10)
        line.misbehave = saying(b"\x01\x01\x01\x00")
        with pytest.raises(EquipmentError, match="bytes of coils, 2 were asked for"):
            await link.read_coils(0, 10)


@pytest.mark.parametrize("code", [1, 2, 3, 4, 6, 10, 11])
async def test_an_exception_is_an_answer_and_keeps_the_port(code: int) -> None:
    async with SerialLine() as line, ModbusLink(line.address(), ManualClock()) as link:
        line.misbehave = saying(bytes([1, 0x83, code]))
        with pytest.raises(EquipmentError, match=f"exception {code}: "):
            await link.read_registers(0, 2)
        first = link._bus.wire
        line.misbehave = None
        assert await link.read_registers(0, 2) == (0, 0)
        assert link._bus.wire is first


async def test_a_reply_that_comes_in_pieces_is_put_together() -> None:
    async with SerialLine() as line, ModbusLink(line.address(), ManualClock()) as link:
        line.registers[:4] = [1, 2, 3, 4]

        def split(_: bytes, reply: bytes) -> bytes:
            loop = asyncio.get_running_loop()
            loop.call_later(0.005, line.push, reply[1:7])
            loop.call_later(0.010, line.push, reply[7:])
            return reply[:1]

        line.misbehave = split
        assert await link.read_registers(0, 4) == (1, 2, 3, 4)


async def test_a_late_reply_of_the_same_shape_is_never_taken_for_a_later_one() -> None:
    """The device answers the timed-out request only when the next one has come: nothing but order tells them."""
    clock = ManualClock()
    async with SerialLine() as line, ModbusLink(line.address(), clock) as link:
        line.registers[0] = 1
        await link.read_registers(0, 4)
        owed: list[bytes] = []

        def owe(_: bytes, reply: bytes) -> bytes:
            owed.append(reply)
            return b""

        line.misbehave = owe
        with pytest.raises(EquipmentError, match="no reply within"):
            await link.read_registers(0, 4)
        line.registers[0] = 2
        line.misbehave = lambda _, reply: owed.pop(0) if owed else reply
        clock.seconds += 1
        with pytest.raises(EquipmentError, match=r"8 \(it says 8\) bytes of values, 6 were asked for"):
            await link.read_registers(0, 4)
        clock.seconds += 1
        assert await link.read_registers(0, 4) == (2, 0, 0, 0)


async def test_a_late_reply_that_comes_before_the_next_request_is_thrown_away() -> None:
    clock = ManualClock()
    async with SerialLine() as line, ModbusLink(line.address(), clock) as link:
        await link.read_registers(0, 4)
        line.registers[0] = 1
        owed: list[bytes] = []

        def owe(_: bytes, reply: bytes) -> bytes:
            owed.append(reply)
            return b""

        line.misbehave = owe
        with pytest.raises(EquipmentError, match="no reply within"):
            await link.read_registers(0, 4)
        loop = asyncio.get_running_loop()

        def slowly(_: bytes, reply: bytes) -> bytes:
            loop.call_later(0.1, line.push, reply)
            return b""

        line.misbehave = slowly
        line.registers[0] = 2
        clock.seconds += 1
        loop.call_later(0.05, line.push, owed[0])
        assert await link.read_registers(0, 4) == (2, 0, 0, 0)


async def test_a_duplicate_in_the_silence_before_the_next_request_ends_the_port() -> None:
    clock = ManualClock()
    async with SerialLine() as line, ModbusLink(line.address(), clock) as link:
        line.registers[0] = 1
        await link.read_registers(0, 4)
        first = link._bus.wire

        def twice(_: bytes, reply: bytes) -> bytes:
            asyncio.get_running_loop().call_later(0.005, line.push, reply)
            return reply

        line.misbehave = twice
        assert await link.read_registers(0, 4) == (1, 0, 0, 0)
        await asyncio.sleep(0.05)
        line.misbehave = None
        line.registers[0] = 2
        assert await link.read_registers(0, 4) == (2, 0, 0, 0)
        assert link._bus.wire is not first


async def test_a_roll_is_called_after_opening_and_before_what_could_be_confused_with_the_last_read() -> None:
    async with SerialLine() as line, ModbusLink(line.address(), ManualClock()) as link:
        await link.read_registers(16, 4)
        await link.read_registers(16, 4)
        assert line.requests == [(1, 3, 16, 3), (1, 3, 16, 4), (1, 3, 16, 4)]
        line.requests.clear()
        await link.read_registers(40, 4)
        assert line.requests == [(1, 3, 40, 3), (1, 3, 40, 4)]
        line.requests.clear()
        await link.read_registers(40, 1)
        await link.write_registers(200, (7,))
        await link.write_registers(201, (7,))
        assert line.requests == [(1, 3, 40, 1), (1, 16, 200, 1), (1, 16, 201, 1)]


async def test_every_request_follows_the_silence_that_ends_a_frame() -> None:
    async with SerialLine() as line, ModbusLink(line.address(baud=1200), ManualClock()) as link:
        await link.read_registers(0, 1)
        loop = asyncio.get_running_loop()
        answered = loop.time()
        silences: list[float] = []

        def note(_: bytes, reply: bytes) -> bytes:
            nonlocal answered
            silences.append(loop.time() - answered)
            answered = loop.time()
            return reply

        line.misbehave = note
        for _ in range(3):
            await link.read_registers(0, 1)
        assert min(silences) >= 3.5 * 11 / 1200 - 0.002


async def test_a_line_that_is_never_silent_is_said() -> None:
    async with SerialLine() as line, ModbusLink(line.address(timeout_s=0.05), ManualClock()) as link:

        async def chatter() -> None:
            while True:
                line.push(b"\x55")
                await asyncio.sleep(0.01)

        talking = asyncio.create_task(chatter())
        with pytest.raises(EquipmentError, match="never silent"):
            await link.read_registers(0, 1)
        talking.cancel()


async def test_a_port_that_is_not_there_or_taken_is_said_with_the_mend() -> None:
    link = ModbusLink(SerialAddress("/dev/no-such-port"), ManualClock())
    with pytest.raises(EquipmentError, match=r"no connection: .*No such file.*check the adapter, plc\.serial"):
        await link.read_registers(0, 1)
    async with SerialLine() as line, ModbusLink(line.address(), ManualClock()) as first:
        await first.read_registers(0, 1)
        async with ModbusLink(line.address(), ManualClock()) as second:
            with pytest.raises(EquipmentError, match=r"exclusively lock.*no other program may have it open"):
                await second.read_registers(0, 1)
        assert await first.read_registers(0, 1) == (0,)


async def test_units_on_one_line_take_their_turn_over_one_port() -> None:
    devices = {1: Device(), 2: Device()}
    devices[1].registers[:20] = [100 + place for place in range(20)]
    devices[2].registers[:20] = [200 + place for place in range(20)]
    async with SerialLine(devices) as line:
        bus = Bus()
        links = {unit: ModbusLink(line.address(unit=unit), ManualClock(), bus) for unit in devices}
        asked = [(unit, place) for place in range(20) for unit in (1, 2)]
        answers = await asyncio.gather(*(links[unit].read_registers(place, 1) for unit, place in asked))
        assert answers == [(100 * unit + place,) for unit, place in asked]
        await links[1].close()


async def test_a_unit_that_is_silent_is_said_and_the_others_go_on() -> None:
    clock = ManualClock()
    async with SerialLine() as line:
        bus = Bus()
        there, gone = (ModbusLink(line.address(unit=unit), clock, bus) for unit in (1, 9))
        await there.read_registers(0, 1)
        with pytest.raises(EquipmentError, match=r"unit 9, reading .*no reply within"):
            await gone.read_registers(0, 1)
        assert await there.read_registers(0, 1) == (0,)
        with pytest.raises(EquipmentError, match=r"unit 9, .*trying again in"):
            await gone.read_registers(0, 1)
        await there.close()


async def test_each_unit_on_a_line_has_the_time_that_it_is_allowed() -> None:
    async with SerialLine({1: Device(), 2: Device()}) as line:
        bus = Bus()
        quick = ModbusLink(line.address(timeout_s=0.1), ManualClock(), bus)
        slow = ModbusLink(line.address(timeout_s=1.0, unit=2), ManualClock(), bus)
        await quick.read_registers(0, 1)

        def later(request: bytes, reply: bytes) -> bytes:
            if request[0] == 1:
                return b""
            asyncio.get_running_loop().call_later(0.2, line.push, reply)
            return b""

        line.misbehave = later
        assert await slow.read_registers(0, 4) == (0, 0, 0, 0)
        with pytest.raises(EquipmentError, match=r"unit 1, .*no reply within 0\.1 s; check baud, parity"):
            await quick.read_registers(0, 1)
        await quick.close()


async def test_a_late_reply_of_another_unit_is_refused() -> None:
    clock = ManualClock()
    async with SerialLine({1: Device(), 2: Device()}) as line:
        bus = Bus()
        one, two = (ModbusLink(line.address(unit=unit), clock, bus) for unit in (1, 2))
        await one.read_registers(0, 4)
        await two.read_registers(0, 4)
        line.misbehave = lambda q, r: frame(bytes([3 - q[0]]) + r[1:-2])
        with pytest.raises(EquipmentError, match="comes from unit 2, the request was for unit 1"):
            await one.read_registers(0, 4)
        await one.close()


async def test_a_caller_that_stops_waiting_leaves_no_reply_behind_for_the_next() -> None:
    async with SerialLine() as line, ModbusLink(line.address(), ManualClock()) as link:
        line.registers[:2] = [1, 2]
        await link.read_registers(0, 1)
        line.misbehave = lambda _, __: b""
        waiting = asyncio.create_task(link.read_registers(0, 1))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        line.misbehave = None
        assert await link.read_registers(1, 1) == (2,)


@pytest.mark.parametrize("unit", [0, 248, 255])
def test_a_unit_that_names_no_device_on_a_line_is_refused(unit: int) -> None:
    with pytest.raises(ValueError, match=r"plc\.unit: .* names no device"):
        SerialAddress("/dev/ttyUSB0", unit=unit)


def test_the_silence_between_frames_follows_the_speed() -> None:
    assert SerialAddress("/dev/ttyUSB0", 9600).silence_s == pytest.approx(0.00401, abs=1e-5)
    assert SerialAddress("/dev/ttyUSB0", 115200).silence_s == 0.00175
