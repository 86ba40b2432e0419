"""The coils gate binds a PASS to its part as well as coils can, and leaves nothing open that it opened in vain."""

import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from plc.coils import CoilsGate, CoilsLayout
from plc.link import ModbusLink
from plc.tags import Tag, TagType
from quality.characteristic import PartSerial
from quality.judgement import ReasonCode, Verdict
from quality.order import Order, OrderCode, OrderResult
from quality.ports import EquipmentError, Gate
from quality.station import VerdictAnswer
from tests.unit.plc.equipment import Device, ManualClock

CYCLE = Tag("cycle", 6, TagType.UINT32)
SERIAL = Tag("serial", 8, TagType.ASCII, length=16)
BOOT = Tag("boot", 4, TagType.UINT16)
POWER = Tag("power_kw", 32, TagType.UINT16, "kW")
PART = PartSerial("BB-000123")
HOLD, HEARTBEAT, TAKEN = 0, 1, 2


class CoilsPlc(Device):
    """Sets hold for each part that enters and acknowledges each write of it, unless told to be deaf."""

    def __init__(self) -> None:
        super().__init__()
        self.deaf = False
        self.writes: list[bool] = []
        self.registers[4] = 3
        self.enter(17, PART)
        self.on_coil = self._take

    def enter(self, sequence: int, serial: str) -> None:
        self.registers[8:16] = struct.unpack(">8H", serial.encode().ljust(16, b"\0"))
        self.registers[6:8] = [sequence >> 16, sequence & 0xFFFF]
        self.coils[HOLD], self.coils[TAKEN] = True, False

    def _take(self, address: int, on: bool) -> None:  # noqa: FBT001 - as the device calls it
        if address == HOLD:
            self.writes.append(on)
            if not self.deaf:
                self.coils[TAKEN] = True


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def plc() -> AsyncIterator[CoilsPlc]:
    async with CoilsPlc() as device:
        yield device


@pytest.fixture
async def gate(plc: CoilsPlc, clock: ManualClock) -> AsyncIterator[CoilsGate]:
    gate = gate_of(plc, clock, CoilsLayout(CYCLE, SERIAL, BOOT))
    yield gate
    await gate.close()


def gate_of(plc: Device, clock: ManualClock, layout: CoilsLayout) -> CoilsGate:
    return CoilsGate(ModbusLink(plc.address(), clock), layout, (POWER,), clock)


def order(target: int, code: OrderCode = OrderCode.RELEASE_PART) -> Order:
    return Order(1, code, target, 0, UUID(int=1), datetime(2026, 11, 24, tzinfo=UTC))


async def test_a_scan_makes_a_status_of_counter_serial_and_coils(plc: CoilsPlc, gate: CoilsGate) -> None:
    port: Gate = gate
    plc.registers[32] = 7
    scan = await port.scan()
    status = scan.status
    assert (status.boot_count, status.cycle_sequence, status.serial) == (3, 17, PART)
    assert (status.part_present, status.ready_for_verdict, status.gate_closed) == (True, True, True)
    assert scan.value("power_kw") == 7.0
    assert plc.requests == [(3, 4, 29), (3, 4, 29), (1, 0, 3), (1, 0, 3)]
    assert (await port.scan()).status.heartbeat == status.heartbeat + 1


async def test_before_the_first_part_there_is_none(plc: CoilsPlc, gate: CoilsGate) -> None:
    plc.enter(0, "")
    status = (await gate.scan()).status
    assert (status.part_present, status.ready_for_verdict) == (False, False)


async def test_without_serial_and_boot_the_part_is_named_by_its_cycle(plc: CoilsPlc, clock: ManualClock) -> None:
    gate = gate_of(plc, clock, CoilsLayout(CYCLE, acknowledge=None))
    status = (await gate.scan()).status
    assert (status.boot_count, status.serial) == (0, "17")
    assert await gate.give_verdict(17, PartSerial("17"), Verdict.PASS, None) is VerdictAnswer.ACCEPTED
    await gate.close()


async def test_the_heartbeat_coil_toggles(plc: CoilsPlc, gate: CoilsGate) -> None:
    seen = []
    for _ in range(4):
        await gate.beat()
        seen.append(plc.coils[HEARTBEAT])
    assert seen == [True, False, True, False]


async def test_a_pass_opens_once_and_is_acknowledged(plc: CoilsPlc, gate: CoilsGate) -> None:
    assert await gate.give_verdict(17, PART, Verdict.PASS, None) is VerdictAnswer.ACCEPTED
    assert plc.writes == [False]
    status = (await gate.scan()).status
    assert not status.ready_for_verdict
    assert (status.last_passed_sequence, status.answered_cycle) == (17, 17)
    assert status.verdict_answer is VerdictAnswer.ACCEPTED
    assert plc.writes == [False]


async def test_a_pass_given_again_does_not_open_again(plc: CoilsPlc, clock: ManualClock, gate: CoilsGate) -> None:
    await gate.give_verdict(17, PART, Verdict.PASS, None)
    assert await gate.give_verdict(17, PART, Verdict.PASS, None) is VerdictAnswer.ACCEPTED
    restarted = gate_of(plc, clock, CoilsLayout(CYCLE, SERIAL, BOOT))
    assert await restarted.give_verdict(17, PART, Verdict.PASS, None) is VerdictAnswer.ACCEPTED
    assert plc.writes == [False]
    await restarted.close()


@pytest.mark.parametrize("verdict", [Verdict.HOLD, Verdict.REVIEW])
async def test_a_part_is_kept_and_released_by_an_order(plc: CoilsPlc, gate: CoilsGate, verdict: Verdict) -> None:
    assert await gate.give_verdict(17, PART, verdict, ReasonCode.TREND) is VerdictAnswer.ACCEPTED
    assert plc.writes == [True]
    assert (await gate.scan()).status.held_count == 1
    assert await gate.give_order(order(17)) is OrderResult.DONE
    assert plc.writes == [True, False]
    status = (await gate.scan()).status
    assert (status.held_count, status.last_passed_sequence) == (0, 17)


async def test_a_hold_for_a_part_that_was_let_pass_is_answered_part_gone_and_closes(
    plc: CoilsPlc, gate: CoilsGate
) -> None:
    await gate.give_verdict(17, PART, Verdict.PASS, None)
    assert await gate.give_verdict(17, PART, Verdict.HOLD, None) is VerdictAnswer.PART_GONE
    assert plc.coils[HOLD]


async def test_a_verdict_for_another_part_writes_nothing(plc: CoilsPlc, gate: CoilsGate) -> None:
    assert await gate.give_verdict(16, PART, Verdict.PASS, None) is VerdictAnswer.PART_GONE
    assert await gate.give_verdict(17, PartSerial("other"), Verdict.PASS, None) is VerdictAnswer.WRONG_SERIAL
    assert await gate.give_order(order(16)) is OrderResult.NOT_HELD
    assert plc.writes == []


async def test_orders_that_coils_cannot_carry_are_unknown(plc: CoilsPlc, gate: CoilsGate) -> None:
    for code in set(OrderCode) - {OrderCode.RELEASE_PART}:
        assert await gate.give_order(order(17, code)) is OrderResult.UNKNOWN_CODE
    assert plc.requests == []


async def test_an_acknowledgement_that_only_a_damaged_reply_shows_is_none(
    plc: CoilsPlc, gate: CoilsGate, clock: ManualClock
) -> None:
    plc.deaf = True
    reads: list[bytes] = []

    def every_seventh_says_taken(request: bytes, reply: bytes) -> bytes:
        if request[7] != 1:
            return reply
        reads.append(reply)
        return reply[:-1] + bytes([reply[-1] | 1 << TAKEN]) if len(reads) % 7 == 0 else reply

    plc.misbehave = every_seventh_says_taken
    with pytest.raises(EquipmentError, match="did not acknowledge the release of cycle 17"):
        await gate.give_verdict(17, PART, Verdict.PASS, None)
    assert len(reads) > 14
    assert clock.seconds >= 2


async def test_coils_that_change_with_every_read_are_an_error(plc: CoilsPlc, gate: CoilsGate) -> None:
    reads: list[bytes] = []

    def flicker(request: bytes, reply: bytes) -> bytes:
        if request[7] != 1:
            return reply
        reads.append(reply)
        return reply[:-1] + bytes([reply[-1] ^ len(reads) % 2])

    plc.misbehave = flicker
    with pytest.raises(
        EquipmentError, match=r"coils 0 \(hold\) and 2 \(acknowledge\) changed with each of 5 reads"
    ):
        await gate.scan()


async def test_a_pass_that_is_not_acknowledged_is_withdrawn(
    plc: CoilsPlc, gate: CoilsGate, clock: ManualClock
) -> None:
    plc.deaf = True
    with pytest.raises(EquipmentError, match=r"did not acknowledge the release of cycle 17 within 2 s.*coil 2"):
        await gate.give_verdict(17, PART, Verdict.PASS, None)
    assert 2.0 <= clock.seconds < 2.1
    assert plc.writes == [False, True]
    status = (await gate.scan()).status
    assert (status.ready_for_verdict, status.last_passed_sequence) == (True, 0)


async def test_a_part_that_has_left_before_the_acknowledgement_was_read_has_passed(
    plc: CoilsPlc, gate: CoilsGate
) -> None:
    plc.on_coil = lambda _address, _on: plc.enter(18, "BB-000124")
    assert await gate.give_verdict(17, PART, Verdict.PASS, None) is VerdictAnswer.ACCEPTED
    status = (await gate.scan()).status
    assert (status.cycle_sequence, status.ready_for_verdict, status.gate_closed) == (18, True, True)
    assert plc.writes == []


async def test_without_acknowledgement_the_reply_to_the_write_is_all(plc: CoilsPlc, clock: ManualClock) -> None:
    gate = gate_of(plc, clock, CoilsLayout(CYCLE, SERIAL, acknowledge=None))
    plc.deaf = True
    assert await gate.give_verdict(17, PART, Verdict.PASS, None) is VerdictAnswer.ACCEPTED
    assert await gate.give_order(order(17)) is OrderResult.DONE
    assert plc.writes == [False]
    await gate.close()


async def test_a_hold_coil_that_the_plc_forgot_to_set_is_set(plc: CoilsPlc, gate: CoilsGate) -> None:
    await gate.give_verdict(17, PART, Verdict.PASS, None)
    plc.enter(18, "BB-000124")
    plc.coils[HOLD] = False
    assert (await gate.scan()).status.gate_closed
    assert plc.coils[HOLD]


async def test_a_hold_coil_that_does_not_stay_set_is_an_error(plc: CoilsPlc, gate: CoilsGate) -> None:
    plc.on_coil = lambda address, _on: plc.coils.__setitem__(address, False)
    with pytest.raises(EquipmentError, match=r"coil 0 \(hold\) reads 0 after 1 was written"):
        await gate.give_verdict(17, PART, Verdict.HOLD, None)


async def test_naming_tags_far_from_the_counter_are_of_the_same_part(plc: CoilsPlc, clock: ManualClock) -> None:
    gate = gate_of(plc, clock, CoilsLayout(CYCLE, Tag("serial", 300, TagType.ASCII, length=4)))
    plc.registers[300:302] = struct.unpack(">2H", b"S17\0")

    def next_part() -> None:
        if plc.requests[-1][1] == 300 and plc.registers[7] == 17:
            plc.enter(18, "")
            plc.registers[300:302] = struct.unpack(">2H", b"S18\0")

    plc.on_read = next_part
    status = (await gate.scan()).status
    assert (status.cycle_sequence, status.serial) == (18, "S18")
    await gate.close()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"cycle": Tag("cycle", 6, TagType.FLOAT32)}, "tag cycle, .*a counter is of type"),
        ({"boot": SERIAL}, "a counter is of type"),
        ({"serial": BOOT}, "the serial is of type ascii"),
        ({"heartbeat": 0}, "three different coils"),
        ({"acknowledge": 2000}, "less than 2000 apart"),
    ],
)
def test_a_layout_that_cannot_work_is_refused(fields: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        CoilsLayout(**({"cycle": CYCLE} | fields))
