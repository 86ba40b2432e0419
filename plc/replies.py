"""What makes a Modbus reply the answer to the request that was sent, as pure functions over bytes.

Every field that can be compared is compared, because a reply that is nearly right is how a wrong value gets
in; the same for TCP, TLS and a serial line. Layouts: Modbus Application Protocol V1.1b3.
"""

import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pymodbus.pdu import ModbusPDU

from quality.saying import Saying, saying

_HEAD: Final = 2
"""Unit and function code."""
_EXCEPTION_BIT: Final = 0x80

_MEANING: Final[Mapping[int, Saying]] = MappingProxyType(
    {
        1: saying(
            "it does not support this function; allow function codes 3 and 16 (and 1 and 5 for coils) in it"
        ),
        2: saying(
            "it has no such address; compare the address with the device's register map (addresses count from 0)"
        ),
        3: saying(
            "it refuses this count or value; compare the length of the block with the device's register map"
        ),
        4: saying("it failed while carrying the request out; look at the device's own diagnostics"),
        6: saying("it is busy; if this stays, ask less often or relieve the device's communication load"),
        10: saying("the gateway has no path to the device; check the gateway's routing and the unit number"),
        11: saying(
            "the device behind the gateway does not answer; check its cable, its power and the unit number"
        ),
    }
)


class BadReply(Exception):  # noqa: N818 - it is the reply that is bad
    """The reply is not the answer to the request; nothing that follows on that connection can be believed."""


class Refusal(Exception):  # noqa: N818 - a refusal is a valid answer
    """The device answered with a Modbus exception: a valid reply that says no."""

    def __init__(self, code: int) -> None:
        meaning = _MEANING.get(code, saying("it refuses; look the code up in its manual"))
        super().__init__(saying("exception {code}: {meaning}", code=code, meaning=meaning))
        self.code = code


def payload_of(body: bytes, request: ModbusPDU) -> bytes:
    """What follows the function code in a reply to this request. `body` begins with unit and function code.

    Raises BadReply when unit or function is another's, and Refusal for an exception.
    """
    unit, function = body[:_HEAD]
    if unit != request.dev_id:
        raise BadReply(
            saying(
                "the reply comes from unit {unit}, the request was for unit {asked}",
                unit=unit,
                asked=request.dev_id,
            )
        )
    payload = body[_HEAD:]
    if function == request.function_code | _EXCEPTION_BIT and len(payload) == 1:
        raise Refusal(payload[0])
    if function != request.function_code:
        raise BadReply(
            saying(
                "the reply carries function code {function}, the request was {asked}",
                function=function,
                asked=request.function_code,
            )
        )
    return payload


def registers_of(payload: bytes, count: int) -> tuple[int, ...]:
    """The words of a read of `count` registers. Raises BadReply when it brings fewer or more."""
    if len(payload) != 1 + 2 * count or payload[0] != 2 * count:
        raise BadReply(
            saying(
                "the reply brings {found} bytes of values, {asked} were asked for",
                found=_values(payload),
                asked=2 * count,
            )
        )
    return struct.unpack_from(f">{count}H", payload, 1)


def bits_of(payload: bytes, count: int) -> tuple[bool, ...]:
    """The states of a read of `count` coils. Raises BadReply when it brings fewer or more."""
    size = (count + 7) // 8
    if len(payload) != 1 + size or payload[0] != size:
        raise BadReply(
            saying(
                "the reply brings {found} bytes of coils, {asked} were asked for",
                found=_values(payload),
                asked=size,
            )
        )
    return tuple(bool(payload[1 + index // 8] >> index % 8 & 1) for index in range(count))


def confirm_echo(payload: bytes, address: int, value: int) -> None:
    """Raises BadReply unless the reply repeats the address and the value (the count, for registers) written."""
    if payload != struct.pack(">HH", address, value):
        raise BadReply(
            saying(
                "the reply confirms {found}, a write of {value} at {address} ({sent}) was sent",
                found=payload.hex(" "),
                value=value,
                address=address,
                sent=struct.pack(">HH", address, value).hex(" "),
            )
        )


def _values(payload: bytes) -> Saying:
    if not payload:
        return saying("no")
    return saying("{count} (it says {said})", count=len(payload) - 1, said=payload[0])
