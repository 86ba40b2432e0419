"""The gate over the coils profile, for PLC programs that cannot take the blocks: three coils and a counter.

It guarantees less than the block profile, and `docs/plc.md` says what. A coil names no part, so a PASS is
bound to its part only by looking at the counter just before it is written; it is written once, never tried
again by itself, and withdrawn when it is not acknowledged. The PLC sets the hold coil for each part that
enters, so holding is reading back that it is set.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plc.gate import ACKNOWLEDGE_WITHIN_S, FIRST_POLL_S, LONGEST_POLL_S
from plc.link import ModbusLink
from plc.sweep import READS, Sight, Sweep
from plc.tags import MAX_READ, RegisterImage, Span, Tag, TagType, number_of, text_value
from quality.characteristic import PartSerial
from quality.judgement import ReasonCode, Verdict
from quality.order import Order, OrderCode, OrderResult
from quality.ports import Clock, EquipmentError
from quality.saying import saying
from quality.station import Scan, StationStatus, VerdictAnswer

_COUNTERS: Final = frozenset({TagType.UINT16, TagType.UINT32, TagType.UINT64})

_MOST_COILS: Final = 2000
"""Coils one request may read (Modbus Application Protocol V1.1b3, 6.1)."""


@dataclass(frozen=True, slots=True)
class CoilsLayout:
    """The coils (0-based addresses; `acknowledge` may be None) and the tags that say which part is in the station.

    `cycle` counts the parts and never repeats; with `boot` (the PLC's boot count) it may start anew with each
    boot. Without `serial` the part is named by its cycle. Raises ValueError for tags of other types.
    """

    cycle: Tag
    serial: Tag | None = None
    boot: Tag | None = None
    hold: int = 0
    heartbeat: int = 1
    acknowledge: int | None = 2
    max_gap: int = 16
    max_count: int = MAX_READ

    def __post_init__(self) -> None:
        for counter in (self.cycle, self.boot):
            if counter is not None and counter.type not in _COUNTERS:
                raise ValueError(f"{counter.where}: a counter is of type uint16, uint32 or uint64")
        if self.serial is not None and self.serial.type != TagType.ASCII:
            raise ValueError(f"{self.serial.where}: the serial is of type ascii")
        if len({self.hold, self.heartbeat, self.acknowledge}) < 3:  # noqa: PLR2004 - three coils
            raise ValueError("hold, heartbeat and acknowledge are three different coils")
        if self.acknowledge is not None and abs(self.acknowledge - self.hold) >= _MOST_COILS:
            raise ValueError(
                f"coils {self.hold} (hold) and {self.acknowledge} (acknowledge) are read by one request; they must"
                f" be less than {_MOST_COILS} apart"
            )


@dataclass(frozen=True, slots=True)
class _Station:
    boot: int
    sequence: int
    serial: PartSerial


class CoilsGate:
    """`quality.ports.Gate` with a hold coil. `tags` are the readings.

    The status it makes up: `heartbeat` counts the scans, since the profile has none of the PLC's; line
    stopped, watchdog tripped and bypass are not known and read False; answers are those of this process.
    """

    def __init__(self, link: ModbusLink, layout: CoilsLayout, tags: Sequence[Tag], clock: Clock) -> None:
        self._link = link
        self._layout = layout
        self._tags = tuple(tags)
        self._clock = clock
        naming = [Span(tag.address, tag.words) for tag in (layout.cycle, layout.serial, layout.boot) if tag]
        gap, count = layout.max_gap, layout.max_count
        self._naming = Sweep(link, clock, naming, (), max_gap=gap, max_count=count)
        self._all = Sweep(link, clock, naming, self._tags, max_gap=gap, max_count=count)
        self._answering = asyncio.Lock()
        self._scans = 0
        self._beating = False
        self._kept: _Station | None = None
        """The part for which this process last wrote 1."""
        self._passed: _Station | None = None
        """The part for which it last wrote 0."""
        self._answered: _Station | None = None

    async def close(self) -> None:
        """Closes the link."""
        await self._link.close()

    async def scan(self) -> Scan:
        """The part in the station, its readings and the coils.

        A hold coil found open for a part that this process did not let pass is closed: the PLC should have done
        so when the part entered, and may have forgotten.
        """
        sight = await self._all.read()
        hold, taken = await self._read_coils()
        station = self._station(sight)
        if not hold and station != self._passed:
            await self._link.write_coil(self._layout.hold, on=True)
            hold = True
        self._scans += 1
        status = StationStatus(
            boot_count=station.boot,
            heartbeat=self._scans & 0xFFFF,
            cycle_sequence=station.sequence,
            serial=station.serial,
            part_present=station.sequence > 0,
            ready_for_verdict=station.sequence > 0 and station != self._answered and not taken,
            gate_closed=hold,
            line_stopped=False,
            watchdog_tripped=False,
            bypass=False,
            held_count=int(station == self._kept),
            last_passed_sequence=self._passed.sequence if self._passed else 0,
            answered_cycle=self._answered.sequence if self._answered else 0,
            verdict_answer=VerdictAnswer.ACCEPTED if self._answered else None,
            answered_order=0,
            order_result=None,
        )
        return Scan(status, tuple(map(sight.reading, self._tags)), sight.seen_at, sight.monotonic)

    async def beat(self) -> None:
        """Toggles the heartbeat coil."""
        self._beating = not self._beating
        await self._link.write_coil(self._layout.heartbeat, on=self._beating)

    async def give_verdict(
        self,
        sequence: int,
        serial: PartSerial,
        verdict: Verdict,
        reason: ReasonCode | None,  # noqa: ARG002 - a coil has no room for it
    ) -> VerdictAnswer:
        """Keeps the part in the station, or lets it pass, if it is the one meant."""
        async with self._answering:
            station = self._station(await self._naming.read())
            if station.sequence != sequence:
                return VerdictAnswer.PART_GONE
            if station.serial != serial:
                return VerdictAnswer.WRONG_SERIAL
            if verdict is not Verdict.PASS:
                return await self._keep(station)
            await self._let_pass(station)
            return VerdictAnswer.ACCEPTED

    async def give_order(self, order: Order) -> OrderResult:
        """Releases the part that is kept in the station; every other order is unknown to this profile."""
        if order.code is not OrderCode.RELEASE_PART:
            return OrderResult.UNKNOWN_CODE
        async with self._answering:
            station = self._station(await self._naming.read())
            if station.sequence != order.target:
                return OrderResult.NOT_HELD
            await self._let_pass(station)
            return OrderResult.DONE

    async def _keep(self, station: _Station) -> VerdictAnswer:
        """Writes 1. A coil that was open before has let the part pass, or may have: then the part is gone."""
        kept, _ = await self._read_coils()
        await self._link.write_coil(self._layout.hold, on=True)
        hold, _ = await self._read_coils()
        if not hold:
            raise EquipmentError(
                saying(
                    "{address}: coil {hold} (hold) reads 0 after 1 was written; let nothing write 0 there but this"
                    " edge process",
                    address=str(self._link.address),
                    hold=self._layout.hold,
                )
            )
        if not kept:
            return VerdictAnswer.PART_GONE
        self._kept = self._answered = station
        return VerdictAnswer.ACCEPTED

    async def _let_pass(self, station: _Station) -> None:
        """Writes 0 and waits for the acknowledgement, unless the part has been let pass already.

        A part that was kept is acknowledged already; its release is confirmed by the reply to the write alone.
        """
        hold, taken = await self._read_coils()
        acknowledged = taken or self._layout.acknowledge is None
        if hold or not acknowledged:
            self._passed, self._kept = station, None
            await self._link.write_coil(self._layout.hold, on=False)
            if not acknowledged:
                await self._acknowledged(station)
        self._answered = station

    async def _acknowledged(self, station: _Station) -> None:
        """Returns when the PLC has taken the PASS: the coil says so, or the next part has come already."""
        deadline = self._clock.monotonic() + ACKNOWLEDGE_WITHIN_S
        pause = FIRST_POLL_S
        while True:
            _, taken = await self._read_coils()
            if taken or self._station(await self._naming.read()) != station:
                return
            if self._clock.monotonic() >= deadline:
                self._passed = None
                await self._link.write_coil(self._layout.hold, on=True)
                raise EquipmentError(
                    saying(
                        "{address}: the PLC did not acknowledge the release of cycle {sequence} within"
                        " {within} s, and it is withdrawn; check that its program sets coil {acknowledge}",
                        address=str(self._link.address),
                        sequence=station.sequence,
                        within=f"{ACKNOWLEDGE_WITHIN_S:g}",
                        acknowledge=str(self._layout.acknowledge),
                    )
                )
            await self._clock.sleep(pause)
            pause = min(2 * pause, LONGEST_POLL_S)

    async def _read_coils(self) -> tuple[bool, bool]:
        """Hold, and whether the hold coil has been written since the part entered (False when nobody says).

        As two successive reads show them.
        """
        hold = self._layout.hold
        acknowledge = hold if self._layout.acknowledge is None else self._layout.acknowledge
        first = min(hold, acknowledge)
        earlier: tuple[bool, bool] | None = None
        for _ in range(READS):
            coils = await self._link.read_coils(first, abs(acknowledge - hold) + 1)
            shown = coils[hold - first], acknowledge != hold and coils[acknowledge - first]
            if shown == earlier:
                return shown
            earlier = shown
        raise EquipmentError(
            saying(
                "{address}: coils {hold} (hold) and {acknowledge} (acknowledge) changed with each of {times}"
                " reads; let nothing write them but this edge process and the PLC's program",
                address=str(self._link.address),
                hold=hold,
                acknowledge=acknowledge,
                times=READS,
            )
        )

    def _station(self, sight: Sight) -> _Station:
        layout, image = self._layout, sight.image
        sequence = _counter(layout.cycle, image)
        serial = str(sequence) if layout.serial is None else text_value(layout.serial, image)
        return _Station(_counter(layout.boot, image) if layout.boot else 0, sequence, PartSerial(serial))


def _counter(tag: Tag, image: RegisterImage) -> int:
    return int(number_of(image.words(tag.address, tag.words), tag.type, tag.word_order))
