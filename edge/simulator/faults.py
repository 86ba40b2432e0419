"""Faults that can be ordered from the line, and what they do to a Modbus device."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

from edge.simulator.registers import BUSY, Device, DeviceRefusal

DEFAULT_SECONDS: Final = 3.0


class Fault(StrEnum):
    """What can go wrong. The bypass key stays as it was turned; the others end by themselves."""

    PLC_BUSY = "plc_busy"
    """Every request is answered with exception 6."""
    PLC_REBOOT = "plc_reboot"
    """The program starts anew; until it is up, connections are cut."""
    STUCK_REGISTERS = "stuck_registers"
    """Reads show what they showed when it began; writes still work."""
    MACHINE_GONE = "machine_gone"
    """The machine's controller does not answer."""
    CAMERA_FREEZE = "camera_freeze"
    """The last picture is sent again and again, under new times."""
    CAMERA_CORRUPT = "camera_corrupt"
    """Pictures are cut short or torn in the middle."""
    CAMERA_GONE = "camera_gone"
    """Connections are cut and refused."""
    CAMERA_EXTRA_TRIGGER = "camera_extra_trigger"
    """A triggered camera gets one pulse that no part gave."""
    CAMERA_MISSED_TRIGGER = "camera_missed_trigger"
    """A triggered camera gets no pulse from the parts that enter."""
    BYPASS_ON = "bypass_on"
    BYPASS_OFF = "bypass_off"


class Faults:
    """Which faults are there now. `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until: dict[Fault, float] = {}

    def begin(self, fault: Fault, seconds: float) -> None:
        """The fault is there from now on, for that long."""
        self._until[fault] = self._clock() + seconds

    def active(self, fault: Fault) -> bool:
        """True while the fault is there."""
        return self._clock() < self._until.get(fault, 0.0)


class FaultyDevice:
    """A `Device` that has the faults ordered for the PLC."""

    def __init__(self, device: Device, faults: Faults) -> None:
        self._device = device
        self._faults = faults
        self._stuck: dict[tuple[int, int], Sequence[int]] = {}

    def read_registers(self, address: int, count: int, /) -> Sequence[int]:
        """As the device, or as it was when the registers stuck."""
        self._refuse_when_busy()
        words = self._device.read_registers(address, count)
        if not self._faults.active(Fault.STUCK_REGISTERS):
            self._stuck.clear()
            return words
        return self._stuck.setdefault((address, count), words)

    def write_registers(self, address: int, words: Sequence[int], /) -> None:
        """As the device."""
        self._refuse_when_busy()
        self._device.write_registers(address, words)

    def read_bits(self, address: int, count: int, /) -> Sequence[bool]:
        """As the device."""
        self._refuse_when_busy()
        return self._device.read_bits(address, count)

    def write_bits(self, address: int, bits: Sequence[bool], /) -> None:
        """As the device."""
        self._refuse_when_busy()
        self._device.write_bits(address, bits)

    def _refuse_when_busy(self) -> None:
        if self._faults.active(Fault.PLC_BUSY):
            raise DeviceRefusal(BUSY)
