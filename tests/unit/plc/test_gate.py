"""The block gate: scans of one part, and verdicts and orders whose answer is surely theirs."""

import asyncio
import struct
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from plc.gate import ModbusGate
from plc.link import ModbusLink
from plc.registers import BlockLayout, WordOrder
from plc.tags import Tag, TagType
from quality.characteristic import PartSerial
from quality.evidence import NoEvidence, Reading
from quality.judgement import ReasonCode, Verdict
from quality.order import Order, OrderCode, OrderResult
from quality.ports import EquipmentError, Gate
from quality.station import VerdictAnswer
from tests.unit.plc.equipment import Device, ManualClock, Misbehaviour, framed
from tests.unit.plc.scripted_plc import SERIAL, ScriptedPlc

POWER = Tag("power_kw", 32, TagType.FLOAT32, "kW", lower=0, upper=40)
OFFSET = Tag("offset_um", 48, TagType.INT16, "µm")
FAR = Tag("far", 300, TagType.UINT16)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def plc() -> AsyncIterator[ScriptedPlc]:
    async with ScriptedPlc() as device:
        yield device


@pytest.fixture
async def gate(plc: ScriptedPlc, clock: ManualClock) -> AsyncIterator[ModbusGate]:
    gate = gate_of(plc, clock)
    yield gate
    await gate.close()


def gate_of(plc: Device, clock: ManualClock, *tags: Tag, **layout: int) -> ModbusGate:
    return ModbusGate(ModbusLink(plc.address(), clock), BlockLayout(**layout), tags, clock)


def order(sequence: int, code: OrderCode = OrderCode.RELEASE_PART, target: int = 12, value: int = 0) -> Order:
    return Order(sequence, code, target, value, UUID(int=1), datetime(2026, 11, 24, tzinfo=UTC))


async def test_it_is_a_gate(gate: ModbusGate) -> None:
    port: Gate = gate
    assert (await port.scan()).status.serial == SERIAL


async def test_a_scan_brings_status_readings_and_parameters_in_one_request(
    plc: ScriptedPlc, clock: ManualClock
) -> None:
    gate = gate_of(plc, clock, POWER, OFFSET)
    plc.registers[32:34] = struct.unpack(">2H", struct.pack(">f", 12.5))
    plc.registers[48] = 0xFFCE
    clock.seconds = 5.0
    scan = await gate.scan()
    assert (scan.status.boot_count, scan.status.cycle_sequence) == (3, 17)
    assert (scan.status.part_present, scan.status.ready_for_verdict, scan.status.gate_closed) == (True, True, True)
    assert scan.value("power_kw") == 12.5
    assert scan.value("offset_um") == -50.0
    assert (scan.monotonic, scan.seen_at) == (5.0, clock.now())
    assert plc.requests == [(3, 0, 49)] * 2
    await gate.scan()
    assert plc.requests == [(3, 0, 49)] * 3
    await gate.close()


async def test_a_reading_that_cannot_be_believed_does_not_spoil_the_scan(
    plc: ScriptedPlc, clock: ManualClock
) -> None:
    gate = gate_of(plc, clock, POWER, OFFSET)
    plc.registers[32:34] = [0x7FC0, 0]
    power, offset = (await gate.scan()).readings
    assert isinstance(power, NoEvidence)
    assert isinstance(offset, Reading)
    await gate.close()


async def test_a_scan_in_several_requests_is_of_one_part(plc: ScriptedPlc, clock: ManualClock) -> None:
    gate = gate_of(plc, clock, FAR)
    plc.registers[300] = 17
    interruptions = [True]

    def next_part_after_the_status() -> None:
        if plc.requests[-1] == (3, 300, 1) and interruptions:
            interruptions.pop()
            plc.enter(18, "BB-000124")
            plc.registers[300] = 18

    plc.on_read = next_part_after_the_status
    scan = await gate.scan()
    assert (scan.status.cycle_sequence, scan.status.serial, scan.value("far")) == (18, "BB-000124", 18.0)
    await gate.close()


async def test_a_scan_that_parts_overtake_every_time_is_an_error(plc: ScriptedPlc, clock: ManualClock) -> None:
    gate = gate_of(plc, clock, FAR)
    plc.on_read = lambda: plc.enter(len(plc.requests), "X")
    with pytest.raises(EquipmentError, match=r"parts came faster .*\(2 requests, .*put the readings close"):
        await gate.scan()
    await gate.close()


async def test_a_plc_with_another_contract_is_refused(plc: ScriptedPlc, gate: ModbusGate) -> None:
    plc.registers[2:4] = [0x0304, 0x0102]
    with pytest.raises(EquipmentError, match=r"set plc\.word_order: little"):
        await gate.scan()


async def test_blocks_may_stand_elsewhere(clock: ManualClock) -> None:
    async with ScriptedPlc() as plc:
        plc.registers[100:132] = plc.registers[:32]
        plc.registers[:32] = [0] * 32
        gate = gate_of(plc, clock, Tag("before", 95, TagType.UINT16), status=100, command=310)
        plc.registers[95] = 9
        scan = await gate.scan()
        assert (scan.status.cycle_sequence, scan.value("before")) == (17, 9.0)
        await gate.beat()
        assert plc.requests == [(3, 95, 37), (3, 95, 37), (16, 310, 1)]
        await gate.close()


async def test_the_heartbeat_changes_with_every_beat_and_wraps(plc: ScriptedPlc, gate: ModbusGate) -> None:
    beats = []
    for _ in range(3):
        await gate.beat()
        beats.append(plc.registers[200])
    assert beats == [1, 2, 3]
    gate._heartbeat = 0xFFFF
    await gate.beat()
    assert plc.registers[200] == 0


async def test_a_verdict_is_one_write_with_the_heartbeat_and_is_acknowledged(
    plc: ScriptedPlc, gate: ModbusGate
) -> None:
    await gate.beat()
    await gate.scan()
    plc.requests.clear()
    answer = await gate.give_verdict(17, SERIAL, Verdict.HOLD, ReasonCode.SURFACE_DEFECT)
    assert answer is VerdictAnswer.ACCEPTED
    assert plc.requests == [(16, 200, 14), (3, 0, 32), (3, 0, 32)]
    (words,) = plc.commands
    assert words[:3] == [1, 0, 17]
    assert struct.pack(">8H", *words[3:11]).rstrip(b"\0") == SERIAL.encode()
    assert words[11:13] == [3, 5]


@pytest.mark.parametrize(
    ("code", "answer"),
    [(16, "WRONG_SEQUENCE"), (17, "WRONG_SERIAL"), (19, "PART_GONE")],
)
async def test_a_refusal_is_handed_on(plc: ScriptedPlc, gate: ModbusGate, code: int, answer: str) -> None:
    plc.obey = lambda _sequence, _verdict: code
    assert await gate.give_verdict(17, SERIAL, Verdict.PASS, None) == answer


async def test_a_block_that_came_damaged_is_written_again(plc: ScriptedPlc, gate: ModbusGate) -> None:
    damaged = [18]
    plc.obey = lambda _sequence, _verdict: damaged.pop() if damaged else 1
    plc.on_read = lambda: plc._last.clear() if plc.registers[19] == 18 else None
    assert await gate.give_verdict(17, SERIAL, Verdict.PASS, None) is VerdictAnswer.ACCEPTED
    assert len(plc.commands) == 2


async def test_a_plc_that_finds_every_check_word_wrong_is_named_after_two_seconds(
    plc: ScriptedPlc, gate: ModbusGate
) -> None:
    plc.obey = lambda _sequence, _verdict: 18
    with pytest.raises(EquipmentError, match=r"within 2 s \(last trouble: it found the check word wrong\)"):
        await gate.give_verdict(17, SERIAL, Verdict.PASS, None)


async def test_an_order_that_came_damaged_is_written_again_under_the_same_sequence(
    plc: ScriptedPlc, gate: ModbusGate
) -> None:
    plc.answer_order(40, 16)
    results = [16, 1]
    plc.carry_out = lambda _code, _target, _value: results.pop(0)
    assert await gate.give_order(order(41)) is OrderResult.DONE
    assert [sequence for sequence, *_ in plc.orders] == [41, 41]


def changed(address: int, bit: int) -> Misbehaviour:
    """Turns one bit of one register of the first reply that brings it; every other reply is as it was."""
    left = [bit]

    def change(request: bytes, reply: bytes) -> bytes:
        function, start, count = struct.unpack(">BHH", request[7:12])
        if function != 3 or not left or not start <= address < start + count:
            return reply
        damaged = bytearray(reply)
        damaged[10 + 2 * (address - start) - (bit >> 3)] ^= 1 << (left.pop() & 7)
        return bytes(damaged)

    return change


@pytest.mark.parametrize("bit", range(16))
@pytest.mark.parametrize("address", [*range(26), 32, 33, 48])
async def test_a_bit_that_was_turned_on_the_way_is_never_believed(
    plc: ScriptedPlc, clock: ManualClock, address: int, bit: int
) -> None:
    plc.registers[32:34] = struct.unpack(">2H", struct.pack(">f", 12.5))
    gate = gate_of(plc, clock, POWER, OFFSET)
    true = await gate.scan()
    plc.enter(18, "BB-000124")
    plc.misbehave = changed(address, bit)
    scan = await gate.scan()
    assert (scan.status.boot_count, scan.status.cycle_sequence, scan.status.serial) == (3, 18, "BB-000124")
    assert scan.readings == tuple(replace(r, at=scan.seen_at) for r in true.readings if isinstance(r, Reading))
    plc.misbehave = changed(address, bit)
    unchanged = replace(scan.status, heartbeat=0)
    assert replace((await gate.scan()).status, heartbeat=0) == unchanged
    await gate.close()


async def test_every_other_reply_damaged_differently_still_lets_the_truth_through(
    plc: ScriptedPlc, clock: ManualClock
) -> None:
    plc.registers[32:34] = struct.unpack(">2H", struct.pack(">f", 12.5))
    gate = gate_of(plc, clock, POWER)
    replies: list[bytes] = []

    def every_other(_request: bytes, reply: bytes) -> bytes:
        replies.append(reply)
        return reply[:-1] + bytes([len(replies)]) if len(replies) % 2 else reply

    plc.misbehave = every_other
    assert (await gate.scan()).value("power_kw") == 12.5
    assert len(replies) == 4
    await gate.close()


async def test_an_answer_that_only_a_damaged_reply_shows_is_none(plc: ScriptedPlc, gate: ModbusGate) -> None:
    plc.answer(16, 1)
    await gate.scan()
    plc.obey = lambda _sequence, _verdict: None
    plc.misbehave = changed(18, 0)
    with pytest.raises(EquipmentError, match="did not acknowledge verdict HOLD for cycle 17"):
        await gate.give_verdict(17, SERIAL, Verdict.HOLD, None)


async def test_a_reading_that_never_stands_still_is_no_evidence_and_spoils_no_other(
    plc: ScriptedPlc, clock: ManualClock
) -> None:
    gate = gate_of(plc, clock, POWER, OFFSET)
    plc.on_read = lambda: plc.registers.__setitem__(33, len(plc.requests))
    power, offset = (await gate.scan()).readings
    assert isinstance(power, NoEvidence)
    assert "reads differently 5 times in a row" in power.problem
    assert isinstance(offset, Reading)
    await gate.close()


async def test_a_slow_answer_is_waited_for(plc: ScriptedPlc, gate: ModbusGate, clock: ManualClock) -> None:
    plc.obey = lambda _sequence, _verdict: None
    plc.on_read = lambda: plc.answer(17, 1) if clock.seconds > 1.9 else None
    assert await gate.give_verdict(17, SERIAL, Verdict.PASS, None) is VerdictAnswer.ACCEPTED
    assert 1.9 < clock.seconds < 2.0
    assert len(plc.commands) == 1


async def test_no_answer_is_an_error_after_two_seconds(
    plc: ScriptedPlc, gate: ModbusGate, clock: ManualClock
) -> None:
    plc.obey = lambda _sequence, _verdict: None
    says = r"unit 1: the PLC did not acknowledge verdict HOLD for cycle 17 within 2 s; .*register 200 \(40201\)"
    with pytest.raises(EquipmentError, match=says):
        await gate.give_verdict(17, SERIAL, Verdict.HOLD, None)
    assert 2.0 <= clock.seconds < 2.1


async def test_the_late_answer_to_a_verdict_counts_when_the_same_is_given_again(
    plc: ScriptedPlc, gate: ModbusGate
) -> None:
    plc.obey = lambda _sequence, _verdict: None
    with pytest.raises(EquipmentError):
        await gate.give_verdict(17, SERIAL, Verdict.PASS, None)
    plc.answer(17, 1)
    await gate.scan()
    assert await gate.give_verdict(17, SERIAL, Verdict.PASS, None) is VerdictAnswer.ACCEPTED
    assert {tuple(words[1:3]) for words in plc.commands} == {(0, 17)}


async def test_an_older_answer_for_the_same_part_is_not_taken_for_the_answer_to_another_verdict(
    plc: ScriptedPlc, gate: ModbusGate
) -> None:
    assert await gate.give_verdict(17, SERIAL, Verdict.HOLD, None) is VerdictAnswer.ACCEPTED
    plc.obey = lambda sequence, verdict: 19 if sequence == 0 or verdict == 1 else 1
    plc.on_read = lambda: None
    assert await gate.give_verdict(17, SERIAL, Verdict.PASS, None) is VerdictAnswer.PART_GONE
    assert [(w[2], w[11]) for w in plc.commands] == [(17, 3), (0, 3), (17, 1)]


async def test_another_verdict_is_not_answered_by_the_late_answer_to_the_first(
    plc: ScriptedPlc, gate: ModbusGate
) -> None:
    plc.obey = lambda _sequence, _verdict: None
    with pytest.raises(EquipmentError):
        await gate.give_verdict(17, SERIAL, Verdict.HOLD, None)
    plc.obey = lambda sequence, verdict: 19 if sequence == 0 or verdict == 1 else 1
    assert await gate.give_verdict(17, SERIAL, Verdict.PASS, None) is VerdictAnswer.PART_GONE
    assert [(w[2], w[11]) for w in plc.commands] == [(17, 3), (0, 3), (17, 1)]


async def test_a_hold_asserted_again_after_a_restart_of_the_edge_is_answered_anew(
    plc: ScriptedPlc, clock: ManualClock
) -> None:
    before = gate_of(plc, clock)
    assert await before.give_verdict(17, SERIAL, Verdict.HOLD, None) is VerdictAnswer.ACCEPTED
    await before.close()
    plc.obey = lambda _sequence, _verdict: 19
    after = gate_of(plc, clock)
    assert await after.give_verdict(17, SERIAL, Verdict.HOLD, None) is VerdictAnswer.PART_GONE
    await after.close()


async def test_an_answer_that_a_plc_kept_over_its_restart_is_not_taken_for_a_new_one(
    plc: ScriptedPlc, gate: ModbusGate
) -> None:
    assert await gate.give_verdict(17, SERIAL, Verdict.HOLD, None) is VerdictAnswer.ACCEPTED
    plc.registers[4] += 1
    plc.obey = lambda _sequence, _verdict: 19
    await gate.scan()
    assert await gate.give_verdict(17, SERIAL, Verdict.HOLD, None) is VerdictAnswer.PART_GONE


async def test_a_clearing_that_is_not_answered_is_an_error(plc: ScriptedPlc, gate: ModbusGate) -> None:
    plc.answer(17, 1)
    plc.obey = lambda sequence, _verdict: None if sequence == 0 else 1
    with pytest.raises(EquipmentError, match="did not acknowledge the clearing of cycle 17"):
        await gate.give_verdict(17, SERIAL, Verdict.HOLD, None)
    assert [w[2] for w in plc.commands] == [0]


async def test_a_plc_that_restarts_before_it_answers_is_told_and_the_next_try_is_against_its_new_life(
    plc: ScriptedPlc, gate: ModbusGate
) -> None:
    await gate.scan()

    def restarted(_sequence: int, _verdict: int) -> None:
        plc.restart()
        plc.obey = lambda _sequence, _verdict: 19

    plc.obey = restarted
    with pytest.raises(EquipmentError, match=r"restarted \(boot 3, now 4\) before it acknowledged verdict PASS"):
        await gate.give_verdict(17, SERIAL, Verdict.PASS, None)
    plc.restart()
    await gate.scan()
    assert await gate.give_verdict(17, SERIAL, Verdict.PASS, None) is VerdictAnswer.PART_GONE


async def test_a_busy_plc_is_asked_again_until_it_answers(
    plc: ScriptedPlc, gate: ModbusGate, clock: ManualClock
) -> None:
    await gate.scan()
    plc.misbehave = lambda q, reply: framed(q, bytes([q[7] | 0x80, 6])) if clock.seconds < 1 else reply
    assert await gate.give_verdict(17, SERIAL, Verdict.PASS, None) is VerdictAnswer.ACCEPTED
    assert 1 <= clock.seconds < 1.1


async def test_a_write_whose_confirmation_was_lost_is_repeated_and_answered_once(
    plc: ScriptedPlc, gate: ModbusGate
) -> None:
    await gate.scan()
    replies = [None]
    plc.misbehave = lambda _, reply: replies.pop() if replies else reply
    assert await gate.give_verdict(17, SERIAL, Verdict.PASS, None) is VerdictAnswer.ACCEPTED
    assert len(plc.commands) == 2
    assert plc.connections == 2


async def test_a_link_that_stays_broken_is_named_in_the_error(
    plc: ScriptedPlc, gate: ModbusGate, clock: ManualClock
) -> None:
    await gate.scan()
    plc.misbehave = lambda q, _: framed(q, bytes([q[7] | 0x80, 6]))
    with pytest.raises(EquipmentError, match=r"within 2 s \(last trouble: .*exception 6: it is busy"):
        await gate.give_verdict(17, SERIAL, Verdict.PASS, None)
    assert clock.seconds >= 2


async def test_verdicts_given_at_once_are_written_one_after_the_other(plc: ScriptedPlc, gate: ModbusGate) -> None:
    reads: list[int] = []

    def answer_later() -> None:
        reads.append(1)
        if plc.commands and len(reads) % 3 == 0:
            plc.answer(plc.commands[-1][2], 1)

    plc.obey = lambda _sequence, _verdict: None
    plc.on_read = answer_later
    answers = await asyncio.gather(
        *(gate.give_verdict(sequence, SERIAL, Verdict.HOLD, None) for sequence in (5, 6, 7))
    )
    assert answers == [VerdictAnswer.ACCEPTED] * 3
    assert [words[2] for words in plc.commands] == [5, 6, 7]


async def test_a_serial_that_does_not_fit_is_refused_before_anything_is_written(
    plc: ScriptedPlc, gate: ModbusGate
) -> None:
    with pytest.raises(EquipmentError, match="16 printable ASCII"):
        await gate.give_verdict(17, PartSerial("much too long a serial"), Verdict.PASS, None)
    assert plc.commands == []


async def test_an_order_is_written_whole_and_its_result_handed_on(plc: ScriptedPlc, gate: ModbusGate) -> None:
    result = await gate.give_order(order(41, OrderCode.SET_PARAMETER, 2, -120))
    assert result is OrderResult.DONE
    assert plc.orders == [(41, 5, 2, -120, True)]
    plc.carry_out = lambda _code, _target, _value: 21
    assert await gate.give_order(order(42)) is OrderResult.NOT_HELD


async def test_an_order_answered_already_gives_the_same_result(plc: ScriptedPlc, gate: ModbusGate) -> None:
    plc.answer_order(41, 20)
    plc.carry_out = lambda _code, _target, _value: None
    assert await gate.give_order(order(41)) is OrderResult.OUT_OF_RANGE


async def test_an_order_older_than_the_last_is_refused_and_not_written(plc: ScriptedPlc, gate: ModbusGate) -> None:
    plc.answer_order(41, 1)
    assert await gate.give_order(order(40)) is OrderResult.OLD_SEQUENCE
    assert plc.orders == []


async def test_an_order_meant_for_an_earlier_boot_is_not_written(plc: ScriptedPlc, gate: ModbusGate) -> None:
    with pytest.raises(EquipmentError, match=r"restarted \(boot 2, now 3\) before order 41 was written"):
        await gate.give_order(replace(order(41), boot_count=2))
    assert plc.orders == []


async def test_an_order_that_the_restart_of_the_plc_swallowed_is_not_written_to_its_next_life(
    plc: ScriptedPlc, gate: ModbusGate
) -> None:
    def swallow(request: bytes, reply: bytes) -> bytes | None:
        if request[7] != 16:
            return reply
        plc.misbehave = None
        plc.orders.clear()
        plc.restart()
        return None

    plc.misbehave = swallow
    with pytest.raises(EquipmentError, match=r"restarted \(boot 3, now 4\) before it acknowledged order 41"):
        await gate.give_order(order(41))
    assert plc.orders == []


async def test_an_order_without_an_answer_is_an_error(plc: ScriptedPlc, gate: ModbusGate) -> None:
    plc.carry_out = lambda _code, _target, _value: None
    with pytest.raises(EquipmentError, match=r"order 41 \(RELEASE_PART\) within 2 s"):
        await gate.give_order(order(41))


async def test_words_of_little_order_are_written_and_read_as_such(clock: ManualClock) -> None:
    async with ScriptedPlc() as plc:
        plc.registers[2:4] = [0x0304, 0x0102]
        plc.registers[6:8] = [17, 0]
        gate = ModbusGate(ModbusLink(plc.address(), clock), BlockLayout(word_order=WordOrder.LITTLE), (), clock)
        plc.on_registers = lambda _start, words: plc.registers.__setitem__(slice(17, 20), [words[1], words[2], 1])
        assert (await gate.scan()).status.cycle_sequence == 17
        assert await gate.give_verdict(17, SERIAL, Verdict.PASS, None) is VerdictAnswer.ACCEPTED
        assert plc.registers[201:203] == [17, 0]
        await gate.close()
