"""The bench of the coils profile: three coils, a counter, and what was seen of them."""

from collections.abc import Callable
from dataclasses import dataclass

from edge.conformance.bench import LONGEST_POLL_S, POLL_S, RECOVER_WITHIN_S, REMIND_S, Patience
from edge.conformance.heart import Heart
from edge.conformance.sheet import NotSo
from plc.coils import CoilsLayout
from plc.link import ModbusLink
from plc.tags import RegisterImage, coalesce, number_of, text_value
from quality.ports import Clock, EquipmentError


@dataclass(frozen=True, slots=True)
class CoilLook:
    """The counter, and then the coils: read in that order, so that coils are never older than the counter."""

    asked: float
    at: float
    cycle: int
    serial: str
    boot: int
    hold: bool
    acknowledged: bool


class CoilBench:
    """The coils profile. `say` tells the person at the line what is waited for."""

    def __init__(
        self, link: ModbusLink, layout: CoilsLayout, patience: Patience, clock: Clock, say: Callable[[str], None]
    ) -> None:
        self.link = link
        self.layout = layout
        self.patience = patience
        self.clock = clock
        self.say = say
        self.heart = Heart(self._beat, clock)
        self.first: CoilLook | None = None
        self.opened = False
        """True while a 0 of ours may stand in the hold coil."""
        self.entries: list[tuple[CoilLook, CoilLook]] = []
        """Each time the counter changed: the look before, and the first look after."""
        naming = [tag for tag in (layout.cycle, layout.serial, layout.boot) if tag is not None]
        self._spans = coalesce(naming, max_count=layout.max_count, max_gap=layout.max_gap)
        self._beating = False
        self._last: CoilLook | None = None

    async def look(self) -> CoilLook:
        """The station now. Raises EquipmentError."""
        asked = self.clock.monotonic()
        image = RegisterImage(
            [(span, await self.link.read_registers(span.start, span.count)) for span in self._spans]
        )
        hold, acknowledged = await self.coils()
        layout = self.layout
        look = CoilLook(
            asked=asked,
            at=self.clock.monotonic(),
            cycle=self._cycle(image),
            serial=text_value(layout.serial, image) if layout.serial else "",
            boot=image.words(layout.boot.address, 1)[0] if layout.boot else 0,
            hold=hold,
            acknowledged=acknowledged,
        )
        if self._last is not None and look.cycle != self._last.cycle:
            self.entries.append((self._last, look))
            self.opened = self.opened and not look.hold
        self.first = self.first or look
        self._last = look
        return look

    async def coils(self) -> tuple[bool, bool]:
        """Hold, and acknowledged (False where the profile has none). Raises EquipmentError."""
        (hold,) = await self.link.read_coils(self.layout.hold, 1)
        if self.layout.acknowledge is None:
            return hold, False
        (acknowledged,) = await self.link.read_coils(self.layout.acknowledge, 1)
        return hold, acknowledged

    async def until(self, holds: Callable[[CoilLook], bool], within_s: float, asking: str = "") -> CoilLook | None:
        """The first look for which `holds`, or None when the time is over; `asking` is said, and said again."""
        start = said = self.clock.monotonic()
        pause = POLL_S
        if asking and not holds(await self.look()):
            self.say(f"{asking} (waiting at most {within_s:.0f} s)")
        while True:
            look = await self.look()
            if holds(look):
                return look
            if look.at - start >= within_s:
                return None
            if asking and look.at - said >= REMIND_S:
                said = look.at
                self.say(f"{asking} (still waiting, {start + within_s - look.at:.0f} s left)")
            await self.clock.sleep(pause)
            pause = min(2 * pause, LONGEST_POLL_S)

    async def keep(self) -> None:
        """Writes 1 to the hold coil."""
        await self.link.write_coil(self.layout.hold, on=True)
        self.opened = False

    async def let_pass(self) -> None:
        """Writes 0 to the hold coil."""
        self.opened = True
        await self.link.write_coil(self.layout.hold, on=False)

    async def next_part(self, after: CoilLook) -> CoilLook:
        """The first look at the part behind that one. Raises NotSo."""
        limit = self.patience.part_s
        came = await self.until(lambda look: look.cycle != after.cycle, limit, "let the next part come")
        if came is None:
            raise NotSo(
                f"the counter still reads {after.cycle} after {limit:g} s",
                "let parts come; the PLC adds 1 to the counter with each part that enters",
            )
        return came

    async def recover(self) -> None:
        """Returns when the PLC answers again, or after 5 s."""
        deadline = self.clock.monotonic() + RECOVER_WITHIN_S
        while self.clock.monotonic() < deadline:
            try:
                await self.look()
            except EquipmentError:
                await self.clock.sleep(LONGEST_POLL_S * 20)
            else:
                return

    async def leave_safe(self) -> list[str]:
        """Keeps the part in the station and ends the heartbeat: what could not be done is for a person to do."""
        try:
            if self.opened:
                await self.recover()
                await self.keep()
        except EquipmentError as error:
            return [f"The hold coil may stand at 0, set it to 1 by hand: {error}"]
        finally:
            await self.heart.stop()
        return []

    async def _beat(self) -> None:
        self._beating = not self._beating
        await self.link.write_coil(self.layout.heartbeat, on=self._beating)

    def _cycle(self, image: RegisterImage) -> int:
        cycle = self.layout.cycle
        return int(number_of(image.words(cycle.address, cycle.words), cycle.type, cycle.word_order))
