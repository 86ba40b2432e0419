"""A PLC that answers blocks as docs/plc.md says, or as a test tells it to."""

import struct
from collections.abc import Callable

from plc.registers import check_word
from quality.characteristic import PartSerial
from tests.unit.plc.equipment import Device

SERIAL = PartSerial("BB-000123")


class ScriptedPlc(Device):
    """Answers blocks as docs/plc.md says. `obey` gives the answer to (sequence, verdict), or None for silence."""

    def __init__(self) -> None:
        super().__init__()
        self.registers[:5] = [0x4A44, 1, 0x0102, 0x0304, 3]
        self.registers[16] = 0b111
        self.enter(17, SERIAL)
        self.on_registers = self._take
        self.obey: Callable[[int, int], int | None] = lambda _sequence, _verdict: 1
        self.carry_out: Callable[[int, int, int], int | None] = lambda _code, _target, _value: 1
        self.commands: list[list[int]] = []
        self.orders: list[tuple[int, ...]] = []
        self._last = [0] * 13

    def enter(self, sequence: int, serial: str) -> None:
        self.registers[8:16] = struct.unpack(">8H", serial.encode().ljust(16, b"\0"))
        self.registers[6:8] = [sequence >> 16, sequence & 0xFFFF]

    def answer(self, sequence: int, code: int) -> None:
        self.registers[17:20] = [sequence >> 16, sequence & 0xFFFF, code]

    def answer_order(self, sequence: int, code: int) -> None:
        self.registers[20:23] = [sequence >> 16, sequence & 0xFFFF, code]

    def restart(self) -> None:
        self.registers[4] += 1
        self.enter(0, "")
        self.answer(0, 0)
        self._last = [0] * 13

    def _take(self, start: int, words: list[int]) -> None:
        if start == 200 and len(words) == 14:
            self.commands.append(words)
            if words[1:] == self._last:
                return
            self._last = words[1:]
            sequence = words[1] << 16 | words[2]
            code = self.obey(sequence, words[11]) if check_word(words[1:13]) == words[13] else 18
            if code is not None:
                self.answer(sequence, code)
        elif start == 220:
            sequence, code, target, value = struct.unpack(">LHLl", struct.pack(">7H", *words[:7]))
            self.orders.append((sequence, code, target, value, check_word(words[:7]) == words[7]))
            done = self.carry_out(code, target, value)
            if done is not None:
                self.answer_order(sequence, done)
