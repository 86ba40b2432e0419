"""The link believes a reply only when everything in it fits the request, and never answers with a late one."""

import asyncio
import struct

import pytest

from plc.address import PlcAddress
from plc.framing import TcpFraming
from plc.link import ModbusLink
from quality.ports import EquipmentError
from tests.unit.plc.equipment import Device, ManualClock, Misbehaviour, framed


def patched(offset: int, value: int) -> Misbehaviour:
    """A right reply with one byte changed."""
    return lambda _request, reply: reply[:offset] + bytes([value]) + reply[offset + 1 :]


LIES: dict[str, tuple[Misbehaviour, str]] = {
    "wrong function code": (patched(7, 4), "function code 4, the request was 3"),
    "exception of another function": (lambda q, _: framed(q, b"\x90\x02"), "function code 144"),
    "fewer registers": (lambda q, _: framed(q, b"\x03\x02\x00\x07"), "2 (it says 2) bytes of values, 8 were"),
    "more registers": (lambda q, _: framed(q, b"\x03\x0a" + bytes(10)), "10 (it says 10) bytes of values, 8 were"),
    "byte count that lies": (patched(8, 6), "8 (it says 6) bytes of values, 8 were"),
    "values behind the counted ones": (lambda q, _: framed(q, b"\x03\x08" + bytes(10)), "10 (it says 8) bytes"),
    "fewer values than it counts": (
        lambda q, _: framed(q, b"\x03\x08" + bytes(6)),
        "6 (it says 8) bytes of values",
    ),
    "nothing at all in it": (lambda q, _: framed(q, b"\x03\x00"), "0 (it says 0) bytes of values"),
    "transaction id 0": (lambda _, r: b"\0\0" + r[2:], "transaction 0"),
    "another transaction id": (lambda _, r: b"\0\x63" + r[2:], "transaction 99"),
    "another protocol": (patched(3, 1), "protocol id 1"),
    "another unit": (patched(6, 2), "unit 2, the request was for unit 1"),
    "bytes behind the end": (lambda _, r: r + b"\0", "1 bytes came behind the end"),
    "a length no reply has": (lambda _, r: r[:4] + b"\0\1" + r[6:], "7 bytes long"),
    "a length beyond any reply": (lambda _, r: r[:4] + b"\1\0" + r[6:], "262 bytes long"),
    "hang-up instead of a reply": (lambda _, __: None, "closed the connection"),
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_read_reply_that_does_not_fit_is_refused_and_the_connection_dropped(lie: str) -> None:
    clock = ManualClock()
    async with Device() as device, ModbusLink(device.address(), clock) as link:
        device.misbehave, says = LIES[lie]
        with pytest.raises(EquipmentError) as error:
            await link.read_registers(16, 4)
        assert says in str(error.value)
        assert f"plc 127.0.0.1:{device.port} unit 1" in str(error.value)
        assert "register 16 (40017)" in str(error.value)
        device.misbehave = None
        clock.seconds += 0.1
        assert await link.read_registers(16, 4) == (0, 0, 0, 0)
        assert device.connections == 2


async def test_reads_and_writes_what_it_is_told() -> None:
    async with Device() as device, ModbusLink(device.address(), ManualClock()) as link:
        await link.write_registers(20, (1, 0xFFFF, 3))
        assert await link.read_registers(19, 5) == (0, 1, 0xFFFF, 3, 0)
        await link.write_coil(9, on=True)
        await link.write_coil(0, on=True)
        await link.write_coil(0, on=False)
        assert await link.read_coils(0, 10) == (*[False] * 9, True)
        assert device.connections == 1


@pytest.mark.parametrize("offset", [8, 9, 10, 11])
async def test_a_write_echo_that_names_something_else_is_refused(offset: int) -> None:
    async with Device() as device, ModbusLink(device.address(), ManualClock()) as link:
        device.misbehave = patched(offset, 0x77)
        with pytest.raises(EquipmentError, match=r"writing 3 to register 200 \(40201\): the reply confirms"):
            await link.write_registers(200, (1, 2, 3))


async def test_a_write_echo_that_is_too_short_or_too_long_is_refused() -> None:
    clock = ManualClock()
    async with Device() as device, ModbusLink(device.address(), clock) as link:
        for body in (b"\x10\0\xc8", b"\x10\0\xc8\0\x03\0"):
            device.misbehave = lambda q, _, body=body: framed(q, body)
            with pytest.raises(EquipmentError, match="confirms"):
                await link.write_registers(200, (1, 2, 3))
            clock.seconds += 2


async def test_a_coil_echo_with_the_other_state_is_refused() -> None:
    async with Device() as device, ModbusLink(device.address(), ManualClock()) as link:
        device.misbehave = patched(10, 0xFF)
        with pytest.raises(EquipmentError, match="writing coil 0: the reply confirms"):
            await link.write_coil(0, on=False)


async def test_fewer_or_more_coils_than_asked_are_refused() -> None:
    clock = ManualClock()
    async with Device() as device, ModbusLink(device.address(), clock) as link:
        for body in (b"\x01\x01\x00", b"\x01\x03\0\0\0", b"\x01\x01\0\0"):
            device.misbehave = lambda q, _, body=body: framed(q, body)
            with pytest.raises(EquipmentError, match="bytes of coils, 2 were asked for"):
                await link.read_coils(0, 10)
            clock.seconds += 2


@pytest.mark.parametrize(
    ("code", "mend"),
    [
        (1, "allow function codes"),
        (2, "register map"),
        (3, "length of the block"),
        (4, "own diagnostics"),
        (6, "busy"),
        (10, "gateway's routing"),
        (11, "cable"),
        (99, "manual"),
    ],
)
async def test_a_modbus_exception_says_what_to_mend_and_keeps_the_connection(code: int, mend: str) -> None:
    async with Device() as device, ModbusLink(device.address(), ManualClock()) as link:
        device.misbehave = lambda q, _: framed(q, bytes([0x83, code]))
        with pytest.raises(
            EquipmentError, match=rf"reading 2 from register 0 \(40001\): exception {code}: .*{mend}"
        ):
            await link.read_registers(0, 2)
        device.misbehave = None
        assert await link.read_registers(0, 2) == (0, 0)
        assert device.connections == 1


async def test_a_late_reply_never_answers_a_later_request() -> None:
    clock = ManualClock()
    async with Device() as device, ModbusLink(device.address(timeout_s=0.05), clock) as link:
        device.registers[0] = 1
        held: list[bytes] = []

        def keep(_: bytes, reply: bytes) -> bytes:
            held.append(reply)
            return b""

        device.misbehave = keep
        with pytest.raises(EquipmentError, match=r"no reply within 0\.05 s"):
            await link.read_registers(0, 1)
        device.registers[0] = 2
        device.misbehave = None
        device.push(held[0])
        clock.seconds += 0.1
        assert await link.read_registers(0, 1) == (2,)
        assert device.connections == 2


async def test_a_truncated_frame_is_waited_for_and_then_given_up() -> None:
    async with Device() as device, ModbusLink(device.address(timeout_s=0.05), ManualClock()) as link:
        device.misbehave = lambda _, reply: reply[:-3]
        with pytest.raises(EquipmentError, match="no reply within"):
            await link.read_registers(0, 8)


async def test_a_reply_that_comes_in_pieces_is_put_together() -> None:
    async with Device() as device, ModbusLink(device.address(), ManualClock()) as link:
        device.registers[:4] = [1, 2, 3, 4]

        def split(_: bytes, reply: bytes) -> bytes:
            loop = asyncio.get_running_loop()
            loop.call_later(0.005, device.push, reply[5:11])
            loop.call_later(0.010, device.push, reply[11:])
            return reply[:5]

        device.misbehave = split
        assert await link.read_registers(0, 4) == (1, 2, 3, 4)


async def test_each_request_has_the_whole_time_whatever_the_one_before_left() -> None:
    async with Device() as device, ModbusLink(device.address(timeout_s=0.2), ManualClock()) as link:
        await link.read_registers(0, 1)
        await asyncio.sleep(0.12)

        def later(_: bytes, reply: bytes) -> bytes:
            asyncio.get_running_loop().call_later(0.12, device.push, reply)
            return b""

        device.misbehave = later
        assert await link.read_registers(0, 1) == (0,)


async def test_what_comes_unasked_ends_the_connection() -> None:
    async with Device() as device, ModbusLink(device.address(), ManualClock()) as link:
        await link.read_registers(0, 1)
        device.push(bytes(9))
        async with asyncio.timeout(2):
            while device.connections == 1:
                await asyncio.sleep(0.001)
                assert await link.read_registers(0, 1) == (0,)


async def test_a_connection_lost_while_idle_is_made_anew_at_once() -> None:
    async with Device() as device, ModbusLink(device.address(), ManualClock()) as link:
        await link.read_registers(0, 1)
        device.hang_up()
        await asyncio.sleep(0.02)
        assert await link.read_registers(0, 1) == (0,)
        assert device.connections == 2


async def test_reconnecting_waits_longer_each_time_but_never_more_than_two_seconds() -> None:
    device, clock = Device(), ManualClock()
    await device.start()
    await device.stop()
    link = ModbusLink(device.address(), clock)
    for pause in (0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0):
        with pytest.raises(
            EquipmentError, match=r"no connection: .*check that it is on, and plc\.host and plc\.port"
        ):
            await link.read_registers(0, 1)
        clock.seconds += pause - 0.05
        with pytest.raises(EquipmentError, match=r"no connection: .*trying again in 0\.1 s|in 0\.0 s"):
            await link.read_registers(0, 1)
        clock.seconds += 0.051
    async with device:
        assert await link.read_registers(0, 1) == (0,)
        device.misbehave = lambda _, __: None
        with pytest.raises(EquipmentError):
            await link.read_registers(0, 1)
        device.misbehave = None
        clock.seconds += 0.1
        assert await link.read_registers(0, 1) == (0,)
        await link.close()


async def test_a_host_that_does_not_answer_is_given_up_in_time() -> None:
    async with Device() as device, ModbusLink(device.address(timeout_s=0), ManualClock()) as link:
        with pytest.raises(EquipmentError, match="no connection within 0 s"):
            await link.read_registers(0, 1)
        await asyncio.sleep(0.02)


async def test_requests_of_several_tasks_take_their_turn() -> None:
    async with Device() as device, ModbusLink(device.address(), ManualClock()) as link:
        device.registers[:50] = range(50)
        answers = await asyncio.gather(*(link.read_registers(start, 1) for start in range(50)))
        assert answers == [(start,) for start in range(50)]
        assert device.connections == 1


async def test_a_caller_that_stops_waiting_leaves_no_reply_behind_for_the_next() -> None:
    async with Device() as device, ModbusLink(device.address(), ManualClock()) as link:
        device.registers[:2] = [1, 2]
        device.misbehave = lambda _, __: b""
        waiting = asyncio.create_task(link.read_registers(0, 1))
        await asyncio.sleep(0.02)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        device.misbehave = None
        assert await link.read_registers(1, 1) == (2,)
        assert device.connections == 2


async def test_closing_tells_the_one_who_waits() -> None:
    async with Device() as device, ModbusLink(device.address(), ManualClock()) as link:
        device.misbehave = lambda _, __: b""
        waiting = asyncio.create_task(link.read_registers(0, 1))
        await asyncio.sleep(0.02)
        await link.close()
        with pytest.raises(EquipmentError, match="given up"):
            await waiting


async def test_transaction_ids_go_on_and_never_are_zero() -> None:
    seen: list[int] = []

    def note(request: bytes, reply: bytes) -> bytes:
        seen.append(struct.unpack(">H", request[:2])[0])
        return reply

    async with Device() as device, ModbusLink(device.address(), ManualClock()) as link:
        device.misbehave = note
        for _ in range(3):
            await link.read_registers(0, 1)
        wire = link._bus.wire
        assert wire is not None
        assert isinstance(wire.framing, TcpFraming)
        wire.framing.transaction = 0xFFFF
        await link.read_registers(0, 1)
    assert seen == [1, 2, 3, 1]


@pytest.mark.parametrize("unit", [0, 248, 254, 256, -1])
def test_a_unit_that_names_no_device_is_refused(unit: int) -> None:
    with pytest.raises(ValueError, match=r"plc\.unit: .* names no device"):
        PlcAddress("127.0.0.1", 502, unit)


async def test_the_broadcast_for_all_else_unit_255_works() -> None:
    async with Device() as device, ModbusLink(device.address(unit=255), ManualClock()) as link:
        assert await link.read_registers(0, 1) == (0,)
