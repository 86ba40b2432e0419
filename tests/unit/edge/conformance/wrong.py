"""PLCs that are wrong on purpose, each in one thing, and otherwise the simulated line's."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar, Final

from edge.simulator.coil_program import HOLD, CoilProgram
from edge.simulator.modbus_server import ModbusServer
from edge.simulator.plc_program import COMMAND, ORDER, WATCHDOG_S, Answer, PlcProgram, Result
from edge.simulator.registers import check_word, uint32_of
from tests.unit.edge.conformance.served import Plc
from tests.unit.edge.simulator.parts import new_station

RACE_S: Final = 0.03
FUNCTION, ADDRESS_LOW = 7, 9
"""Bytes of a reply with its header."""
WRITE_REGISTERS: Final = 16


class Program(PlcProgram):
    """A right one, on a line whose parts come as fast as they are answered."""

    def __init__(self) -> None:
        super().__init__(new_station(lane=6))


class LeftAlone(Program):
    """A right one whose parts are not to be moved."""


class WordsSwapped(Program):
    """Low word first, in the whole status block."""

    def read_registers(self, address: int, count: int, /) -> Sequence[int]:
        words = list(super().read_registers(address, count))
        for first in (2, 6, 17, 20, 24):
            at = first - address
            if at >= 0 and at + 2 <= len(words):
                words[at : at + 2] = reversed(words[at : at + 2])
        return words


class BytesSwapped(Program):
    """Low byte first in each register."""

    def read_registers(self, address: int, count: int, /) -> Sequence[int]:
        return [word >> 8 | (word & 0xFF) << 8 for word in super().read_registers(address, count)]


class Silent(Program):
    """Acknowledges nothing."""

    def _read_command(self, block: Sequence[int]) -> None: ...

    def _read_order(self) -> None: ...


class Gullible(Program):
    """Takes any check word for good."""

    def _read_command(self, block: Sequence[int]) -> None:
        super()._read_command([*block[:13], check_word(block[1:13])])

    def _read_order(self) -> None:
        order = self._written[ORDER : ORDER + 7]
        if any(order):
            self._written[ORDER + 7] = check_word(order)
        super()._read_order()


class NoWatchdog(Program):
    """Never trips."""

    def step(self, dt: float) -> None:
        self._silence_s = -dt
        super().step(dt)


class LateWatchdog(Program):
    """Trips after 4 s."""

    def step(self, dt: float) -> None:
        self._silence_s -= dt * (1 - WATCHDOG_S / 4)
        super().step(dt)


class HastyWatchdog(Program):
    """Trips after 1 s."""

    def step(self, dt: float) -> None:
        self._silence_s += dt
        super().step(dt)


class OpensUnderTrip(Program):
    """Trips, and opens for a PASS all the same."""

    def _serve(self) -> None:
        tripped, self._tripped = self._tripped, False
        super()._serve()
        self._tripped = tripped


class Beaten(Program):
    """Another client beats; `written` is what came over the wire."""

    written: ClassVar[list[int]] = []

    def write_registers(self, address: int, words: Sequence[int], /) -> None:
        self.written.append(address)
        super().write_registers(address, words)

    def step(self, dt: float) -> None:
        self._written[COMMAND] = (self._written[COMMAND] + 1) & 0xFFFF
        self.beat()
        super().step(dt)


class NoSerial(Program):
    """Does not compare the serial."""

    def _obey(self, sequence: int, serial: str, verdict: int) -> Answer:
        fate = self.station.part
        named = fate is not None and fate.sequence == sequence
        return super()._obey(sequence, fate.part.serial if fate and named else serial, verdict)


class NoSequence(Program):
    """Does not compare the sequence."""

    def _obey(self, sequence: int, serial: str, verdict: int) -> Answer:
        fate = self.station.part
        named = fate is not None and fate.part.serial == serial
        return super()._obey(fate.sequence if fate and named else sequence, serial, verdict)


class HalfSequence(Program):
    """Compares the low word of the sequence alone."""

    def _obey(self, sequence: int, serial: str, verdict: int) -> Answer:
        return super()._obey(sequence & 0xFFFF, serial, verdict)


class HalfSerial(Program):
    """Compares the first fourteen letters of the serial alone."""

    def _obey(self, sequence: int, serial: str, verdict: int) -> Answer:
        return super()._obey(sequence, serial[:14].rstrip("\0"), verdict)


class Stopped(Program):
    """Right, but somebody has stopped the line by the order BY."""

    BY = (41, Result.DONE)

    def __init__(self) -> None:
        super().__init__()
        self._stopped = True
        self._last_order = self._shown_order = self.BY


class Skips(Program):
    """Counts two for each part."""

    def _take_in(self) -> bool:
        self._sequence += 1
        entered = super()._take_in()
        self._sequence -= not entered
        return entered


class Repeats(Program):
    """The first part is cycle 1, and so are all that follow."""

    def _take_in(self) -> bool:
        self._sequence = 0
        entered = super()._take_in()
        self._sequence = 1
        return entered


class FrozenHeartbeat(Program):
    """The program runs and its heartbeat stands."""

    def step(self, dt: float) -> None:
        super().step(dt)
        self._beats = 7


class Twice(Program):
    """Carries an order out each time it is written, known or not."""

    def _read_order(self) -> None:
        sequence, result = self._last_order
        if uint32_of(self._written[ORDER : ORDER + 2]) == sequence:
            self._last_order = (sequence - 1, result)
        super()._read_order()


class Racing(Program):
    """Shows a number at once, and 30 ms later what belongs to it."""

    number = value = slice(0)

    def __init__(self) -> None:
        super().__init__()
        self._now_s = self._since_s = 0.0
        self._numbered: list[int] = []
        self._old: list[int] = []
        self._new: list[int] = []

    def step(self, dt: float) -> None:
        self._now_s += dt
        super().step(dt)

    def _image(self) -> list[int]:
        image = super()._image()
        if image[self.number] != self._numbered:
            self._numbered, self._since_s = image[self.number], self._now_s
            self._old = self._new or image[self.value]
        self._new = image[self.value]
        if self._now_s - self._since_s < RACE_S:
            image[self.value] = self._old
        return image


class AnswerRaces(Racing):
    number, value = slice(17, 19), slice(19, 20)


class ResultRaces(Racing):
    number, value = slice(20, 22), slice(22, 23)


class SerialRaces(Racing):
    number, value = slice(6, 8), slice(8, 16)


class OpenBehind(Program):
    """Once it has let a part pass it lets the next one pass too."""

    def _take_in(self) -> bool:
        permitted = self._permitted
        entered = super()._take_in()
        self._permitted = self._permitted or (entered and permitted)
        return entered


class ObeysAnew(Program):
    """Answers a block each time it is written, whether it has changed or not."""

    def write_registers(self, address: int, words: Sequence[int], /) -> None:
        before = self._answered
        super().write_registers(address, words)
        if address == COMMAND and len(words) > 1 and self._answered == before:
            self._read_command(self._written[COMMAND : COMMAND + 14])


class ForgetsTheSwitch(Program):
    """Stops the line in its bits alone."""

    def step(self, dt: float) -> None:
        stopped, self._stopped = self._stopped, False
        super().step(dt)
        self._stopped = stopped


class KeepsOldParameter(Program):
    """Answers an order about a parameter and never shows the new value."""

    def _parameter_words(self) -> list[int]:
        return [0, 0, 0, 0]


class ReleasesUnderTrip(Program):
    """Lets a held part go though nobody watches."""

    def _read_order(self) -> None:
        tripped, self._tripped = self._tripped, False
        super()._read_order()
        self._tripped = tripped


class Restarts(Program):
    """Starts anew in the middle of everything."""

    def _carry_out(self, code: int, target: int, value: int) -> Result:
        result = super()._carry_out(code, target, value)
        self.boot += 1
        return result


class FalseEcho(Program):
    """A right program behind a server that confirms each write under the address behind it."""


class EchoServer(ModbusServer):
    """A relay before a right server, which changes the replies to writes."""

    def __init__(self, device: Plc) -> None:
        super().__init__(device)
        self._relaying: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> int:
        right = await super().start(host, 0)
        self._relay = await asyncio.start_server(lambda *client: self._serve(right, *client), host, port)
        return int(self._relay.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        self._relay.close()
        await super().stop()
        await self._relay.wait_closed()

    async def _serve(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request at a time, each in one piece, as the link sends them."""
        upward, downward = await asyncio.open_connection("127.0.0.1", port)
        while request := await reader.read(300):
            downward.write(request)
            reply = bytearray(await upward.read(300))
            if reply[FUNCTION] == WRITE_REGISTERS:
                reply[ADDRESS_LOW] += 1
            writer.write(reply)
        downward.close()
        writer.close()


class Coils(CoilProgram):
    """A right one of the coils profile."""

    def __init__(self) -> None:
        super().__init__(new_station(lane=6))


class HoldForgotten(Coils):
    """Does not set the hold coil for a part that enters."""

    def _take_in(self) -> bool:
        hold = self._coils[HOLD]
        entered = super()._take_in()
        self._coils[HOLD] = hold
        if entered and not hold:
            self._permitted = True
        return entered


class CoilsUnwatched(Coils):
    """Opens for a 0 though nobody beats."""

    def step(self, dt: float) -> None:
        self._silence_s = -dt
        super().step(dt)


class CoilsSilent(Coils):
    """Never acknowledges."""

    def read_bits(self, address: int, count: int, /) -> Sequence[bool]:
        return [bit and coil != 2 for coil, bit in enumerate(super().read_bits(address, count), start=address)]
