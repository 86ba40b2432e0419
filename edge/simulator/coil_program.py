"""The smaller contract, for PLC programs that cannot take the blocks: three coils beside the status block.

Coil 0, hold: the program sets it for every part that enters; the part passes once it has been written 0 since,
under a living heartbeat. Written 1, the part stays where it is, and the line with it. Coil 1, edge heartbeat:
has to change. Coil 2, acknowledged (read only): the hold coil was written since the part entered.
"""

from collections.abc import Sequence
from typing import Final

from edge.simulator.plc_program import PlcProgram
from edge.simulator.registers import ILLEGAL_ADDRESS, DeviceRefusal
from edge.simulator.station import Station

HOLD, HEARTBEAT, ACKNOWLEDGED = 0, 1, 2
COILS: Final = 3


class CoilProgram(PlcProgram):
    """The same gate; what opens it are coils."""

    def __init__(self, station: Station) -> None:
        self._coils = [True, False, False]
        super().__init__(station)

    def write_registers(self, _address: int, _words: Sequence[int], /) -> None:
        """This profile takes no blocks."""
        raise DeviceRefusal(ILLEGAL_ADDRESS)

    def read_bits(self, address: int, count: int, /) -> Sequence[bool]:
        """The three coils."""
        if address + count > COILS:
            raise DeviceRefusal(ILLEGAL_ADDRESS)
        return self._coils[address : address + count]

    def write_bits(self, address: int, bits: Sequence[bool], /) -> None:
        """Hold and heartbeat; the acknowledgement is the PLC's."""
        if address + len(bits) > ACKNOWLEDGED:
            raise DeviceRefusal(ILLEGAL_ADDRESS)
        for coil, bit in enumerate(bits, start=address):
            changed = self._coils[coil] != bit
            self._coils[coil] = bit
            if coil == HEARTBEAT and changed:
                self.beat()
            if coil == HOLD:
                self._answer(keep=bit)

    def _take_in(self) -> bool:
        """A part that enters is kept until it is answered."""
        entered = super()._take_in()
        if entered:
            self._coils[HOLD], self._coils[ACKNOWLEDGED] = True, False
        return entered

    def _answer(self, *, keep: bool) -> None:
        fate = self.station.part
        if fate is None:
            return
        self._coils[ACKNOWLEDGED] = True
        if keep:
            fate.verdict, fate.held = "HOLD", True
            self._permitted = False
        else:
            self.permit(fate)
