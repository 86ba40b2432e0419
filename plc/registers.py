"""The register contract as pure code: what stands in each word, and what makes a block trustworthy.

`docs/plc.md` is the source of every offset and number here. Nothing in this file knows a socket.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from quality.characteristic import PartSerial
from quality.judgement import ReasonCode, Verdict
from quality.order import Order, OrderCode, OrderResult
from quality.ports import EquipmentError
from quality.saying import Saying, saying
from quality.station import StationStatus, VerdictAnswer

CONTRACT_ID: Final = 0x4A44
CONTRACT_VERSION: Final = 1
WORD_ORDER_PROBE: Final = 0x01020304
STATUS_WORDS: Final = 32
"""The status block with its reserved words, so that readings behind it come in the same request."""
PLC_HEARTBEAT: Final = 5
"""Its place in the status block: the one word that changes by itself."""
COMMAND_WORDS: Final = 14
ORDER_WORDS: Final = 8
SERIAL_WORDS: Final = 8

_VERDICT_CODES: Final[Mapping[Verdict, int]] = MappingProxyType(
    {Verdict.PASS: 1, Verdict.REVIEW: 2, Verdict.HOLD: 3}
)
_REASON_CODES: Final[Mapping[ReasonCode, int]] = MappingProxyType(
    {
        ReasonCode.FORECAST_NEAR_LIMIT: 1,
        ReasonCode.TREND: 2,
        ReasonCode.TOOL_LIFE: 3,
        ReasonCode.READING_UNUSUAL: 4,
        ReasonCode.SURFACE_DEFECT: 5,
        ReasonCode.MEASURED_OUT: 6,
        ReasonCode.NO_EVIDENCE: 7,
        ReasonCode.OVERFLOW: 8,
    }
)
_ORDER_CODES: Final[Mapping[OrderCode, int]] = MappingProxyType(
    {
        OrderCode.STOP_LINE: 1,
        OrderCode.RESUME: 2,
        OrderCode.RELEASE_PART: 3,
        OrderCode.DIVERT: 4,
        OrderCode.SET_PARAMETER: 5,
    }
)
_VERDICT_ANSWERS: Final[Mapping[int, VerdictAnswer | None]] = MappingProxyType(
    {
        0: None,
        1: VerdictAnswer.ACCEPTED,
        16: VerdictAnswer.WRONG_SEQUENCE,
        17: VerdictAnswer.WRONG_SERIAL,
        18: VerdictAnswer.BAD_CHECK_WORD,
        19: VerdictAnswer.PART_GONE,
    }
)
_ORDER_RESULTS: Final[Mapping[int, OrderResult | None]] = MappingProxyType(
    {
        0: None,
        1: OrderResult.DONE,
        16: OrderResult.BAD_CHECK_WORD,
        17: OrderResult.OLD_SEQUENCE,
        18: OrderResult.UNKNOWN_CODE,
        19: OrderResult.UNKNOWN_TARGET,
        20: OrderResult.OUT_OF_RANGE,
        21: OrderResult.NOT_HELD,
    }
)


class WordOrder(StrEnum):
    """Which word of a value that takes several registers comes first: the most significant is big."""

    BIG = "big"
    LITTLE = "little"


@dataclass(frozen=True, slots=True)
class BlockLayout:
    """Where the three blocks stand (0-based addresses) and in which order their words come.

    `max_gap` is how many registers that nobody asked for a request may read across, to save a request;
    0 for a PLC that refuses to read registers it has not mapped. `max_count` is how many registers the PLC gives
    at once, at least the 32 of its status block.
    """

    status: int = 0
    command: int = 200
    order: int = 220
    word_order: WordOrder = WordOrder.BIG
    max_gap: int = 16
    max_count: int = 125


@dataclass(frozen=True, slots=True)
class Command:
    """What a command block says: the verdict on one part, named by its sequence and its serial."""

    sequence: int
    serial: PartSerial
    verdict: Verdict
    reason: ReasonCode | None


class ContractError(EquipmentError):
    """What was read or is to be written is not the contract: names the register, what was found and the mend."""


def place(address: int) -> Saying:
    """A register as both worlds write it: 0-based decimal, and the 4xxxx reference PLC people use."""
    reference = 40001 + address if address < 9999 else 400001 + address  # noqa: PLR2004
    return saying("register {address} ({reference})", address=address, reference=reference)


def check_word(words: Sequence[int]) -> int:
    """CRC-16 with polynomial 0xA001 (reflected 0x8005), start 0xFFFF, over the words, high byte first.

    The checksum of Modbus RTU, so that a PLC program often has it already (Modbus over Serial Line V1.02, 6.2.2).
    """
    crc = 0xFFFF
    for byte in struct.pack(f">{len(words)}H", *words):
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def uint32_words(value: int, word_order: WordOrder) -> tuple[int, int]:
    """Two registers of an unsigned 32-bit value. Raises ContractError when it does not fit."""
    if not 0 <= value <= 0xFFFF_FFFF:  # noqa: PLR2004
        raise ContractError(saying("{value} does not fit into an unsigned 32-bit register pair", value=value))
    high, low = value >> 16, value & 0xFFFF
    return (high, low) if word_order == WordOrder.BIG else (low, high)


def uint32_of(words: Sequence[int], offset: int, word_order: WordOrder) -> int:
    """The unsigned 32-bit value in the two registers at the offset."""
    first, second = words[offset], words[offset + 1]
    return first << 16 | second if word_order == WordOrder.BIG else second << 16 | first


def serial_words(serial: PartSerial) -> tuple[int, ...]:
    """Eight registers of ASCII, high byte first, padded with zeros. Raises ContractError when it cannot be one."""
    if len(serial) > 2 * SERIAL_WORDS or not (serial.isascii() and (serial.isprintable() or not serial)):
        raise ContractError(
            saying("the serial {serial} is not at most 16 printable ASCII characters", serial=f"{serial!r}")
        )
    return struct.unpack(f">{SERIAL_WORDS}H", serial.encode("ascii").ljust(2 * SERIAL_WORDS, b"\0"))


def text_of(words: Sequence[int], address: int) -> str:
    """The ASCII text in the registers, which start at `address`.

    Raises ContractError for anything but printable ASCII padded with zeros: a serial that is half one part's
    and half another's must not be taken for either.
    """
    raw = struct.pack(f">{len(words)}H", *words)
    text = raw.rstrip(b"\0")
    if any(not 0x20 <= byte <= 0x7E for byte in text):  # noqa: PLR2004
        raise ContractError(
            saying(
                "{place}: {raw} is not printable ASCII padded with zeros; let the PLC fill the rest of the text"
                " with zeros, high byte first",
                place=place(address),
                raw=f"{raw!r}",
            )
        )
    return text.decode("ascii")


def check_contract(words: Sequence[int], layout: BlockLayout) -> None:
    """Raises ContractError unless the status block is of this contract, this version and this word order."""
    identity, version = words[0], words[1]
    if identity != CONTRACT_ID:
        raise ContractError(
            saying(
                "{place}: contract id read 0x{identity}, expected 0x{expected}; correct plc.status_address,"
                " or let the PLC write the contract id there",
                place=place(layout.status),
                identity=f"{identity:04X}",
                expected=f"{CONTRACT_ID:04X}",
            )
        )
    if version != CONTRACT_VERSION:
        raise ContractError(
            saying(
                "{place}: contract version read {version}, expected {expected}; install the PLC's"
                " function block of this contract version",
                place=place(layout.status + 1),
                version=version,
                expected=CONTRACT_VERSION,
            )
        )
    probe = uint32_of(words, 2, layout.word_order)
    if probe != WORD_ORDER_PROBE:
        other = WordOrder.LITTLE if layout.word_order == WordOrder.BIG else WordOrder.BIG
        mend = (
            f"set plc.word_order: {other}"
            if uint32_of(words, 2, other) == WORD_ORDER_PROBE
            else "let the PLC write 0x01020304 there, high byte first in each register"
        )
        raise ContractError(
            saying(
                "{place}: word-order probe read 0x{probe}, expected 0x{expected}; {mend}",
                place=place(layout.status + 2),
                probe=f"{probe:08X}",
                expected=f"{WORD_ORDER_PROBE:08X}",
                mend=mend,
            )
        )


def decode_status(words: Sequence[int], layout: BlockLayout) -> StationStatus:
    """The status block's words, from its first on, as what the PLC says. Raises ContractError."""
    check_contract(words, layout)
    bits = words[16]
    if words[19] not in _VERDICT_ANSWERS:
        raise ContractError(
            saying(
                "{place}: verdict answer read {words}; the contract has {known}",
                place=place(layout.status + 19),
                words=words[19],
                known=str(sorted(_VERDICT_ANSWERS)),
            )
        )
    if words[22] not in _ORDER_RESULTS:
        raise ContractError(
            saying(
                "{place}: order result read {words}; the contract has {known}",
                place=place(layout.status + 22),
                words=words[22],
                known=str(sorted(_ORDER_RESULTS)),
            )
        )
    return StationStatus(
        boot_count=words[4],
        heartbeat=words[PLC_HEARTBEAT],
        cycle_sequence=uint32_of(words, 6, layout.word_order),
        serial=PartSerial(text_of(words[8:16], layout.status + 8)),
        part_present=bool(bits & 1),
        ready_for_verdict=bool(bits & 2),
        gate_closed=bool(bits & 4),
        line_stopped=bool(bits & 8),
        watchdog_tripped=bool(bits & 16),
        bypass=bool(bits & 32),
        answered_cycle=uint32_of(words, 17, layout.word_order),
        verdict_answer=_VERDICT_ANSWERS[words[19]],
        answered_order=uint32_of(words, 20, layout.word_order),
        order_result=_ORDER_RESULTS[words[22]],
        held_count=words[23],
        last_passed_sequence=uint32_of(words, 24, layout.word_order),
    )


def command_words(heartbeat: int, command: Command, word_order: WordOrder) -> tuple[int, ...]:
    """The command block: 14 registers with heartbeat first and check word last. Raises ContractError."""
    body = (
        *uint32_words(command.sequence, word_order),
        *serial_words(command.serial),
        _VERDICT_CODES[command.verdict],
        _REASON_CODES[command.reason] if command.reason else 0,
    )
    return (heartbeat, *body, check_word(body))


def order_words(order: Order, word_order: WordOrder) -> tuple[int, ...]:
    """The order block: 8 registers with the check word last. Raises ContractError when a number does not fit."""
    if not -0x8000_0000 <= order.value <= 0x7FFF_FFFF:  # noqa: PLR2004
        raise ContractError(
            saying(
                "order {sequence}: the value {value} does not fit into 32 bits with sign",
                sequence=order.sequence,
                value=order.value,
            )
        )
    body = (
        *uint32_words(order.sequence, word_order),
        _ORDER_CODES[order.code],
        *uint32_words(order.target, word_order),
        *uint32_words(order.value & 0xFFFF_FFFF, word_order),
    )
    return (*body, check_word(body))
