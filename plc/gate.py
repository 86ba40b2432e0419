"""The gate over the block profile: one scan, one verdict, one order, each as the contract demands.

Which answer is the answer? The PLC answers a command block once each time its content changes, and the
answer stands in the status block until the next. So an answer that names our sequence is ours, unless an
earlier block named the same sequence:

- This process wrote the same content last, in the same boot of the PLC (its wait ran out, and the caller asks
  again): the PLC sees no change and will not answer anew; what stands there, or will, is the answer. It counts.
- Anything else (a hold re-asserted after a restart of this process or of a PLC that kept its registers, another
  verdict on the same part): what stands there answers something older. So the gate first writes a HOLD for
  sequence 0, which no part has, and waits until the answer names 0. Whatever names our sequence then is new.

A PLC that restarts between write and answer has forgotten the part: the boot count in every status read is
compared with the one before the write, and the wait ends with an error instead of an answer from another life.
Orders need none of this: their sequence is never used twice, and the PLC carries out each at most once.

A block that was changed on its way is answered *bad check word*, under whatever sequence it seemed to name. That
is no answer to what was said, so the block is written again. Status, readings and answers have no check word:
`Sweep` believes nothing new before it has read it twice.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from plc.link import ModbusLink
from plc.registers import (
    PLC_HEARTBEAT,
    STATUS_WORDS,
    BlockLayout,
    Command,
    command_words,
    decode_status,
    order_words,
    place,
)
from plc.sweep import Sight, Sweep
from plc.tags import Span, Tag
from quality.characteristic import PartSerial
from quality.judgement import ReasonCode, Verdict
from quality.order import Order, OrderResult
from quality.ports import Clock, EquipmentError
from quality.saying import Saying, saying, told
from quality.station import Scan, StationStatus, VerdictAnswer

T = TypeVar("T")

ACKNOWLEDGE_WITHIN_S: Final = 2.0
FIRST_POLL_S: Final = 0.001
LONGEST_POLL_S: Final = 0.016
_NOBODY: Final = Command(0, PartSerial(""), Verdict.HOLD, None)


class ModbusGate:
    """`quality.ports.Gate` over Modbus. `tags` are the readings and the parameters in force, by name."""

    def __init__(self, link: ModbusLink, layout: BlockLayout, tags: Sequence[Tag], clock: Clock) -> None:
        self._link = link
        self._layout = layout
        self._tags = tuple(tags)
        self._clock = clock
        status, beat = (Span(layout.status, STATUS_WORDS),), layout.status + PLC_HEARTBEAT
        gap, count = layout.max_gap, layout.max_count
        self._sweep = Sweep(link, clock, status, tags, max_gap=gap, max_count=count, beat=beat)
        self._answers = Sweep(link, clock, status, (), max_gap=gap, max_count=count, beat=beat)
        self._heartbeat = 0
        self._verdicts = asyncio.Lock()
        self._status: StationStatus | None = None
        self._written: tuple[int, Command] | None = None
        """The PLC's boot and the content of the command block, as last written by this process."""

    async def close(self) -> None:
        """Closes the link."""
        await self._link.close()

    async def scan(self) -> Scan:
        """Status and every tag of one part: one request when the tags lie close behind the status block."""
        sight = await self._sweep.read()
        self._status = self._decoded(sight)
        return Scan(self._status, tuple(map(sight.reading, self._tags)), sight.seen_at, sight.monotonic)

    async def beat(self) -> None:
        """Writes the next heartbeat alone."""
        self._heartbeat = (self._heartbeat + 1) & 0xFFFF
        await self._link.write_registers(self._layout.command, (self._heartbeat,))

    async def give_verdict(
        self, sequence: int, serial: PartSerial, verdict: Verdict, reason: ReasonCode | None
    ) -> VerdictAnswer:
        """Writes the command block and waits at most 2 s for the answer that names this sequence.

        A part may be given another verdict, or the same again; the top of this file says which answer counts. A
        PASS that the PLC accepted for an earlier life of this process is answered *part gone* when it is given
        again, since the part has passed: whoever recovers looks at the status first.
        """
        command = Command(sequence, serial, verdict, reason)
        async with self._verdicts:
            deadline = self._clock.monotonic() + ACKNOWLEDGE_WITHIN_S
            before = self._status or await self._read_status()
            boot, written = self._written or (before.boot_count, _NOBODY)
            named = sequence in {before.answered_cycle, written.sequence}
            if named and (boot, written) != (before.boot_count, command):
                await self._command(
                    _NOBODY, before, deadline, saying("the clearing of cycle {sequence}", sequence=sequence)
                )
            return await self._command(
                command,
                before,
                deadline,
                saying("verdict {verdict} for cycle {sequence}", verdict=verdict.value, sequence=sequence),
            )

    async def give_order(self, order: Order) -> OrderResult:
        """Writes the order block and waits at most 2 s for the answer that names its sequence.

        An order older than the one last answered is not written: the PLC would refuse it, and its refusal
        would stand where the newer order's result is. Nor is one meant for another boot: cycles count from 1 again
        with each, and its target may be another part.
        """
        deadline = self._clock.monotonic() + ACKNOWLEDGE_WITHIN_S
        before = await self._read_status()
        if order.boot_count not in {None, before.boot_count}:
            raise self._restarted(
                order.boot_count,
                before.boot_count,
                saying("order {sequence} was written", sequence=order.sequence),
            )
        if order.sequence < before.answered_order:
            return OrderResult.OLD_SEQUENCE
        block = _Block(
            self._layout.order,
            order_words(order, self._layout.word_order),
            saying("order {sequence} ({code})", sequence=order.sequence, code=order.code.name),
        )
        return await self._acknowledged(
            block,
            lambda status: status.order_result if status.answered_order == order.sequence else None,
            lambda status: status.order_result is OrderResult.BAD_CHECK_WORD,
            before,
            deadline,
        )

    async def _command(self, command: Command, before: StationStatus, deadline: float, what: str) -> VerdictAnswer:
        words = command_words(self._heartbeat, command, self._layout.word_order)
        self._written = before.boot_count, command
        return await self._acknowledged(
            _Block(self._layout.command, words, what),
            lambda status: status.verdict_answer if status.answered_cycle == command.sequence else None,
            lambda status: status.verdict_answer is VerdictAnswer.BAD_CHECK_WORD,
            before,
            deadline,
        )

    async def _acknowledged(
        self,
        block: "_Block",
        answer_in: Callable[[StationStatus], T | None],
        damaged_in: Callable[[StationStatus], bool],
        before: StationStatus,
        deadline: float,
    ) -> T:
        """Writes the block and reads the status until it holds the answer.

        A link that fails on the way (a busy PLC, a dropped connection) is tried again until the deadline; so is a
        write that was not confirmed or came damaged, since the PLC takes the same content, or the same order, only
        once.
        """
        written, trouble, pause = False, Saying(""), FIRST_POLL_S
        while True:
            try:
                # After trouble the status comes first: what was meant for one boot is not written to the next.
                status = await self._read_status() if written or trouble else before
                if not written and status.boot_count == before.boot_count:
                    await self._link.write_registers(block.address, block.words)
                    written = True
                    status = await self._read_status()
            except EquipmentError as error:
                trouble = saying(" (last trouble: {trouble})", trouble=told(error))
            else:
                if status.boot_count != before.boot_count:
                    raise self._restarted(
                        before.boot_count, status.boot_count, saying("it acknowledged {what}", what=block.what)
                    )
                if damaged_in(status):
                    written, trouble = False, saying(" (last trouble: it found the check word wrong)")
                elif (answer := answer_in(status)) is not None:
                    return answer
            if self._clock.monotonic() >= deadline:
                raise EquipmentError(
                    saying(
                        "{address}: the PLC did not acknowledge {what} within {within} s{trouble}; check"
                        " that its program runs and answers {place}",
                        address=str(self._link.address),
                        what=block.what,
                        within=f"{ACKNOWLEDGE_WITHIN_S:g}",
                        trouble=trouble,
                        place=place(block.address),
                    )
                )
            await self._clock.sleep(pause)
            pause = min(2 * pause, LONGEST_POLL_S)

    def _restarted(self, boot: int | None, now: int, what: str) -> EquipmentError:
        return EquipmentError(
            saying(
                "{address}: the PLC restarted (boot {boot}, now {now}) before {what}; compare its state with the"
                " records, as at start-up",
                address=str(self._link.address),
                boot=str(boot),
                now=now,
                what=what,
            )
        )

    async def _read_status(self) -> StationStatus:
        self._status = self._decoded(await self._answers.read())
        return self._status

    def _decoded(self, sight: Sight) -> StationStatus:
        return decode_status(sight.image.words(self._layout.status, STATUS_WORDS), self._layout)


@dataclass(frozen=True, slots=True)
class _Block:
    """Words to be written at once, and what they are in words."""

    address: int
    words: tuple[int, ...]
    what: str
