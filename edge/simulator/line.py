"""The whole simulated line put together: machine, station, PLC, gauge and camera."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from edge.simulator.camera import Camera
from edge.simulator.certificates import make_certificates, server_context
from edge.simulator.coil_program import CoilProgram
from edge.simulator.exposures import Exposures
from edge.simulator.faults import Fault, Faults, FaultyDevice
from edge.simulator.gauge import GaugeDevice
from edge.simulator.machine import MachineDevice
from edge.simulator.part import Part
from edge.simulator.plc_program import PlcProgram
from edge.simulator.process import Offsets, Process
from edge.simulator.station import SCAN_S, Station
from edge.simulator.stream import CameraServer
from edge.simulator.truth import truth
from edge.simulator.wires import HOST, Devices, PortWires, SerialWires, Wires


@dataclass(frozen=True, slots=True)
class Wish:
    """What line is wanted. Ports of 0 are chosen; `parts` of None makes parts without end; times in seconds."""

    seed: int
    takt_s: float
    lane_places: int
    parts: int | None = None
    warm_parts: int = 0
    profile: str = "block"
    gauge_s: float = 2.0
    plc_port: int = 0
    gauge_port: int = 0
    machine_port: int = 0
    camera_port: int = 0
    wire: str = "tcp"
    """tcp, tls or rtu."""
    folder: Path | None = None
    """Where the serial lines and the certificates are, for rtu and tls."""
    camera_trigger: str = "free"
    """free or hardware: each part that enters triggers one picture."""
    one_connection: bool = False
    """The PLC takes one client at a time."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the line's devices listen, on this machine alone; 0 for what is on a serial line."""

    plc_port: int
    gauge_port: int
    machine_port: int
    camera_port: int
    plc_serial: str = ""
    devices_serial: str = ""
    """The serial lines of the PLC, and of gauge (unit 1) and machine (unit 2)."""


class SimulatedLine:
    """Runs between `start` and `stop`, in the running event loop."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._process = Process(wish.seed)
        self._made = 0
        self._station = Station(
            self._next_part, lane_places=wish.lane_places, takt_s=wish.takt_s, warm_parts=wish.warm_parts
        )
        self._program = (CoilProgram if wish.profile == "coils" else PlcProgram)(self._station)
        self._gauge = GaugeDevice(self._station.fates, wish.seed, wish.gauge_s)
        self._faults = Faults(asyncio.get_running_loop().time)
        self._wires = self._reached()
        self._exposures = Exposures(
            Camera(wish.seed),
            lambda: self._station.in_view,
            self._faults,
            triggered=wish.camera_trigger == "hardware",
        )
        self._camera_server = CameraServer(
            self._exposures, self._faults, lambda: truth(self._station.fates.values()), self._order_fault
        )
        self._running: list[asyncio.Task[None]] = []

    async def start(self) -> Ports:
        """Listens and runs. Raises OSError when a port is taken."""
        ports = Ports(
            *await self._wires.start(),
            await self._camera_server.start(HOST, self._wish.camera_port),
            *self._wires.lines,
        )
        loop = asyncio.get_running_loop()
        self._running = [loop.create_task(self._scan()), loop.create_task(self._exposures.run())]
        return ports

    async def failed(self) -> None:
        """Waits for as long as the line works; raises what ended it."""
        await asyncio.gather(*self._running)

    async def stop(self) -> None:
        """Ends everything that was started."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._camera_server.stop()
        await self._wires.stop()

    async def _scan(self) -> None:
        """The PLC's and the gauge's cycle; a part that has entered triggers the camera."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        entered: tuple[int, int] | None = None
        while True:
            now = loop.time()
            self._gauge.step(now - last)
            if not self._faults.active(Fault.PLC_REBOOT):
                self._program.step(now - last)
            if (fate := self._station.part) is not None and entered != (fate.boot, fate.sequence):
                entered = fate.boot, fate.sequence
                if not self._faults.active(Fault.CAMERA_MISSED_TRIGGER):
                    self._exposures.trigger()
            last = now
            await asyncio.sleep(SCAN_S)

    def _next_part(self, offsets: Offsets) -> Part | None:
        if self._made == self._wish.parts:
            return None
        self._made += 1
        return self._process.make(offsets)

    def _order_fault(self, fault: Fault, seconds: float) -> None:
        if fault in (Fault.BYPASS_ON, Fault.BYPASS_OFF):
            self._program.bypass = fault is Fault.BYPASS_ON
            return
        self._faults.begin(fault, seconds)
        if fault is Fault.CAMERA_EXTRA_TRIGGER:
            self._exposures.trigger()
        if fault is Fault.PLC_REBOOT:
            self._program.reboot()
        self._wires.cut()

    def _reached(self) -> Wires:
        wish, faults = self._wish, self._faults
        devices = Devices(
            FaultyDevice(self._program, faults),
            self._gauge,
            MachineDevice(self._station),
            plc_away=lambda: faults.active(Fault.PLC_REBOOT),
            machine_away=lambda: faults.active(Fault.MACHINE_GONE),
        )
        context = None
        if wish.folder is not None and wish.wire == "rtu":
            return SerialWires(devices, wish.folder)
        if wish.folder is not None and wish.wire == "tls":
            make_certificates(wish.folder)
            context = server_context(wish.folder)
        ports = wish.plc_port, wish.gauge_port, wish.machine_port
        return PortWires(devices, ports, context, most=1 if wish.one_connection else None)
