"""A serial line with Modbus RTU devices on it: a pair of pseudo-terminals, of which the client opens one.

A device is silent when it is not meant, when the checksum is wrong and when it is told to be, as on a real line.
"""

import asyncio
import os
import struct
import tty
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from edge.simulator.modbus_server import respond
from edge.simulator.registers import Device, crc16

FRAME_ENDS_S: Final = 0.02
"""What is left of a broken frame is thrown away when the line was silent for so long."""
FIXED: Final = 8
"""Bytes of a request with address and value or count: functions 1 to 6."""
COUNT_AT: Final = 6
"""Where a write of several says how many bytes of values follow."""
WRITES_OF_SEVERAL: Final = (15, 16)


def framed(body: bytes) -> bytes:
    """Unit, function code and the rest, with the checksum behind."""
    return body + struct.pack("<H", crc16(body))


class RtuServer:
    """`devices` by unit. While `silent` says so, nothing is answered."""

    def __init__(self, devices: Mapping[int, Device], silent: Callable[[int], bool] = lambda _unit: False) -> None:
        self._devices = devices
        self._silent = silent
        self._received = b""
        self._heard_at = 0.0
        self._master = self._client = -1
        self._link: Path | None = None

    def start(self, link: Path) -> None:
        """Opens the line; `link` leads to the client's end from now on. Raises OSError."""
        self._master, self._client = os.openpty()
        tty.setraw(self._client)
        os.set_blocking(self._master, False)
        asyncio.get_running_loop().add_reader(self._master, self._read)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(self._client))
        self._link = link

    def stop(self) -> None:
        """Closes the line."""
        if self._link is None:
            return
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._client)
        self._link.unlink(missing_ok=True)
        self._link = None

    def _read(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._heard_at > FRAME_ENDS_S:
            self._received = b""
        self._heard_at = now
        self._received += os.read(self._master, 1024)
        size = _size(self._received)
        if size is None or len(self._received) < size:
            return
        request, self._received = self._received, b""
        self._answer(request)

    def _answer(self, request: bytes) -> None:
        body, unit = request[:-2], request[0]
        device = self._devices.get(unit)
        if framed(body) != request or device is None or self._silent(unit):
            return
        reply = framed(bytes([unit]) + respond(device, body[1:]))
        os.write(self._master, reply)


def _size(received: bytes) -> int | None:
    """How long the request is that begins so; None while that cannot be told."""
    if len(received) < 2:  # noqa: PLR2004 - unit and function
        return None
    if received[1] not in WRITES_OF_SEVERAL:
        return FIXED
    return COUNT_AT + 1 + received[COUNT_AT] + 2 if len(received) > COUNT_AT else None
