"""Counts on where the PLC's counter starts again, so that a cycle's number never comes twice within a boot.

A counter of 16 bits is through in a day. Everything above these goes by the count; what stands in
registers is only what such a counter shows of it.
"""

from dataclasses import replace

from quality.characteristic import PartSerial
from quality.evidence import Measurement, NoEvidence, Reading
from quality.judgement import ReasonCode, Verdict
from quality.order import Order, OrderCode, OrderResult
from quality.ports import Device, Gate, Gauge
from quality.station import Scan, VerdictAnswer

PART_ORDERS = frozenset({OrderCode.RELEASE_PART, OrderCode.DIVERT})
"""The orders whose target is a cycle."""


def shown(count: int, counts_to: int) -> int:
    """What a counter that starts again at 1 after `counts_to` shows for that count; 0 is no part."""
    return (count - 1) % counts_to + 1 if count > 0 else count


def nearest(raw: int, known: int, counts_to: int) -> int:
    """The count nearest to a known one that such a counter shows as `raw` (arithmetic as in RFC 1982)."""
    if raw == 0 or known == 0:
        return raw
    ahead = (raw - shown(known, counts_to)) % counts_to
    if ahead < counts_to / 2 or known + ahead <= counts_to:
        return known + ahead
    return known + ahead - counts_to


class CountingGate:
    """A `Gate` by counts over one whose counter starts again at 1 after `counts_to`.

    `last` is the boot and count of the newest part on record.
    """

    def __init__(self, gate: Gate, counts_to: int, last: tuple[int, int] | None) -> None:
        self._gate = gate
        self._counts_to = counts_to
        self._boot, self._count = last or (0, 0)

    async def scan(self) -> Scan:
        """As the PLC says, with its cycles counted on."""
        scan = await self._gate.scan()
        status = scan.status
        if status.boot_count != self._boot:
            self._boot, self._count = status.boot_count, status.cycle_sequence
        here = nearest(status.cycle_sequence, self._count, self._counts_to)
        self._count = here or self._count
        if self._count <= self._counts_to:
            return scan
        counted = replace(
            status,
            cycle_sequence=here,
            answered_cycle=nearest(status.answered_cycle, self._count, self._counts_to),
            last_passed_sequence=nearest(status.last_passed_sequence, self._count, self._counts_to),
        )
        return replace(scan, status=counted)

    async def beat(self) -> None:
        """As the gate."""
        await self._gate.beat()

    async def give_verdict(
        self, sequence: int, serial: PartSerial, verdict: Verdict, reason: ReasonCode | None
    ) -> VerdictAnswer:
        """As the gate, for the part that its counter shows so."""
        return await self._gate.give_verdict(shown(sequence, self._counts_to), serial, verdict, reason)

    async def give_order(self, order: Order) -> OrderResult:
        """As the gate, for the part that its counter shows so."""
        if order.code in PART_ORDERS:
            order = replace(order, target=shown(order.target, self._counts_to))
        return await self._gate.give_order(order)


class CountingGauge:
    """A `Gauge` by counts, asked under what the PLC's counter shows."""

    def __init__(self, gauge: Gauge, counts_to: int) -> None:
        self._gauge = gauge
        self._counts_to = counts_to

    async def measure(self, sequence: int, serial: PartSerial) -> tuple[Measurement, ...] | NoEvidence:
        """As the gauge; what it measured belongs to the count."""
        measured = await self._gauge.measure(shown(sequence, self._counts_to), serial)
        if isinstance(measured, NoEvidence):
            return measured
        return tuple(replace(one, cycle_sequence=sequence) for one in measured)


class CountingDevice:
    """A `Device` by counts, asked under what the PLC's counter shows."""

    def __init__(self, device: Device, counts_to: int) -> None:
        self._device = device
        self._counts_to = counts_to

    @property
    def names_part(self) -> bool:
        """As the device."""
        return self._device.names_part

    async def read(self, sequence: int) -> tuple[Reading | NoEvidence, ...]:
        """As the device, for the part that its counter shows so."""
        return await self._device.read(shown(sequence, self._counts_to))
