"""Words on the wire, as docs/plc.md lays them out: 32-bit values high word first, ASCII high byte first."""

import struct
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

ILLEGAL_FUNCTION: Final = 1
ILLEGAL_ADDRESS: Final = 2
ILLEGAL_VALUE: Final = 3
BUSY: Final = 6
SERIAL_WORDS: Final = 8


class DeviceRefusal(Exception):  # noqa: N818 - it becomes an exception reply, which is an answer
    """The device answers a request with this Modbus exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Modbus exception {code}")
        self.code = code


class Device(Protocol):
    """What a Modbus server serves. Addresses are 0-based; each method raises DeviceRefusal."""

    def read_registers(self, address: int, count: int, /) -> Sequence[int]:
        """Holding registers."""
        ...

    def write_registers(self, address: int, words: Sequence[int], /) -> None:
        """Holding registers, all or none."""
        ...

    def read_bits(self, address: int, count: int, /) -> Sequence[bool]:
        """Coils; discrete inputs are the same bits."""
        ...

    def write_bits(self, address: int, bits: Sequence[bool], /) -> None:
        """Coils, all or none."""
        ...


def words_of_uint32(value: int) -> list[int]:
    """High word, low word."""
    return [value >> 16 & 0xFFFF, value & 0xFFFF]


def uint32_of(words: Sequence[int]) -> int:
    """The value of two words."""
    return words[0] << 16 | words[1]


def int32_of(words: Sequence[int]) -> int:
    """The value of two words, two's complement."""
    value = uint32_of(words)
    return value - (1 << 32) if value >> 31 else value


def words_of_float32(values: Iterable[float]) -> list[int]:
    """Two words for each value, IEEE 754 single."""
    words: list[int] = []
    for value in values:
        words += struct.unpack(">2H", struct.pack(">f", value))
    return words


def words_of_serial(serial: str) -> list[int]:
    """Eight words, padded with zeros."""
    return list(struct.unpack(f">{SERIAL_WORDS}H", serial.encode("ascii").ljust(2 * SERIAL_WORDS, b"\0")))


def serial_of(words: Sequence[int]) -> str:
    """The serial of eight words; bytes that are not ASCII make it one that no part has."""
    return struct.pack(f">{SERIAL_WORDS}H", *words).rstrip(b"\0").decode("ascii", errors="replace")


def check_word(words: Iterable[int]) -> int:
    """CRC-16, polynomial 0xA001, start 0xFFFF, over the words in order, high byte first."""
    return crc16(bytes(byte for word in words for byte in (word >> 8, word & 0xFF)))


def crc16(content: bytes) -> int:
    """The checksum of Modbus RTU: polynomial 0xA001, start 0xFFFF."""
    crc = 0xFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc
