"""Readings of further devices join the PLC's, and are of the part that waits or missing."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from edge.cycle.collecting import Collecting
from quality.characteristic import LineId, PartSerial, StationId
from quality.evidence import NoEvidence, Reading
from quality.inspection import Cycle
from quality.station import Scan
from tests.fakes import START, FakeDevice, status

POWER = Reading("mill_power_kw", 11.0, "kW", START)
CYCLE = Cycle(LineId("line-1"), StationId("milling"), 1, 17, PartSerial("BM-17"), START)
SCAN = Scan(
    status(cycle_sequence=17, serial=CYCLE.serial), (Reading("clamp_bar", 60.0, "bar", START),), START, 1000.0
)


def names(readings: Sequence[Reading | NoEvidence]) -> list[str]:
    return [one.name if isinstance(one, Reading) else f"none from {one.device}" for one in readings]


async def test_every_devices_readings_stand_behind_the_plcs() -> None:
    wear = NoEvidence("wear sensor", "no reply")
    devices = [FakeDevice((POWER,), names_part=True), FakeDevice((wear,), names_part=True)]
    complete = await Collecting(devices, lambda: SCAN).complete(CYCLE, SCAN)
    assert names(complete.readings) == ["clamp_bar", "mill_power_kw", "none from wear sensor"]
    assert replace(complete, readings=SCAN.readings) == SCAN
    assert [device.asked for device in devices] == [[17], [17]]


async def test_the_devices_are_read_side_by_side() -> None:
    both = asyncio.Barrier(2)
    devices = [FakeDevice((POWER,), names_part=True, meet=both) for _ in range(2)]
    async with asyncio.timeout(5):
        await Collecting(devices, lambda: SCAN).complete(CYCLE, SCAN)


@pytest.mark.parametrize(
    "latest",
    [
        None,
        replace(SCAN, status=replace(SCAN.status, cycle_sequence=18)),
        replace(SCAN, status=replace(SCAN.status, boot_count=2)),
        replace(SCAN, status=replace(SCAN.status, part_present=False)),
    ],
)
async def test_a_device_that_names_no_part_counts_only_while_the_part_stands_there(latest: Scan | None) -> None:
    devices = [FakeDevice((POWER,), names_part=False), FakeDevice((POWER,), names_part=True)]
    complete = await Collecting(devices, lambda: latest).complete(CYCLE, SCAN)
    assert names(complete.readings) == ["clamp_bar", "none from edge process", "mill_power_kw"]
    there = await Collecting(devices, lambda: SCAN).complete(CYCLE, SCAN)
    assert names(there.readings) == ["clamp_bar", "mill_power_kw", "mill_power_kw"]
