"""The milling machine's own controller: a small Modbus device that shows readings of the part it has milled last.

It answers function 3 alone and gives at most eight registers at once, as small devices do.
"""

from collections.abc import Sequence
from typing import Final

from edge.simulator.part import READINGS
from edge.simulator.registers import (
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
    ILLEGAL_VALUE,
    DeviceRefusal,
    words_of_float32,
    words_of_uint32,
)
from edge.simulator.station import Station

MOST_REGISTERS: Final = 8
SHOWN: Final = ("spindle_a_power_kw", "spindle_b_power_kw", "clamp_pressure_bar")
"""Each a float32, behind the cycle sequence as uint32 at address 0."""


class MachineDevice:
    """A `Device` that follows the part in the station."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._image = [0] * (2 + 2 * len(SHOWN))

    def read_registers(self, address: int, count: int, /) -> Sequence[int]:
        """The cycle sequence and the readings of the part in the station, or of the last one."""
        if count > MOST_REGISTERS:
            raise DeviceRefusal(ILLEGAL_VALUE)
        if address + count > len(self._image):
            raise DeviceRefusal(ILLEGAL_ADDRESS)
        fate = self._station.part
        if fate is not None:
            values = (fate.part.readings[READINGS.index(name)] for name in SHOWN)
            self._image = [*words_of_uint32(fate.sequence), *words_of_float32(values)]
        return self._image[address : address + count]

    def write_registers(self, _address: int, _words: Sequence[int], /) -> None:
        """It cannot be written."""
        raise DeviceRefusal(ILLEGAL_FUNCTION)

    def read_bits(self, _address: int, _count: int, /) -> Sequence[bool]:
        """It has no coils."""
        raise DeviceRefusal(ILLEGAL_FUNCTION)

    def write_bits(self, _address: int, _bits: Sequence[bool], /) -> None:
        """It has no coils."""
        raise DeviceRefusal(ILLEGAL_FUNCTION)
