"""The bench: the link to the PLC under test, what was seen over it, and what is put into its blocks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from edge.conformance.heart import Heart
from edge.conformance.look import ANSWERS, NOBODY, RESULTS, Look, Part, look_of, named
from edge.conformance.sheet import NotSo
from plc.link import ModbusLink
from plc.registers import STATUS_WORDS, BlockLayout, check_word, uint32_words
from plc.tags import Tag
from quality.ports import Clock, EquipmentError

ANSWER_WITHIN_S: Final = 2.0
POLL_S: Final = 0.001
LONGEST_POLL_S: Final = 0.005
SETTLE_S: Final = 0.06
"""A story that the PLC tells in pieces is told whole by then: three scans of 20 ms."""
REMIND_S: Final = 15.0
RECOVER_WITHIN_S: Final = 5.0
SOMEBODY_ELSE: Final = Part(0xFFFF_FFFE, NOBODY.serial)
"""A second part that there is not, to clear an answer about cycle 0."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the test waits and watches, in seconds.

    `part_s` for a part to come, `move_s` for a part to be moved by the machine, `quiet_s` to be sure that nothing
    moves, `stopped_s` to be sure that a stopped line lets nothing in (longer than the takt says more).
    """

    part_s: float = 120.0
    move_s: float = 30.0
    quiet_s: float = 0.75
    stopped_s: float = 4.0


@dataclass(frozen=True, slots=True)
class Adjustable:
    """A parameter that an order may set: its number, where it reads back, and what LINE.yaml allows it to be."""

    number: int
    tag: Tag
    lower: float
    upper: float


@dataclass(slots=True)
class Torn:
    """How often a story of several registers was read, and each time it was read half told."""

    read: int = 0
    found: list[str] = field(default_factory=list)


class Bench:
    """The block profile. `say` tells the person at the line what is waited for."""

    def __init__(
        self,
        link: ModbusLink,
        layout: BlockLayout,
        tags: Sequence[Tag],
        adjustables: Sequence[Adjustable],
        patience: Patience,
        clock: Clock,
        say: Callable[[str], None],
    ) -> None:
        self.link = link
        self.layout = layout
        self.tags = tuple(tags)
        self.adjustables = tuple(adjustables)
        self.patience = patience
        self.clock = clock
        self.say = say
        self.heart = Heart(self._beat, clock)
        self.first: Look | None = None
        """The first look of all."""
        self.opened = 0
        """Looks so far that saw the gate open."""
        self.entries, self.answers, self.results = Torn(), Torn(), Torn()
        self.judged: set[Part] = set()
        """Parts that were given an accepted verdict."""
        self.lane: list[Part] = []
        """Parts that this test has put into the hold lane and not taken out again."""
        self.let_pass = NOBODY
        """The part that 3.10 let through the gate."""
        self.ordered = False
        """True once an order was written."""
        self.stopped_by_us = False
        self.order_sequence = 0
        """The newest order sequence that was written, or that the PLC has answered."""
        self._heartbeat = 0
        self._command: tuple[int, ...] = ()
        self._last: Look | None = None
        self._entered: Look | None = None

    async def look(self) -> Look:
        """The status now, without believing anything in it. Raises EquipmentError."""
        asked = self.clock.monotonic()
        words = await self.link.read_registers(self.layout.status, STATUS_WORDS)
        look = look_of(words, self.layout.word_order, asked, self.clock.monotonic())
        self.first = self.first or look
        self.order_sequence = max(self.order_sequence, look.answered_order)
        self.opened += not look.closed
        self._notice_entry(look)
        self._last = look
        return look

    async def until(self, holds: Callable[[Look], bool], within_s: float, asking: str = "") -> Look | None:
        """The first look for which `holds`, or None when the time is over; `asking` is said, and said again."""
        start = self.clock.monotonic()
        pause, reminded = POLL_S, start
        if asking and not holds(await self.look()):
            self.say(f"{asking} (waiting at most {within_s:.0f} s)")
        while True:
            look = await self.look()
            if holds(look):
                return look
            if look.at - start >= within_s:
                return None
            if asking and look.at - reminded >= REMIND_S:
                reminded = look.at
                self.say(f"{asking} (still waiting, {start + within_s - look.at:.0f} s left)")
            await self.clock.sleep(pause)
            pause = min(2 * pause, LONGEST_POLL_S)

    async def part(self) -> Look:
        """A part in the station that this test has not judged; asks for one when there is none. Raises NotSo."""
        limit = self.patience.part_s
        came = await self.until(
            lambda look: look.waiting and look.part not in self.judged, limit, "let a part come into the station"
        )
        if came is None:
            raise NotSo(
                f"no part within {limit:g} s: {self._station()}",
                "let parts come; the PLC sets part present and ready for verdict once a part has entered",
            )
        await self.clock.sleep(SETTLE_S)
        return await self.look()

    async def tell(self, part: Part, verdict: int, *, flaw: int = 0) -> tuple[int, float]:
        """Writes a command block and gives the answer to it, and after how many seconds it came.

        An older answer that names the same cycle is cleared first, so that the new one is not mistaken. `flaw` is
        mixed into the check word. Raises NotSo when no answer came in time.
        """
        if (await self.look()).answered_cycle == part.sequence:
            await self._exchange(SOMEBODY_ELSE if part.sequence == NOBODY.sequence else NOBODY, 3, 0)
        return await self._exchange(part, verdict, flaw)

    async def write_command(self, part: Part, verdict: int, flaw: int = 0) -> None:
        """Writes the whole command block in one request. Raises EquipmentError."""
        body = (*uint32_words(part.sequence, self.layout.word_order), *part.serial, verdict, 0)
        self._command = (*body, check_word(body) ^ flaw)
        await self.tell_again()

    async def tell_again(self) -> None:
        """Writes the very same command block once more."""
        await self.link.write_registers(self.layout.command, (self._heartbeat, *self._command))

    async def write_order(
        self, code: int, target: int = 0, value: int = 0, sequence: int = 0, flaw: int = 0
    ) -> int:
        """Writes an order block, under the next sequence when none is given; returns the sequence."""
        sequence = sequence or self.order_sequence + 1
        self.order_sequence = max(sequence, self.order_sequence)
        order = self.layout.word_order
        body = (
            *uint32_words(sequence, order),
            code,
            *uint32_words(target, order),
            *uint32_words(value & 0xFFFF_FFFF, order),
        )
        self.ordered = True
        await self.link.write_registers(self.layout.order, (*body, check_word(body) ^ flaw))
        return sequence

    async def give(self, code: int, target: int = 0, value: int = 0, sequence: int = 0) -> int:
        """Writes an order and gives its result. Raises NotSo when no answer names its sequence in time."""
        before = await self.look()
        sequence = await self.write_order(code, target, value, sequence)
        return await self.result_of(sequence, before)

    async def result_of(self, sequence: int, before: Look) -> int:
        """The result once `answered order` names the sequence. Raises NotSo."""
        answered = await self.until(lambda look: look.answered_order == sequence, ANSWER_WITHIN_S)
        if answered is None:
            now = await self.look()
            raise NotSo(
                f"order {sequence} was not answered within {ANSWER_WITHIN_S:g} s; answered order reads"
                f" {now.answered_order}, order result {named(now.result, RESULTS)}",
                "let the program answer each order in answered order and order result (plc.order_address)",
            )
        settled = await self._settled(lambda look: look.result)
        if before.answered_order != sequence:
            self.results.read += 1
            if settled != answered.result:
                self.results.found.append(
                    f"answered order named {sequence} while order result still read {answered.result}; it became"
                    f" {settled}"
                )
        return settled

    async def quiet(self, before: Look, seconds: float | None = None) -> str:
        """Watches; returns what moved since that look, or nothing when nothing did."""
        moved = await self.until(
            lambda look: bool(look.moved_since(before)), self.patience.quiet_s if seconds is None else seconds
        )
        return moved.moved_since(before) if moved else ""

    async def recover(self) -> None:
        """Returns when the PLC answers again, or after 5 s; the heartbeat goes on."""
        if self.heart.begun:
            self.heart.start()
        deadline = self.clock.monotonic() + RECOVER_WITHIN_S
        while self.clock.monotonic() < deadline:
            try:
                await self.look()
            except EquipmentError:
                await self.clock.sleep(LONGEST_POLL_S * 20)
            else:
                return

    async def _beat(self) -> None:
        self._heartbeat = (self._heartbeat + 1) & 0xFFFF
        await self.link.write_registers(self.layout.command, (self._heartbeat,))

    async def _exchange(self, part: Part, verdict: int, flaw: int) -> tuple[int, float]:
        start = self.clock.monotonic()
        await self.write_command(part, verdict, flaw)
        answered = await self.until(lambda look: look.answered_cycle == part.sequence, ANSWER_WITHIN_S)
        if answered is None:
            now = await self.look()
            raise NotSo(
                f"the command block for cycle {part.sequence} was not answered within {ANSWER_WITHIN_S:g} s;"
                f" answered cycle reads {now.answered_cycle}, verdict answer {named(now.answer, ANSWERS)}",
                "let the program answer each valid and invalid block in answered cycle (the sequence it names) and"
                " verdict answer (plc.command_address)",
            )
        settled = await self._settled(lambda look: look.answer)
        self.answers.read += 1
        if settled != answered.answer:
            self.answers.found.append(
                f"answered cycle named {part.sequence} while verdict answer still read {answered.answer};"
                f" it became {settled}"
            )
        if settled == 1:
            self.judged.add(part)
        return settled, answered.at - start

    async def _settled(self, value: Callable[[Look], int]) -> int:
        await self.clock.sleep(SETTLE_S)
        return value(await self.look())

    def _notice_entry(self, look: Look) -> None:
        """Compares the serial with the one that stood there when the sequence was first seen."""
        if self._last is None or look.sequence != self._last.sequence:
            self.entries.read += self._last is not None
            self._entered = look
        elif not (self._entered and look.present) or look.asked - self._entered.at > 2 * SETTLE_S:
            return
        elif look.serial != self._entered.serial:
            self.entries.found.append(
                f"cycle sequence {look.sequence} came while the serial still was that of {self._entered.part}; it"
                f" became {look.part}"
            )
            self._entered = None

    def _station(self) -> str:
        look = self._last
        if look is None:
            return "nothing was read"
        bits = f"present {look.present:d}, ready {look.ready:d}, gate closed {look.closed:d}"
        return f"cycle sequence {look.sequence}, {bits}"
