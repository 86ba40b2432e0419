"""A serial line for these tests: a pair of pseudo-terminals, with devices that behave, or misbehave as told."""

import asyncio
import os
import struct
import tty
from typing import Self

from plc.address import SerialAddress
from tests.unit.plc.equipment import Device, Misbehaviour


def crc(body: bytes) -> bytes:
    """CRC-16 of Modbus RTU, bit by bit, low byte first."""
    value = 0xFFFF
    for byte in body:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


def frame(body: bytes) -> bytes:
    return body + crc(body)


class SerialLine:
    """Devices by unit. `misbehave` gets each request and its right reply, both as RTU frames."""

    def __init__(self, devices: dict[int, Device] | None = None) -> None:
        self.devices = {1: Device()} if devices is None else devices
        self.misbehave: Misbehaviour | None = None
        self.requests: list[tuple[int, int, int, int]] = []
        """(unit, function, address, count or value) of each request."""
        self._received = b""

    @property
    def registers(self) -> list[int]:
        return self.devices[1].registers

    async def __aenter__(self) -> Self:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        asyncio.get_running_loop().add_reader(self._master, self._read)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        if self._master >= 0:
            asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._master)
            os.close(self._slave)
            self._master = -1

    def address(self, *, timeout_s: float = 0.15, unit: int = 1, baud: int = 115200) -> SerialAddress:
        return SerialAddress(os.ttyname(self._slave), baud, "N", 1, unit, timeout_s)

    def push(self, data: bytes) -> None:
        """Sends bytes nobody asked for."""
        if self._master >= 0:
            os.write(self._master, data)

    def _read(self) -> None:
        self._received += os.read(self._master, 1024)
        size = 8
        if len(self._received) > 6 and self._received[1] == 16:
            size = 9 + self._received[6]
        if len(self._received) < size:
            return
        request, self._received = self._received, b""
        assert request[-2:] == crc(request[:-2]), request.hex(" ")
        self.requests.append(struct.unpack(">BBHH", request[:6]))
        device = self.devices.get(request[0])
        if device is None:
            return
        body = request[:-2]
        answer = device.reply_to(struct.pack(">HHH", 0, 0, len(body)) + body)[6:]
        sent = self.misbehave(request, frame(answer)) if self.misbehave else frame(answer)
        if sent is None:
            self.hang_up()
        elif sent:
            os.write(self._master, sent)
