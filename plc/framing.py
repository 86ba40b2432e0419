"""How a request and its reply stand on the wire: with a TCP header, or as an RTU frame with a checksum.

Pure code over bytes. Layouts: Modbus Messaging on TCP/IP V1.0b, 3.1.3; Modbus over Serial Line V1.02, 2.5.1.
"""

import struct
from typing import Final, Protocol

from pymodbus.framer import FramerRTU
from pymodbus.pdu import ModbusPDU

from plc.replies import BadReply
from quality.saying import saying

_HEADER: Final = struct.Struct(">HHH")
"""Transaction id, protocol id (0), length of what follows."""
_SHORTEST: Final = 9
_LONGEST: Final = 260
"""Bytes of a whole reply over TCP: 8 of header, unit and function code, and 1 to 252 of what it says."""

_EXCEPTION_BIT: Final = 0x80
_COUNTED: Final = frozenset({1, 3})
"""Functions whose reply says in its third byte how many bytes of values follow."""
_ECHOES: Final = frozenset({5, 16})
"""Functions whose reply repeats address and value or count."""
_RTU_HEAD: Final = 3
"""Unit, function code, and the byte count of a reply that has one."""
_RTU_EXCEPTION: Final = 5
_RTU_ECHO: Final = 8
_RTU_MOST_VALUES: Final = 250
_CRC_BYTES: Final = 2


class Framing(Protocol):
    """One way to frame. One of these serves one connection."""

    def frame_of(self, request: ModbusPDU) -> bytes:
        """The request as it is sent."""
        ...

    def size_of(self, received: bytes) -> int | None:
        """How many bytes the whole reply has, or None when what came so far does not tell.

        Raises BadReply when it is no reply.
        """
        ...

    def body_of(self, frame: bytes, request: ModbusPDU) -> bytes:
        """Unit, function code and what follows it, out of one whole frame.

        Raises BadReply when the frame is damaged or belongs to another request.
        """
        ...


class TcpFraming:
    """The header of Modbus TCP, with a transaction id that this connection has not used for 65,534 requests."""

    def __init__(self) -> None:
        self.transaction = 0

    def frame_of(self, request: ModbusPDU) -> bytes:
        """As `Framing`; takes the next transaction id, which is never 0."""
        self.transaction = self.transaction % 0xFFFF + 1
        body = bytes([request.dev_id, request.function_code]) + request.encode()
        return _HEADER.pack(self.transaction, 0, len(body)) + body

    def size_of(self, received: bytes) -> int | None:
        """As `Framing`: the header says it."""
        if len(received) < _HEADER.size:
            return None
        size = _HEADER.size + int(_HEADER.unpack_from(received)[2])
        if not _SHORTEST <= size <= _LONGEST:
            raise BadReply(saying("the reply says it is {size} bytes long, which no Modbus reply is", size=size))
        return size

    def body_of(self, frame: bytes, request: ModbusPDU) -> bytes:  # noqa: ARG002 - the header tells by itself
        """As `Framing`: transaction and protocol must be those of the request sent last."""
        transaction, protocol, _ = _HEADER.unpack_from(frame)
        if transaction != self.transaction:
            raise BadReply(
                saying(
                    "the reply carries transaction {transaction}, the request was {asked}",
                    transaction=transaction,
                    asked=self.transaction,
                )
            )
        if protocol != 0:
            raise BadReply(saying("the reply carries protocol id {protocol} instead of 0", protocol=protocol))
        return frame[_HEADER.size :]


class RtuFraming:
    """RTU: unit, function code, content and CRC-16, low byte first. Nothing in it names the request."""

    def frame_of(self, request: ModbusPDU) -> bytes:
        """As `Framing`."""
        body = bytes([request.dev_id, request.function_code]) + request.encode()
        return body + _crc(body)

    def size_of(self, received: bytes) -> int | None:
        """As `Framing`: from the reply's own function code and byte count, and from nothing else."""
        if len(received) < _RTU_HEAD:
            return None
        function, count = received[1], received[2]
        if function & _EXCEPTION_BIT:
            return _RTU_EXCEPTION
        if function in _ECHOES:
            return _RTU_ECHO
        if function not in _COUNTED:
            raise BadReply(
                saying("the reply carries function code {function}, which was never asked for", function=function)
            )
        if count > _RTU_MOST_VALUES:
            raise BadReply(
                saying("the reply says it brings {count} bytes of values, which no Modbus reply does", count=count)
            )
        return _RTU_HEAD + count + _CRC_BYTES

    def body_of(self, frame: bytes, request: ModbusPDU) -> bytes:  # noqa: ARG002 - RTU has no field for it
        """As `Framing`: the checksum must fit."""
        body, crc = frame[:-_CRC_BYTES], frame[-_CRC_BYTES:]
        if crc != _crc(body):
            raise BadReply(
                saying(
                    "the reply's checksum is {found}, its content has {expected}",
                    found=crc.hex(" "),
                    expected=_crc(body).hex(" "),
                )
            )
        return body


def _crc(content: bytes) -> bytes:
    """As it is sent, low byte first (pymodbus computes it swapped already)."""
    return FramerRTU.compute_CRC(content).to_bytes(_CRC_BYTES, "big")
