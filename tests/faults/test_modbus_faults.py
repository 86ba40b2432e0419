"""Faults on the wire: what is wrong is never believed, what was said arrives once, and what fails says so."""

import asyncio
import struct
from collections.abc import AsyncIterator

import pytest

from plc.gate import ModbusGate
from plc.link import ModbusLink
from plc.registers import BlockLayout
from plc.tags import Tag, TagType
from quality.judgement import ReasonCode, Verdict
from quality.ports import EquipmentError
from quality.station import VerdictAnswer
from tests.unit.plc.equipment import ManualClock, Misbehaviour, framed
from tests.unit.plc.scripted_plc import SERIAL, ScriptedPlc

POWER = Tag("power_kw", 32, TagType.FLOAT32, "kW", lower=0, upper=40)
READ, WRITE = 3, 16
TIMEOUT_S = 0.1


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def plc() -> AsyncIterator[ScriptedPlc]:
    async with ScriptedPlc() as device:
        device.registers[32:34] = struct.unpack(">2H", struct.pack(">f", 12.5))
        yield device


@pytest.fixture
async def gate(plc: ScriptedPlc, clock: ManualClock) -> AsyncIterator[ModbusGate]:
    gate = ModbusGate(ModbusLink(plc.address(timeout_s=TIMEOUT_S), clock), BlockLayout(), (POWER,), clock)
    yield gate
    await gate.close()


def strike(plc: ScriptedPlc, function: int, fault: Misbehaviour) -> None:
    """The fault befalls the next reply to that function code, and no other."""
    left = [fault]
    plc.misbehave = lambda q, r: left.pop()(q, r) if left and q[7] == function else r


async def sees_the_truth(gate: ModbusGate) -> None:
    scan = await gate.scan()
    assert (scan.status.boot_count, scan.status.cycle_sequence, scan.status.serial) == (3, 17, SERIAL)
    assert scan.value("power_kw") == 12.5


async def arrives_once(plc: ScriptedPlc, gate: ModbusGate) -> None:
    """A hold that is given now is acknowledged, and the PLC has obeyed once, however often it was told."""
    obeyed: list[int] = []

    def obey(sequence: int, _verdict: int) -> int:
        obeyed.append(sequence)
        return 1

    plc.obey = obey
    answer = await gate.give_verdict(17, SERIAL, Verdict.HOLD, ReasonCode.SURFACE_DEFECT)
    assert answer is VerdictAnswer.ACCEPTED
    assert obeyed == [17]
    assert len({tuple(words[1:]) for words in plc.commands}) == 1


async def is_refused(
    plc: ScriptedPlc, gate: ModbusGate, clock: ManualClock, says: str, *, read: Misbehaviour, write: Misbehaviour
) -> None:
    """Neither a read nor a write believes it; both end the connection, and the next try is good."""
    strike(plc, READ, read)
    with pytest.raises(EquipmentError, match=says):
        await gate.scan()
    clock.seconds += 0.1
    await sees_the_truth(gate)
    strike(plc, WRITE, write)
    await arrives_once(plc, gate)
    assert len(plc.commands) == 2
    assert plc.connections == 3


async def test_plc_acknowledgement_lost(plc: ScriptedPlc, gate: ModbusGate) -> None:
    await gate.scan()
    strike(plc, WRITE, lambda _, __: None)
    await arrives_once(plc, gate)
    assert len(plc.commands) == 2

    def taken_and_cut(start: int, words: list[int]) -> None:
        plc._take(start, words)
        strike(plc, READ, lambda _, __: None)

    plc.enter(18, "BB-000124")
    await gate.scan()
    plc.on_registers = taken_and_cut
    assert await gate.give_verdict(18, SERIAL, Verdict.PASS, None) is VerdictAnswer.ACCEPTED
    assert [words[2] for words in plc.commands] == [17, 17, 18]


async def test_register_glitch(plc: ScriptedPlc, gate: ModbusGate) -> None:
    def glitch(at: int) -> Misbehaviour:
        return lambda _, reply: reply[:at] + bytes([reply[at] ^ 0x10]) + reply[at + 1 :]

    for at in range(9, 9 + 2 * 34):
        strike(plc, READ, glitch(at))
        await sees_the_truth(gate)
    strike(plc, READ, glitch(9 + 2 * 18 + 1))
    await arrives_once(plc, gate)
    assert plc.connections == 1


async def test_register_glitch_that_says_accepted(plc: ScriptedPlc, gate: ModbusGate) -> None:
    """An answer to cycle 16 stands there; one bit makes it an answer to cycle 17, which the PLC never took."""
    plc.answer(16, 1)
    await gate.scan()
    plc.obey = lambda _sequence, _verdict: None
    strike(plc, READ, lambda _, reply: reply[: 9 + 37] + b"\x11" + reply[9 + 38 :])
    with pytest.raises(EquipmentError, match="did not acknowledge verdict HOLD for cycle 17"):
        await gate.give_verdict(17, SERIAL, Verdict.HOLD, None)


async def test_command_block_damaged_on_its_way(plc: ScriptedPlc, gate: ModbusGate) -> None:
    await gate.scan()
    take, damage = plc._take, [0x0400]

    def damaged(start: int, words: list[int]) -> None:
        if start == 200 and damage:
            words = [*words[:2], words[2] ^ damage.pop(), *words[3:]]
        take(start, words)

    plc.on_registers = damaged
    assert await gate.give_verdict(17, SERIAL, Verdict.HOLD, None) is VerdictAnswer.ACCEPTED
    assert [words[2] for words in plc.commands] == [17 ^ 0x0400, 17]


async def test_truncated_frame(plc: ScriptedPlc, gate: ModbusGate, clock: ManualClock) -> None:
    def cut_to(length: int) -> Misbehaviour:
        return lambda _, reply: reply[:length]

    for length in (1, 6, 8, 9, 11):
        strike(plc, READ, cut_to(length))
        with pytest.raises(EquipmentError, match=r"no reply within 0\.1 s"):
            await gate.scan()
        clock.seconds += 0.1
        await sees_the_truth(gate)
    strike(plc, WRITE, lambda _, reply: reply[:10])
    await arrives_once(plc, gate)


async def test_wrong_function_code(plc: ScriptedPlc, gate: ModbusGate, clock: ManualClock) -> None:
    other = "the reply carries function code 4, the request was (3|16)"

    def wrong(request: bytes, reply: bytes) -> bytes:
        return framed(request, b"\x04" + reply[8:])

    await is_refused(plc, gate, clock, other, read=wrong, write=wrong)


async def test_wrong_count(plc: ScriptedPlc, gate: ModbusGate, clock: ManualClock) -> None:
    await is_refused(
        plc,
        gate,
        clock,
        "66 .* bytes of values, 68 were asked for",
        read=lambda q, reply: framed(q, bytes([3, 66]) + reply[9:75]),
        write=lambda q, reply: framed(q, reply[7:11] + b"\x0d"),
    )


async def test_wrong_echo(plc: ScriptedPlc, gate: ModbusGate) -> None:
    await gate.scan()
    echo = struct.pack(">BHH", WRITE, 201, 14)
    strike(plc, WRITE, lambda q, _: framed(q, echo))
    with pytest.raises(EquipmentError, match="the reply confirms 00 c9 00 0e, a write of 1 at 200"):
        await gate.beat()
    strike(plc, WRITE, lambda q, _: framed(q, echo))
    await arrives_once(plc, gate)


async def test_wrong_unit(plc: ScriptedPlc, gate: ModbusGate, clock: ManualClock) -> None:
    def wrong(_request: bytes, reply: bytes) -> bytes:
        return reply[:6] + b"\x02" + reply[7:]

    await is_refused(plc, gate, clock, "comes from unit 2, the request was for unit 1", read=wrong, write=wrong)


async def test_transaction_id_0(plc: ScriptedPlc, gate: ModbusGate, clock: ManualClock) -> None:
    def wrong(_request: bytes, reply: bytes) -> bytes:
        return b"\0\0" + reply[2:]

    await is_refused(plc, gate, clock, "the reply carries transaction 0", read=wrong, write=wrong)


async def test_late_reply_after_a_time_out(plc: ScriptedPlc, gate: ModbusGate, clock: ManualClock) -> None:
    """It tells of cycle 17 and comes when 18 is there, on the same connection if there still were one."""
    late: list[bytes] = []

    def keep(_request: bytes, reply: bytes) -> bytes:
        late.append(reply)
        return b""

    strike(plc, READ, keep)
    with pytest.raises(EquipmentError, match=r"no reply within 0\.1 s"):
        await gate.scan()
    plc.enter(18, "BB-000124")
    plc.push(late[0])
    clock.seconds += 0.1
    scan = await gate.scan()
    assert (scan.status.cycle_sequence, scan.status.serial) == (18, "BB-000124")
    assert plc.connections == 2


async def test_duplicated_reply(plc: ScriptedPlc, gate: ModbusGate, clock: ManualClock) -> None:
    def twice(_request: bytes, reply: bytes) -> bytes:
        return reply + reply

    await is_refused(plc, gate, clock, "bytes came behind the end of the reply", read=twice, write=twice)


async def test_duplicated_reply_that_comes_later(plc: ScriptedPlc, gate: ModbusGate) -> None:
    def again(_request: bytes, reply: bytes) -> bytes:
        asyncio.get_running_loop().call_later(0.01, plc.push, reply)
        return reply

    await gate.scan()
    strike(plc, READ, again)
    await sees_the_truth(gate)
    await asyncio.sleep(0.03)
    plc.enter(18, "BB-000124")
    scan = await gate.scan()
    assert (scan.status.cycle_sequence, scan.status.serial) == (18, "BB-000124")
    assert plc.connections == 2
