"""A PLC program behind a Modbus server of its own on loopback, and the sheet run against it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from edge.clock import SystemClock
from edge.conformance.bench import Adjustable, Bench, Patience
from edge.conformance.block_sheet import examine
from edge.conformance.coil_bench import CoilBench
from edge.conformance.coils import examine_coils
from edge.conformance.sheet import Line
from edge.simulator.modbus_server import ModbusServer
from edge.simulator.registers import Device
from edge.simulator.station import SCAN_S
from plc.coils import CoilsLayout
from plc.link import ModbusLink, PlcAddress
from plc.registers import BlockLayout
from plc.tags import Tag, TagType

QUICK = Patience(part_s=2.0, move_s=1.5, quiet_s=0.15, stopped_s=0.3)
OFFSET = Tag("spindle_a_x_offset_um", 48, TagType.INT16, "µm", lower=-500, upper=500)
POWER = Tag("spindle_a_power_kw", 32, TagType.FLOAT32, "kW", lower=0, upper=60)
ADJUSTABLE = Adjustable(1, OFFSET, -400, 400)


Sheet = tuple[dict[str, Line], list[str]]
"""Every line by its number, and what was left to a person."""


def address(port: int) -> PlcAddress:
    """A server of this process, with time for a machine that is busy with other things."""
    return PlcAddress("127.0.0.1", port, timeout_s=5.0)


class Plc(Device, Protocol):
    """A device with a scan."""

    def step(self, dt: float) -> None: ...


@asynccontextmanager
async def served(plc: Plc, server: Callable[[Plc], ModbusServer] = ModbusServer) -> AsyncIterator[int]:
    """The port where it listens while its scan runs."""
    listening = server(plc)
    port = await listening.start("127.0.0.1", 0)
    scanning = asyncio.get_running_loop().create_task(_scan(plc))
    try:
        yield port
    finally:
        scanning.cancel()
        await listening.stop()
        with suppress(asyncio.CancelledError):
            await scanning


async def _scan(plc: Plc) -> None:
    loop = asyncio.get_running_loop()
    last = loop.time()
    while True:
        now = loop.time()
        plc.step(now - last)
        last = now
        await asyncio.sleep(SCAN_S)


async def sheet_of(
    plc: Plc,
    server: Callable[[Plc], ModbusServer] = ModbusServer,
    *,
    parts: bool = True,
    adjustables: Sequence[Adjustable] = (ADJUSTABLE,),
) -> Sheet:
    """Every line of the block profile's sheet by its number, and what was left to a person."""
    clock = SystemClock()
    async with served(plc, server) as port, ModbusLink(address(port), clock) as link:
        bench = Bench(link, BlockLayout(), (POWER, OFFSET), adjustables, QUICK, clock, lambda _: None)
        sheet, left = await examine(bench, lambda _: None, parts=parts)
    return {line.number: line for line in sheet}, left


async def coil_sheet_of(plc: Plc) -> Sheet:
    """The same for the coils profile, with counter, serial and boot count where the simulated line has them."""
    clock = SystemClock()
    layout = CoilsLayout(
        Tag("cycle", 6, TagType.UINT32),
        Tag("serial", 8, TagType.ASCII, length=16),
        Tag("boot", 4, TagType.UINT16),
    )
    async with served(plc) as port, ModbusLink(address(port), clock) as link:
        bench = CoilBench(link, layout, QUICK, clock, lambda _: None)
        sheet, left = await examine_coils(bench, lambda _: None, parts=True)
    return {line.number: line for line in sheet}, left
