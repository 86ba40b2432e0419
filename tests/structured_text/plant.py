"""A PLC that runs the reference block of docs/plc.md, and the small plant around it that its text asks for."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from edge.simulator.registers import ILLEGAL_ADDRESS, DeviceRefusal, words_of_serial
from tests.structured_text.language import translate
from tests.structured_text.values import Array, Record

GUIDE: Final = Path(__file__).resolve().parents[2] / "docs" / "plc.md"
STATUS, READINGS, PARAMETERS, COMMAND, ORDER, END = 0, 32, 48, 200, 220, 256
PLACES: Final = 10
MOVE_S: Final = 0.02
"""A part takes that long through the gate or into the lane, and the next one that long to come."""


def reference_text() -> str:
    """The Structured Text of the document."""
    found = re.search(r"^```iecst\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found, f"{GUIDE} has no Structured Text"
    return found[1]


@cache
def reference_block(text: str) -> dict[str, Any]:
    """The functions and the block of such a text."""
    return translate(text)


@dataclass
class Moving:
    """A part on its way: what the sensor at the end of it will say, and when."""

    sensor: str
    ends_s: float


class ReferencePlc:
    """A `Device` with a scan. `parts` are made as fast as they are answered; `left` passed the gate."""

    def __init__(self, parts: int = 1000, text: str = "") -> None:
        self._language = reference_block(text or reference_text())
        self._now_s = 0.0
        self.clock: Callable[[], float] = lambda: self._now_s
        self.block = self._language["JD_Gate"](self.clock)
        self._status = Array(0, [0] * 32)
        self._command = Array(0, [0] * 14)
        self._order = Array(0, [0] * 14)
        self._parameters = Array(1, [Record({"Value": 0, "Lowest": -500, "Highest": 500}) for _ in range(8)])
        self.bypass = False
        self.left: list[str] = []
        self.diverted: list[str] = []
        self.passed_unasked: list[str] = []
        """Serials that went from the station through the gate without the block's permission."""
        self._lane: dict[int, str] = {}
        self._parts = parts
        self._made = 0
        self.part = ""
        self._moving: Moving | None = None
        self._empty_since_s = 0.0
        self._first_scan = True
        self._enters = False

    def restart(self) -> None:
        """The program starts anew; a part in the station enters once more."""
        self.block = self._language["JD_Gate"](self.clock, self.block)
        self._first_scan, self._moving = True, None
        self._enters = bool(self.part)

    def step(self, dt: float) -> None:
        """One scan, `dt` seconds after the last."""
        self._now_s += dt
        sensors = self._sensors()
        block = self.block
        block(
            FirstScan=self._first_scan,
            EnteredSerial=Array(0, words_of_serial(self.part)),
            GateClosed=not (self._moving and self._moving.sensor in {"Left", "ReleasedLeft"}),
            BypassKey=self.bypass,
            Status=self._status,
            Command=self._command,
            Order=self._order,
            Parameters=self._parameters,
            **sensors,
        )
        self._first_scan = False
        if block.DivertPlace:
            self.diverted.append(self._lane.pop(block.DivertPlace))
        if self._moving is None:
            self._move()

    def _sensors(self) -> dict[str, bool]:
        """What the sensors say in this scan, and what follows from it for the parts."""
        entered, self._enters = self._enters, False
        if not self.part and self.block.Admit and self._now_s - self._empty_since_s >= MOVE_S:
            entered = self._made < self._parts
            self._made += entered
            self.part = f"ST-{self._made:06d}" if entered else ""
        sensors = {"Entered": entered, "Left": False, "Moved": False, "ReleasedLeft": False}
        if self._moving and self._now_s >= self._moving.ends_s:
            sensors[self._moving.sensor] = True
            if self._moving.sensor == "ReleasedLeft":
                self.left.append(self._lane.pop(self.block.ReleasePlace))
            elif self._moving.sensor == "Left":
                self.left.append(self.part)
                if not self.block.Permitted:
                    self.passed_unasked.append(self.part)
            else:
                free = min(set(range(1, PLACES + 1)) - set(self._lane))
                self._lane[free] = self.part
            if self._moving.sensor != "ReleasedLeft":
                self.part, self._empty_since_s = "", self._now_s
            self._moving = None
        return sensors

    def _move(self) -> None:
        """Starts what the block commands: a released part before the one in the station."""
        if self.block.OpenGate:
            sensor = "ReleasedLeft" if self.block.ReleasePlace else "Left"
        elif self.block.ToLane:
            sensor = "Moved"
        else:
            return
        self._moving = Moving(sensor, self._now_s + MOVE_S)

    def read_registers(self, address: int, count: int, /) -> Sequence[int]:
        """Holding registers as the last scan left them."""
        if address + count > END:
            raise DeviceRefusal(ILLEGAL_ADDRESS)
        image = [0] * END
        image[STATUS : STATUS + 32] = self._status.elements
        image[PARAMETERS : PARAMETERS + 8] = [record.Value & 0xFFFF for record in self._parameters.elements]
        image[COMMAND : COMMAND + 14] = self._command.elements
        image[ORDER : ORDER + 8] = self._order.elements[:8]
        return image[address : address + count]

    def write_registers(self, address: int, words: Sequence[int], /) -> None:
        """Into the command or the order block, for the next scan to see."""
        for base, size, array in ((COMMAND, 14, self._command), (ORDER, 8, self._order)):
            if base <= address and address + len(words) <= base + size:
                array.elements[address - base : address - base + len(words)] = words
                return
        raise DeviceRefusal(ILLEGAL_ADDRESS)

    def read_bits(self, _address: int, _count: int, /) -> Sequence[bool]:
        """This profile has no coils."""
        raise DeviceRefusal(ILLEGAL_ADDRESS)

    def write_bits(self, _address: int, _bits: Sequence[bool], /) -> None:
        """This profile has no coils."""
        raise DeviceRefusal(ILLEGAL_ADDRESS)
