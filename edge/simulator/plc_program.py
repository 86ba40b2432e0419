"""The PLC's program: registers in, registers out, and the gate between, as docs/plc.md says.

Written from that document alone. Two things it leaves open are decided for safety here: a release order that
comes while the watchdog has tripped waits unanswered until it has been reset, and a release or divert whose
sequence names two held parts (one of them from before a restart) is answered *unknown target*.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from edge.simulator.part import READINGS
from edge.simulator.registers import (
    ILLEGAL_ADDRESS,
    SERIAL_WORDS,
    DeviceRefusal,
    check_word,
    int32_of,
    serial_of,
    uint32_of,
    words_of_float32,
    words_of_serial,
    words_of_uint32,
)
from edge.simulator.station import Station
from edge.simulator.truth import VERDICTS, Fate

CONTRACT: Final = (0x4A44, 1, 0x0102, 0x0304)
COMMAND: Final = 200
COMMAND_WORDS: Final = 14
ORDER: Final = 220
ORDER_WORDS: Final = 8
REGISTERS: Final = 256
FIRST_READING: Final = 32
FLOAT_READINGS: Final = 7
RESERVED: Final = (0,) * 6
WATCHDOG_S: Final = 2.0
PULSE_S: Final = 0.1
BYPASS_DWELL_S: Final = 0.1
"""With the key-switch on, a part stays in the station at least that long."""
LARGEST_OFFSET_UM: Final = 500
LAST_SEQUENCE: Final = 0xFFFF_FFFF
"""After it comes 1: 0 is no part."""
PASS: Final = 1
HELD_VERDICTS: Final = (2, 3)


class Answer(IntEnum):
    """Verdict answers."""

    NONE = 0
    ACCEPTED = 1
    WRONG_SEQUENCE = 16
    WRONG_SERIAL = 17
    BAD_CHECK_WORD = 18
    PART_GONE = 19


class Result(IntEnum):
    """Order results."""

    NONE = 0
    DONE = 1
    BAD_CHECK_WORD = 16
    OLD_SEQUENCE = 17
    UNKNOWN_CODE = 18
    UNKNOWN_TARGET = 19
    OUT_OF_RANGE = 20
    NOT_HELD = 21


class Code(IntEnum):
    """Order codes."""

    STOP_LINE = 1
    RESUME = 2
    RELEASE_PART = 3
    DIVERT = 4
    SET_PARAMETER = 5


class PlcProgram:
    """A `Device` that acts on a write at once and on time when `step` gives it some."""

    def __init__(self, station: Station) -> None:
        self.station = station
        self.bypass = False
        self.boot = 0
        self._stopped = False
        self._last_order = (0, Result.NONE)
        self._shown_order = (0, Result.NONE)
        self.reboot()

    def reboot(self) -> None:
        """Starts the program anew. The hold lane, a stop, the parameters and the last order outlast it."""
        self.boot = (self.boot + 1) & 0xFFFF
        self.station.forget_entry()
        self._written = [0] * REGISTERS
        self._sequence = 0
        self._last_passed = 0
        self._answered = (0, Answer.NONE)
        self._permitted = False
        self._tripped = False
        self._silence_s = 0.0
        self._pulse_s = 0.0
        self._beats = 0
        self._serial = ""
        self._readings = [0] * (len(READINGS) + FLOAT_READINGS)
        self._parameters = self._parameter_words()

    @property
    def sequence(self) -> int:
        """The cycle sequence of the part that entered last; 0 before the first of this boot."""
        return self._sequence

    def count_from(self, sequence: int) -> None:
        """The next part that enters gets the number after that one, as when the entry sensor counted nothing."""
        self._sequence = sequence

    def forget_orders(self) -> None:
        """As a PLC that cannot keep the last order over a restart."""
        self._last_order = self._shown_order = (0, Result.NONE)

    def step(self, dt: float) -> None:
        """One scan, `dt` seconds after the last."""
        self._silence_s += dt
        self._tripped = self._tripped or self._silence_s >= WATCHDOG_S
        self._pulse_s += dt
        if self._pulse_s >= PULSE_S:
            self._pulse_s %= PULSE_S
            self._beats = (self._beats + 1) & 0xFFFF
        self.station.elapse(dt)
        self._serve()
        if not self._line_stopped:
            self._take_in()

    @property
    def _line_stopped(self) -> bool:
        return self._stopped or self.station.lane_full

    def _take_in(self) -> bool:
        following = self._sequence % LAST_SEQUENCE + 1
        fate = self.station.enter(following, self.boot)
        if fate is None:
            return False
        self._sequence = following
        self._permitted = False
        self._serial = fate.part.serial
        floats, counters = fate.part.readings[:FLOAT_READINGS], fate.part.readings[FLOAT_READINGS:]
        self._readings = [*words_of_float32(floats), *(int(count) for count in counters)]
        return True

    def _serve(self) -> None:
        """Opens the gate when there is a reason: a PASS under a living heartbeat, or the key-switch."""
        fate = self.station.part
        if fate is None:
            return
        if self._permitted and not self._tripped:
            self._let_pass(fate, "release" if fate.held else "PASS")
        elif self.bypass and self.station.dwell_s >= BYPASS_DWELL_S:
            self._let_pass(fate, "bypass")

    def _let_pass(self, fate: Fate, by: str) -> None:
        self.station.let_pass(fate, by)
        self._last_passed = fate.sequence

    def beat(self) -> None:
        """The edge has shown that it lives."""
        self._silence_s = 0.0
        if self._tripped:
            self._tripped = False
            self._serve()
            self._read_order()

    def permit(self, fate: Fate) -> None:
        """The part in the station may pass, as soon as the watchdog lets it."""
        if not fate.held:
            fate.verdict = VERDICTS[PASS]
        self._permitted = True
        self._serve()

    def read_registers(self, address: int, count: int, /) -> Sequence[int]:
        """Status, readings, and what was written; the rest of 0..255 reads 0."""
        if address + count > REGISTERS:
            raise DeviceRefusal(ILLEGAL_ADDRESS)
        return self._image()[address : address + count]

    def write_registers(self, address: int, words: Sequence[int], /) -> None:
        """Into the command block or the order block, and acted upon at once."""
        end = address + len(words)
        command = address >= COMMAND and end <= COMMAND + COMMAND_WORDS
        if not command and not (address >= ORDER and end <= ORDER + ORDER_WORDS):
            raise DeviceRefusal(ILLEGAL_ADDRESS)
        before = self._written[COMMAND : COMMAND + COMMAND_WORDS]
        self._written[address:end] = words
        after = self._written[COMMAND : COMMAND + COMMAND_WORDS]
        if not command:
            self._read_order()
            return
        if after[0] != before[0]:
            self.beat()
        if after[1:] != before[1:]:
            self._read_command(after)

    def read_bits(self, _address: int, _count: int, /) -> Sequence[bool]:
        """This profile has no coils."""
        raise DeviceRefusal(ILLEGAL_ADDRESS)

    def write_bits(self, _address: int, _bits: Sequence[bool], /) -> None:
        """This profile has no coils."""
        raise DeviceRefusal(ILLEGAL_ADDRESS)

    def _image(self) -> list[int]:
        station = self.station
        bits = (
            station.part is not None,
            station.part is not None,
            not station.gate_open,
            self._line_stopped,
            self._tripped,
            self.bypass,
        )
        image = list(self._written)
        status = [
            *CONTRACT,
            self.boot,
            self._beats,
            *words_of_uint32(self._sequence),
            *words_of_serial(self._serial),
            sum(bit << position for position, bit in enumerate(bits)),
            *words_of_uint32(self._answered[0]),
            self._answered[1],
            *words_of_uint32(self._shown_order[0]),
            self._shown_order[1],
            len(station.lane),
            *words_of_uint32(self._last_passed),
            *RESERVED,
            *self._readings,
            *self._parameters,
        ]
        image[: len(status)] = status
        return image

    def _parameter_words(self) -> list[int]:
        return [um & 0xFFFF for axes in self.station.offsets.um for um in axes]

    def _read_command(self, block: Sequence[int]) -> None:
        sequence = uint32_of(block[1:3])
        serial, verdict = serial_of(block[3 : 3 + SERIAL_WORDS]), block[11]
        valid = check_word(block[1:13]) == block[13] and verdict in VERDICTS
        answer = self._obey(sequence, serial, verdict) if valid else Answer.BAD_CHECK_WORD
        self._answered = (sequence, answer)

    def _obey(self, sequence: int, serial: str, verdict: int) -> Answer:
        fate = self.station.part
        if fate and (fate.sequence, fate.part.serial) == (sequence, serial):
            if verdict == PASS:
                self.permit(fate)
            else:
                fate.verdict = VERDICTS[verdict]
                self._permitted = False
                self.station.keep(fate)
            return Answer.ACCEPTED
        if any((held.sequence, held.part.serial) == (sequence, serial) for held in self.station.lane):
            return Answer.ACCEPTED if verdict in HELD_VERDICTS else Answer.PART_GONE
        if fate and fate.sequence == sequence:
            return Answer.WRONG_SERIAL
        if fate and fate.part.serial == serial:
            return Answer.WRONG_SEQUENCE
        return Answer.PART_GONE

    def _read_order(self) -> None:
        block = self._written[ORDER : ORDER + ORDER_WORDS]
        if not any(block):
            return
        if check_word(block[:7]) != block[7]:
            # a block that is not valid says nothing, its sequence neither
            self._shown_order = (self._last_order[0], Result.BAD_CHECK_WORD)
            return
        sequence = uint32_of(block[:2])
        if sequence < self._last_order[0]:
            self._shown_order = (sequence, Result.OLD_SEQUENCE)
            return
        if sequence > self._last_order[0]:
            if block[2] == Code.RELEASE_PART and self._tripped:
                return
            self._last_order = (sequence, self._carry_out(block[2], uint32_of(block[3:5]), int32_of(block[5:7])))
        self._shown_order = self._last_order

    def _carry_out(self, code: int, target: int, value: int) -> Result:
        if code in (Code.STOP_LINE, Code.RESUME):
            self._stopped = code == Code.STOP_LINE
            return Result.DONE
        if code in (Code.RELEASE_PART, Code.DIVERT):
            return self._clear_from_lane(code, target)
        if code == Code.SET_PARAMETER:
            return self._set_parameter(target, value)
        return Result.UNKNOWN_CODE

    def _clear_from_lane(self, code: int, target: int) -> Result:
        named = [fate for fate in self.station.lane if fate.sequence == target]
        if not named:
            return Result.NOT_HELD
        if len(named) > 1:
            return Result.UNKNOWN_TARGET
        if code == Code.RELEASE_PART:
            self._let_pass(named[0], "release")
        else:
            self.station.divert(named[0])
        return Result.DONE

    def _set_parameter(self, number: int, value: int) -> Result:
        """1 spindle a x, 2 spindle a y, 3 spindle b x, 4 spindle b y, in µm."""
        um = self.station.offsets.um
        if not 1 <= number <= len(self._parameters):
            return Result.UNKNOWN_TARGET
        if abs(value) > LARGEST_OFFSET_UM:
            return Result.OUT_OF_RANGE
        spindle, axis = divmod(number - 1, 2)
        um[spindle][axis] = value
        self._parameters = self._parameter_words()
        return Result.DONE
