"""The gauge of a trial: the simulator's device, and the ways in which a gauge keeps one waiting or lies."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from edge.simulator.gauge import ANSWER, DONE, GaugeDevice
from edge.simulator.modbus_server import ModbusServer
from edge.simulator.registers import words_of_float32
from edge.simulator.truth import Fate
from edge.trial.line import GAUGE_S
from edge.trial.schedule import FaultKind

STATE: Final = ANSWER + 2
FIRST_VALUE: Final = ANSWER + 3
LATE: Final = 10.0
"""A late gauge takes that many times as long, which is longer than anybody waits."""


class TrialGauge:
    """A Modbus `Device`. `fates` are the parts made so far, by serial; `now` gives the shift's seconds."""

    def __init__(self, fates: Mapping[str, Fate], seed: int, now: Callable[[], float]) -> None:
        self._device = GaugeDevice(fates, seed, GAUGE_S)
        self._now = now
        self._until: dict[FaultKind, float] = {}
        self._stepped_at = 0.0
        self.server = ModbusServer(self)

    def begin(self, kind: FaultKind, seconds: float) -> None:
        """The fault is there from now on, for that long."""
        self.advance()
        self._until[kind] = self._now() + seconds

    def advance(self) -> None:
        """Measures on up to the present."""
        now = self._now()
        if not self._active(FaultKind.GAUGE_SILENT):
            slower = LATE if self._active(FaultKind.GAUGE_LATE) else 1.0
            self._device.step((now - self._stepped_at) / slower)
        self._stepped_at = now

    def read_registers(self, address: int, count: int, /) -> Sequence[int]:
        """As the device shows them, or with a value that is none."""
        self.advance()
        words = list(self._device.read_registers(address, count))
        done = address <= STATE < address + count and words[STATE - address] == DONE
        if done and self._active(FaultKind.GAUGE_NAN):
            first = FIRST_VALUE - address
            words[first : first + 2] = words_of_float32((math.nan,))
        return words

    def write_registers(self, address: int, words: Sequence[int], /) -> None:
        """As the device."""
        self.advance()
        self._device.write_registers(address, words)

    def read_bits(self, address: int, count: int, /) -> Sequence[bool]:
        """There are no coils."""
        return self._device.read_bits(address, count)

    def write_bits(self, address: int, bits: Sequence[bool], /) -> None:
        """There are no coils."""
        self._device.write_bits(address, bits)

    def _active(self, kind: FaultKind) -> bool:
        return self._now() < self._until.get(kind, 0.0)
