"""The gauge: a second Modbus device that is asked for one part and answers when it has measured it."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from plc.link import ModbusLink
from plc.registers import WordOrder, serial_words, uint32_of, uint32_words
from plc.tags import MAX_READ, TagType, number_of
from quality.characteristic import PartSerial
from quality.evidence import Measurement, NoEvidence
from quality.ports import Clock, EquipmentError
from quality.saying import saying, told

FIRST_POLL_S: Final = 0.005
LONGEST_POLL_S: Final = 0.1
_DONE: Final = 2
_NO_SUCH_PART: Final = 3
_HEAD_WORDS: Final = 3
_NOBODY: Final = PartSerial("")


@dataclass(frozen=True, slots=True)
class GaugeLayout:
    """Where request and answer stand (0-based), in which word order, and how long measuring may take (s)."""

    request: int = 0
    answer: int = 20
    word_order: WordOrder = WordOrder.BIG
    within_s: float = 30.0
    max_count: int = MAX_READ
    """How many registers it gives at once; a longer answer is read in pieces."""


@dataclass(frozen=True, slots=True)
class _Answer:
    sequence: int
    state: int
    values: tuple[float, ...]


class ModbusGauge:
    """`quality.ports.Gauge` over Modbus. `characteristics` are the names of the values, in the gauge's order.

    What fails is NoEvidence that names the gauge, never an exception. Raises ValueError when the answer would
    not fit into one request.
    """

    def __init__(
        self, link: ModbusLink, layout: GaugeLayout, characteristics: Sequence[str], clock: Clock
    ) -> None:
        self._link = link
        self._layout = layout
        self._characteristics = tuple(characteristics)
        self._clock = clock
        self._asked = asyncio.Lock()
        self._words = _HEAD_WORDS + 2 * len(self._characteristics)
        if self._words > MAX_READ:
            raise ValueError(
                f"gauge: {len(self._characteristics)} characteristics do not fit into one answer of {MAX_READ}"
                " registers"
            )

    async def close(self) -> None:
        """Closes the link."""
        await self._link.close()

    async def measure(self, sequence: int, serial: PartSerial) -> tuple[Measurement, ...] | NoEvidence:
        """Asks for one part and waits until it is measured, at most `within_s`; one part at a time.

        An answer for the same sequence that stood there before (the part was asked for already, or the PLC
        has counted from 1 again since) is first made to go by asking for sequence 0, which no part has.
        """
        device = str(self._link.address)
        async with self._asked:
            deadline = self._clock.monotonic() + self._layout.within_s
            try:
                shown = [self._answer_of(await self._read()).sequence for _ in range(2)]
                if sequence in shown:
                    await self._request(0, _NOBODY)
                    await self._answer_when(lambda answer: answer.sequence != sequence, deadline)
                await self._request(sequence, serial)
                answer = await self._answer_when(
                    lambda answer: answer.sequence == sequence and answer.state in {_DONE, _NO_SUCH_PART},
                    deadline,
                )
            except EquipmentError as error:
                return NoEvidence(
                    device,
                    saying("cycle {sequence}: {error}", sequence=sequence, error=told(error)),
                    saying("check the gauge and its network"),
                )
        if answer.state == _NO_SUCH_PART:
            return NoEvidence(
                device,
                saying("has no part {serial} (cycle {sequence})", serial=serial, sequence=sequence),
                saying("bring the part to the gauge"),
            )
        at = self._clock.now()
        for name, value in zip(self._characteristics, answer.values, strict=True):
            if not math.isfinite(value):
                return NoEvidence(
                    device,
                    saying("measured {name} of {serial} as {value}", name=name, serial=serial, value=value),
                    saying("look at the gauge, and check gauge.word_order"),
                )
        return tuple(
            Measurement(name, value, serial, sequence, at)
            for name, value in zip(self._characteristics, answer.values, strict=True)
        )

    async def _request(self, sequence: int, serial: PartSerial) -> None:
        await self._link.write_registers(
            self._layout.request,
            (*uint32_words(sequence, self._layout.word_order), *serial_words(serial)),
        )

    async def _read(self) -> Sequence[int]:
        words: list[int] = []
        while (left := self._words - len(words)) > 0:
            start = self._layout.answer + len(words)
            words += await self._link.read_registers(start, min(left, self._layout.max_count))
        return words

    def _answer_of(self, words: Sequence[int]) -> _Answer:
        order = self._layout.word_order
        return _Answer(
            uint32_of(words, 0, order),
            words[2],
            tuple(
                number_of(words[offset : offset + 2], TagType.FLOAT32, order)
                for offset in range(_HEAD_WORDS, self._words, 2)
            ),
        )

    async def _answer_when(self, awaited: Callable[[_Answer], bool], deadline: float) -> _Answer:
        """The awaited answer, once two successive reads show it word for word: it has no check word."""
        pause = FIRST_POLL_S
        earlier: Sequence[int] | None = None
        while True:
            words = await self._read()
            answer = self._answer_of(words)
            if awaited(answer) and words == earlier:
                return answer
            earlier = words
            if self._clock.monotonic() >= deadline:
                raise EquipmentError(
                    saying(
                        "not measured within {within} s (it answers for sequence {sequence} with state {state})",
                        within=f"{self._layout.within_s:g}",
                        sequence=answer.sequence,
                        state=answer.state,
                    )
                )
            await self._clock.sleep(pause)
            pause = min(2 * pause, LONGEST_POLL_S)
