"""Collects what further devices read of a part, after its trigger and before it is judged.

The PLC's scan and heartbeat go on meanwhile; only the judging of this one part waits, as long as the slowest
device is allowed to take. What a device cannot say in that time is missing evidence, which holds the part.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from quality.evidence import NoEvidence, Reading
from quality.inspection import Cycle
from quality.ports import Device
from quality.saying import saying
from quality.station import Scan


class Collecting:
    """`latest` gives the newest scan of the PLC, or None while there is none."""

    def __init__(self, devices: Sequence[Device], latest: Callable[[], Scan | None]) -> None:
        self._devices = tuple(devices)
        self._latest = latest

    async def complete(self, cycle: Cycle, scan: Scan) -> Scan:
        """The scan with every device's readings behind the PLC's."""
        if not self._devices:
            return scan
        async with asyncio.TaskGroup() as group:
            reading = [group.create_task(self._read(device, cycle)) for device in self._devices]
        return replace(scan, readings=(*scan.readings, *(one for task in reading for one in task.result())))

    async def _read(self, device: Device, cycle: Cycle) -> tuple[Reading | NoEvidence, ...]:
        """What the device reads; of a device that names no part, only while this one stands in the station."""
        readings = await device.read(cycle.sequence)
        if device.names_part or self._stands(cycle):
            return readings
        missing = NoEvidence(
            saying("edge process"),
            saying("part {serial} had left the station when further devices were read", serial=cycle.serial),
            saying("let the device say of which cycle its readings are (`cycle:` in its section)"),
        )
        return (missing,)

    def _stands(self, cycle: Cycle) -> bool:
        scan = self._latest()
        if scan is None:
            return False
        status = scan.status
        return status.part_present and (status.boot_count, status.cycle_sequence) == (
            cycle.boot_count,
            cycle.sequence,
        )
