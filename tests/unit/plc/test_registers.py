"""The codec puts every field where docs/plc.md says, and believes no block that is not the contract."""

import itertools
import struct
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.registers import (
    BlockLayout,
    Command,
    ContractError,
    WordOrder,
    check_word,
    command_words,
    decode_status,
    order_words,
    place,
    serial_words,
    text_of,
    uint32_of,
    uint32_words,
)
from quality.characteristic import PartSerial
from quality.judgement import ReasonCode, Verdict
from quality.order import Order, OrderCode, OrderResult
from quality.ports import EquipmentError
from quality.station import VerdictAnswer

uint16 = st.integers(0, 0xFFFF)
uint32 = st.integers(0, 0xFFFF_FFFF)
serials = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=16).map(PartSerial)
word_orders = st.sampled_from(WordOrder)
commands = st.builds(Command, uint32, serials, st.sampled_from(Verdict), st.none() | st.sampled_from(ReasonCode))
orders = st.builds(
    Order,
    sequence=uint32,
    code=st.sampled_from(OrderCode),
    target=uint32,
    value=st.integers(-(1 << 31), (1 << 31) - 1),
    decision_id=st.just(UUID(int=1)),
    recorded_at=st.just(datetime(2026, 11, 24, tzinfo=UTC)),
)


def status_block(**words: int) -> list[int]:
    """A valid big-endian status block, with single words given by "w" and their offset."""
    block = [0x4A44, 1, 0x0102, 0x0304, 7, 8, 0, 0, *[0] * 24]
    for name, word in words.items():
        block[int(name[1:])] = word
    return block


def test_the_check_word_is_the_checksum_of_modbus_rtu() -> None:
    # the request "read 2 registers from 1 of unit 17", whose checksum 0x7687 stands in many manuals
    assert check_word((0x1103, 0x006B, 0x0003)) == 0x8776
    assert check_word([0] * 12) != 0


@given(uint32, word_orders)
def test_32_bit_values_come_back(value: int, word_order: WordOrder) -> None:
    words = uint32_words(value, word_order)
    assert uint32_of(words, 0, word_order) == value
    assert words == ((value >> 16, value & 0xFFFF) if word_order == "big" else (value & 0xFFFF, value >> 16))


@given(serials)
def test_serials_come_back(serial: PartSerial) -> None:
    assert text_of(serial_words(serial), 8) == serial


@pytest.mark.parametrize("serial", ["seventeen letters", "Grün-1", "tab\t", "nul\0nul"])
def test_a_serial_that_does_not_fit_is_refused(serial: str) -> None:
    with pytest.raises(ContractError, match="16 printable ASCII"):
        serial_words(PartSerial(serial))


@pytest.mark.parametrize("raw", [b"AB\0\0CD\0\0", b"\xe4B\0\0\0\0\0\0", b"A\x07\0\0\0\0\0\0"])
def test_text_that_is_not_ascii_padded_with_zeros_is_refused(raw: bytes) -> None:
    with pytest.raises(ContractError, match=r"register 8 \(40009\).*padded with zeros"):
        text_of(struct.unpack(">4H", raw), 8)


@given(uint16, commands, word_orders)
def test_a_command_block_holds_what_it_was_made_of(beat: int, command: Command, word_order: WordOrder) -> None:
    words = command_words(beat, command, word_order)
    assert len(words) == 14
    assert words[0] == beat
    assert uint32_of(words, 1, word_order) == command.sequence
    assert text_of(words[3:11], 203) == command.serial
    assert words[11] == {"PASS": 1, "REVIEW": 2, "HOLD": 3}[command.verdict]
    assert words[12] == (list(ReasonCode).index(command.reason) + 1 if command.reason else 0)
    assert check_word(words[1:13]) == words[13]


@given(commands, word_orders, st.integers(1, 13), st.integers(1, 0xFFFF))
def test_a_command_block_with_any_word_corrupted_is_not_valid(
    command: Command, word_order: WordOrder, index: int, change: int
) -> None:
    words = list(command_words(0, command, word_order))
    words[index] ^= change
    assert check_word(words[1:13]) != words[13]


@given(orders, word_orders, st.integers(0, 7), st.integers(1, 0xFFFF))
def test_an_order_block_holds_what_it_was_made_of_and_shows_corruption(
    order: Order, word_order: WordOrder, index: int, change: int
) -> None:
    words = list(order_words(order, word_order))
    assert len(words) == 8
    assert uint32_of(words, 0, word_order) == order.sequence
    assert words[2] == list(OrderCode).index(order.code) + 1
    assert uint32_of(words, 3, word_order) == order.target
    assert uint32_of(words, 5, word_order) == order.value % (1 << 32)
    assert check_word(words[:7]) == words[7]
    words[index] ^= change
    assert check_word(words[:7]) != words[7]


@pytest.mark.parametrize(
    ("field", "value"), [("sequence", 1 << 32), ("target", -1), ("value", 1 << 31), ("value", -(1 << 31) - 1)]
)
def test_an_order_with_a_number_that_does_not_fit_is_refused(field: str, value: int) -> None:
    fields = {"sequence": 1, "target": 0, "value": 0} | {field: value}
    order = Order(
        code=OrderCode.SET_PARAMETER,
        decision_id=UUID(int=1),
        recorded_at=datetime(2026, 11, 24, tzinfo=UTC),
        **fields,
    )
    with pytest.raises(ContractError, match="does not fit"):
        order_words(order, WordOrder.BIG)


@given(st.integers(0, 63), st.tuples(uint32, uint32, uint32, uint32), st.tuples(uint16, uint16, uint16), serials)
def test_a_status_block_is_read_field_by_field(
    bits: int, longs: tuple[int, int, int, int], shorts: tuple[int, int, int], serial: PartSerial
) -> None:
    raw = struct.pack(
        ">HHLHHL16sHLHLHHL12x",
        0x4A44, 1, 0x01020304, shorts[0], shorts[1], longs[0], serial.encode(), bits,
        longs[1], 17, longs[2], 21, shorts[2], longs[3],
    )  # fmt: skip
    status = decode_status(struct.unpack(">32H", raw), BlockLayout())
    assert (status.boot_count, status.heartbeat, status.held_count) == shorts
    assert status.serial == serial
    assert (
        status.cycle_sequence,
        status.answered_cycle,
        status.answered_order,
        status.last_passed_sequence,
    ) == longs
    assert status.verdict_answer is VerdictAnswer.WRONG_SERIAL
    assert status.order_result is OrderResult.NOT_HELD
    flags = (
        status.part_present,
        status.ready_for_verdict,
        status.gate_closed,
        status.line_stopped,
        status.watchdog_tripped,
        status.bypass,
    )
    assert flags == tuple(bool(bits >> index & 1) for index in range(6))


def test_every_answer_of_the_contract_is_known() -> None:
    for code, answer in {
        0: None, 1: "ACCEPTED", 16: "WRONG_SEQUENCE", 17: "WRONG_SERIAL", 18: "BAD_CHECK_WORD", 19: "PART_GONE",
    }.items():  # fmt: skip
        assert decode_status(status_block(w19=code), BlockLayout()).verdict_answer == answer
    for code, result in {
        0: None, 1: "DONE", 16: "BAD_CHECK_WORD", 17: "OLD_SEQUENCE", 18: "UNKNOWN_CODE", 19: "UNKNOWN_TARGET",
        20: "OUT_OF_RANGE", 21: "NOT_HELD",
    }.items():  # fmt: skip
        assert decode_status(status_block(w22=code), BlockLayout()).order_result == result


@pytest.mark.parametrize(
    ("block", "word_order", "says"),
    [
        (status_block(w0=0), "big", r"register 100 \(40101\): contract id read 0x0000.*plc\.status_address"),
        (status_block(w1=2), "big", r"register 101 \(40102\): contract version read 2, expected 1"),
        (
            status_block(w2=0x0304, w3=0x0102),
            "big",
            r"register 102 \(40103\): word-order probe read 0x03040102.*set plc\.word_order: little",
        ),
        (status_block(), "little", r"probe read 0x03040102, .*set plc\.word_order: big"),
        (status_block(w2=0x0201, w3=0x0403), "big", r"probe read 0x02010403.*high byte first"),
        (status_block(w19=5), "big", r"register 119 \(40120\): verdict answer read 5"),
        (status_block(w22=99), "big", r"register 122 \(40123\): order result read 99"),
        (status_block(w8=0xFFFF), "big", r"register 108 \(40109\)"),
    ],
)
def test_what_is_not_the_contract_is_refused_with_register_finding_and_mend(
    block: list[int], word_order: str, says: str
) -> None:
    with pytest.raises(ContractError, match=says) as error:
        decode_status(block, BlockLayout(status=100, word_order=WordOrder(word_order)))
    assert isinstance(error.value, EquipmentError)


def test_little_word_order_reads_the_low_word_first() -> None:
    block = status_block(w2=0x0304, w3=0x0102, w6=5, w7=1)
    status = decode_status(block, BlockLayout(word_order=WordOrder.LITTLE))
    assert status.cycle_sequence == 0x0001_0005


def test_places_are_named_as_plc_people_name_them() -> None:
    assert place(0) == "register 0 (40001)"
    assert place(9998) == "register 9998 (49999)"
    assert place(9999) == "register 9999 (410000)"


def test_the_check_word_of_a_command_block_finds_every_error_of_up_to_three_bits() -> None:
    """The check is linear: an error goes unnoticed when the marks of its bits cancel out."""
    plain = check_word([0] * 12)
    marks = [
        check_word([1 << bit if word == at else 0 for at in range(12)]) ^ plain
        for word in range(12)
        for bit in range(16)
    ]
    marks += [1 << bit for bit in range(16)]
    single = set(marks)
    assert 0 not in single
    assert len(single) == len(marks)
    assert not any(one ^ other in single for one, other in itertools.combinations(marks, 2))
