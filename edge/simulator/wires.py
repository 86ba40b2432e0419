"""How the line's Modbus devices are reached: each on a port of its own over TCP or TLS, or on two serial lines."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from edge.simulator.modbus_server import ModbusServer
from edge.simulator.registers import Device
from edge.simulator.rtu_server import RtuServer

HOST: Final = "127.0.0.1"
PLC_LINE, DEVICES_LINE = "plc.tty", "devices.tty"
GAUGE_UNIT, MACHINE_UNIT = 1, 2
"""Gauge and machine share a line; the PLC has its own."""


@dataclass(frozen=True, slots=True)
class Devices:
    """What is to be reached, and when the PLC and the machine do not answer."""

    plc: Device
    gauge: Device
    machine: Device
    plc_away: Callable[[], bool]
    machine_away: Callable[[], bool]


class Wires(Protocol):
    """One way to reach all devices. `lines` are the serial lines of the PLC and of the others, or empty."""

    lines: tuple[str, str]

    async def start(self) -> tuple[int, int, int]:
        """Listens; gives the ports of PLC, gauge and machine, or zeros where they have none. Raises OSError."""
        ...

    async def stop(self) -> None:
        """Listens no more."""
        ...

    def cut(self) -> None:
        """Ends what stands between the PLC or the machine and a client, where they are away."""
        ...


class PortWires:
    """Over TCP, or TLS with a context. Ports of 0 are chosen. `most` limits the PLC's connections."""

    def __init__(
        self, devices: Devices, ports: tuple[int, int, int], context: ssl.SSLContext | None, most: int | None
    ) -> None:
        self.lines = "", ""
        self._ports = ports
        self._context = context
        self._plc = ModbusServer(devices.plc, devices.plc_away, most)
        self._gauge = ModbusServer(devices.gauge)
        self._machine = ModbusServer(devices.machine, devices.machine_away)

    async def start(self) -> tuple[int, int, int]:
        """As `Wires`."""
        plc, gauge, machine = self._ports
        return (
            await self._plc.start(HOST, plc, self._context),
            await self._gauge.start(HOST, gauge, self._context),
            await self._machine.start(HOST, machine, self._context),
        )

    async def stop(self) -> None:
        """As `Wires`."""
        for server in (self._machine, self._gauge, self._plc):
            await server.stop()

    def cut(self) -> None:
        """As `Wires`."""
        for server in (self._plc, self._machine):
            if server.refusing():
                server.cut()


class SerialWires:
    """RTU on two lines, whose clients' ends are links in the folder; who is away is silent."""

    def __init__(self, devices: Devices, folder: Path) -> None:
        self.lines = str(folder / PLC_LINE), str(folder / DEVICES_LINE)
        self._folder = folder
        self._plc = RtuServer({1: devices.plc}, lambda _unit: devices.plc_away())
        self._others = RtuServer(
            {GAUGE_UNIT: devices.gauge, MACHINE_UNIT: devices.machine},
            lambda unit: unit == MACHINE_UNIT and devices.machine_away(),
        )

    async def start(self) -> tuple[int, int, int]:
        """As `Wires`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._plc.start(self._folder / PLC_LINE)
        self._others.start(self._folder / DEVICES_LINE)
        return 0, 0, 0

    async def stop(self) -> None:
        """As `Wires`."""
        self._others.stop()
        self._plc.stop()

    def cut(self) -> None:
        """As `Wires`: on a serial line there is nothing to cut."""
