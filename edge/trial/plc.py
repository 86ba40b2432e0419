"""The PLC of a trial: the simulator's program and station behind Modbus, and all that can go wrong with them.

The program is written from docs/plc.md alone and shares nothing with the room `plc`. It is stepped when somebody
looks or writes and a few times a second besides, so that a shift of it costs little.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from edge.simulator.modbus_server import ModbusServer
from edge.simulator.part import Part
from edge.simulator.plc_program import (
    COMMAND,
    COMMAND_WORDS,
    LAST_SEQUENCE,
    ORDER,
    ORDER_WORDS,
    PlcProgram,
)
from edge.simulator.process import Offsets
from edge.simulator.registers import (
    BUSY,
    DeviceRefusal,
    check_word,
    int32_of,
    serial_of,
    uint32_of,
    words_of_uint32,
)
from edge.trial.chronicle import Booted, Chronicle, Executed, VerdictTaken
from edge.trial.schedule import FaultKind
from edge.trial.station import WatchedStation

LONGEST_STEP_S: Final = 0.2
REFUSALS: Final = (1, 2, 3, 4, 10, 11)
"""The exceptions that a PLC or a gateway before it may answer with, besides busy."""
STATUS_WORDS: Final = 50
"""Status, readings and parameters: what a glitch may hit."""
LONG_WORDS: Final = (2, 6, 17, 20, 24)
"""Offsets of the 32-bit values of the status block."""
SET_PARAMETER: Final = 5
CLAMPED_UM: Final = 3
"""By how much a PLC that clamps a parameter misses the value it was told."""
FORGETFUL: Final = 4
"""One restart of so many loses the last order too."""
BETWEEN: Final = 16
BEHIND: Final = {4: ORDER, 8: ORDER, 5: ORDER, 6: COMMAND, 12: COMMAND}
"""Of so many restarts, those that come between an order or a verdict and its answer."""
NEAR_ROLLOVER: Final = LAST_SEQUENCE - 2


class Plc:
    """A Modbus `Device`. `now` gives virtual seconds since the shift's start."""

    def __init__(
        self,
        next_part: Callable[[Offsets], Part | None],
        chronicle: Chronicle,
        now: Callable[[], float],
        random: Random,
    ) -> None:
        self._chronicle = chronicle
        self._now = now
        self._random = random
        self.station = WatchedStation(next_part, chronicle, now)
        self.program = PlcProgram(self.station)
        self.server = ModbusServer(self, lambda: self._active(FaultKind.PLC_REBOOT))
        self._stepped_at = 0.0
        self._until: dict[FaultKind, float] = {}
        self._details: dict[FaultKind, int] = {}
        self._stuck: dict[tuple[int, int], Sequence[int]] = {}
        self._unread: dict[tuple[int, int], Sequence[int]] = {}
        """What was written to a program that has halted, by address and length."""
        self._glitch: int | None = None
        self._skip: Callable[[int], int] | None = None
        """What the count becomes before the next part enters."""
        self._rolled_in = 0
        self._armed: tuple[int, float, int] | None = None
        """Behind which block's next writing the PLC restarts, for how long, and the fault's detail."""
        self._answered_order = 0
        self._order: Sequence[int] = ()

    def begin(self, kind: FaultKind, seconds: float, detail: int) -> None:
        """The fault is there from now on, for that long (or once)."""
        self.advance()
        self._details[kind] = detail
        match kind:
            case FaultKind.PLC_REBOOT if detail % BETWEEN in BEHIND:
                self._armed = BEHIND[detail % BETWEEN], seconds, detail
            case FaultKind.PLC_REBOOT:
                self._reboot(seconds, detail)
            case FaultKind.DUPLICATED_TRIGGER:
                self.station.forget_entry()
            case FaultKind.MISSED_TRIGGER:
                self._skip = lambda sequence: sequence + 1 + detail % 3
            case FaultKind.SEQUENCE_ROLLOVER if self._rolled_in != self.program.boot:
                # Once in a boot: no line lives long enough for a second time.
                self._rolled_in = self.program.boot
                self._skip = lambda sequence: max(sequence, NEAR_ROLLOVER)
            case FaultKind.SEQUENCE_ROLLOVER:
                pass
            case FaultKind.SLIP:
                self.station.take_out_by_hand()
            case FaultKind.REGISTER_GLITCH:
                self._glitch = detail
            case _:
                self._until[kind] = self._now() + seconds

    @property
    def runs(self) -> bool:
        """False while the program has halted or is starting."""
        return not (self._active(FaultKind.PLC_HALTED) or self._active(FaultKind.PLC_REBOOT))

    def end_of_faults(self) -> None:
        """What was to go wrong with the next order or verdict goes wrong no more."""
        self._armed = None
        self._glitch = None

    def advance(self) -> None:
        """Brings the program to the present."""
        now = self._now()
        if now <= self._stepped_at:
            return
        running = self.runs
        if running and self._unread:
            self._catch_up()
        if running and self._skip and self.station.part is None:
            skipped_to = min(self._skip(self.program.sequence), LAST_SEQUENCE)
            self._skip = None
            self.program.count_from(skipped_to)
            self.station.counted(skipped_to, self.program.boot)
        key = self._active(FaultKind.BYPASS)
        self.program.bypass = self.station.key_on = key
        while self._stepped_at < now:
            dt = min(LONGEST_STEP_S, now - self._stepped_at)
            if running:
                self.program.step(dt)
            else:
                # A program that stands measures no silence.
                self.station.beat_at += dt
            self._stepped_at = now if now - self._stepped_at - dt < 1e-9 else self._stepped_at + dt  # noqa: PLR2004

    def read_registers(self, address: int, count: int, /) -> Sequence[int]:
        """As the program shows them, or as the fault of the moment does."""
        self.advance()
        self._refuse()
        words = list(self.program.read_registers(address, count))
        if not self._active(FaultKind.STUCK_REGISTERS):
            self._stuck.clear()
        else:
            words = list(self._stuck.setdefault((address, count), words))
        if self._active(FaultKind.WORD_ORDER) and address == 0:
            for high in LONG_WORDS:
                words[high : high + 2] = reversed(words[high : high + 2])
        if self._glitch is not None and address == 0 and self._worth_a_glitch():
            hit, bit = self._glitch % min(count, STATUS_WORDS), self._glitch // STATUS_WORDS % 16
            words[hit] ^= 1 << bit
            self._glitch = None
        return words

    def write_registers(self, address: int, words: Sequence[int], /) -> None:
        """To the program, or only to its memory while it has halted."""
        self.advance()
        self._refuse()
        if self._active(FaultKind.PLC_HALTED):
            self.program.read_registers(address, len(words))
            self._unread.pop((address, len(words)), None)
            self._unread[address, len(words)] = tuple(words)
            return
        self._take(address, words)

    def read_bits(self, address: int, count: int, /) -> Sequence[bool]:
        """There are no coils."""
        return self.program.read_bits(address, count)

    def write_bits(self, address: int, bits: Sequence[bool], /) -> None:
        """There are no coils."""
        self.program.write_bits(address, bits)

    def _take(self, address: int, words: Sequence[int]) -> None:
        if address == COMMAND and words[0] != self.program.read_registers(COMMAND, 1)[0]:
            self.station.beat_at = self._now()
        if address == ORDER and len(words) == ORDER_WORDS:
            self._order = tuple(words)
            words = self._clamped(words)
        self.program.write_registers(address, words)
        if address == COMMAND and len(words) == COMMAND_WORDS:
            sequence, answer = self._long(17), self.program.read_registers(19, 1)[0]
            serial = serial_of(words[3:11])
            self._chronicle.tell(VerdictTaken(self._now(), self.program.boot, sequence, serial, words[11], answer))
            if sequence:
                self._restart_behind(COMMAND)
        if self._order:
            self._look_at_order()

    def _look_at_order(self) -> None:
        answered, result = self._long(20), self.program.read_registers(22, 1)[0]
        sequence = uint32_of(self._order)
        if answered != sequence or sequence <= self._answered_order:
            return
        self._answered_order = sequence
        code, target, value = self._order[2], uint32_of(self._order[3:5]), int32_of(self._order[5:7])
        self._order = ()
        self._chronicle.tell(Executed(self._now(), self.program.boot, sequence, code, target, value, result))
        self._restart_behind(ORDER)

    def _clamped(self, words: Sequence[int]) -> Sequence[int]:
        """The order as a PLC carries it out that sets another value than it was told, and says done."""
        if not self._active(FaultKind.PARAMETER_CLAMPED) or words[2] != SET_PARAMETER:
            return words
        value = int32_of(words[5:7]) + CLAMPED_UM
        body = (*words[:5], *words_of_uint32(value & 0xFFFF_FFFF))
        return (*body, check_word(body)) if check_word(words[:7]) == words[7] else words

    def _restart_behind(self, block: int) -> None:
        """Restarts when that is armed: the block has been acted upon, and nobody hears of it any more."""
        if self._armed is not None and self._armed[0] == block:
            _, seconds, detail = self._armed
            self._armed = None
            self._reboot(seconds, detail)

    def _reboot(self, seconds: float, detail: int) -> None:
        self._until[FaultKind.PLC_REBOOT] = self._now() + seconds
        self.program.reboot()
        self._unread.clear()
        self._order = ()
        self.station.beat_at = self._now()
        if detail % FORGETFUL == 0:
            self.program.forget_orders()
            self._answered_order = 0
        self.server.cut()
        self._chronicle.tell(Booted(self._now(), self.program.boot))

    def _catch_up(self) -> None:
        unread, self._unread = self._unread, {}
        for (address, _), words in unread.items():
            self._take(address, words)

    def _refuse(self) -> None:
        if self._active(FaultKind.PLC_BUSY):
            raise DeviceRefusal(BUSY)
        if self._active(FaultKind.PLC_EXCEPTION):
            raise DeviceRefusal(REFUSALS[self._details[FaultKind.PLC_EXCEPTION] % len(REFUSALS)])

    def _worth_a_glitch(self) -> bool:
        """Most reads are of nothing new; a glitch that is to matter hits one of a part that waits."""
        return self.station.part is not None

    def _long(self, address: int) -> int:
        return uint32_of(self.program.read_registers(address, 2))

    def _active(self, kind: FaultKind) -> bool:
        return self._now() < self._until.get(kind, 0.0)
