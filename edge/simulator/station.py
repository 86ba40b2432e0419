"""The station as a mechanism: a place for one part, the gate behind it, and the hold lane beside it.

It moves parts and knows what became of each; whether it may is the PLC program's business. Time is given to it.
"""

from collections.abc import Callable
from typing import Final

from edge.simulator.part import Part
from edge.simulator.process import Offsets
from edge.simulator.truth import Fate

SCAN_S: Final = 0.005
"""The PLC's scan: the gate is open, and the station empty, for at least that long."""
LONGEST_OPEN_S: Final = 0.5
OPEN_SHARE: Final = 0.25
"""On a slow line the gate stays open for this share of the takt, so that one can see it."""

IN_VIEW_SHARE: Final = 0.8
"""On a slow line the part that leaves stays before the camera for that share of the takt."""

NextPart = Callable[[Offsets], Part | None]


class Station:
    """`next_part` gives the part that the machine has finished, or None when it makes no more.

    The first `warm_parts` come as fast as they are answered, so that the line has a history when one looks at it.
    """

    def __init__(self, next_part: NextPart, *, lane_places: int, takt_s: float, warm_parts: int = 0) -> None:
        self._next_part = next_part
        self._places = lane_places
        self._full_takt_s = takt_s
        self._warm_parts = warm_parts
        self._leaving: Part | None = None
        self._since_entry_s = takt_s
        self._open_s = 0.0
        self._reentering: Part | None = None
        self.offsets = Offsets()
        self.part: Fate | None = None
        self.lane: list[Fate] = []
        self.fates: dict[str, Fate] = {}
        """By serial, in the order made."""

    @property
    def _takt_s(self) -> float:
        return 0.0 if len(self.fates) <= self._warm_parts else self._full_takt_s

    @property
    def in_view(self) -> Part | None:
        """What stands before the camera: the part in the station, or the one that is just leaving."""
        if self.part:
            return self.part.part
        return self._leaving if self._since_entry_s < IN_VIEW_SHARE * self._takt_s else None

    @property
    def gate_open(self) -> bool:
        """True while a part goes through."""
        return self._open_s > 0

    @property
    def lane_full(self) -> bool:
        """True when no part more can be kept."""
        return len(self.lane) >= self._places

    @property
    def dwell_s(self) -> float:
        """Seconds since the last part entered."""
        return self._since_entry_s

    def elapse(self, dt: float) -> None:
        """Lets that many seconds pass; the gate closes behind its part."""
        self._since_entry_s += dt
        self._open_s = max(0.0, self._open_s - dt)

    def enter(self, sequence: int, boot: int) -> Fate | None:
        """The next part, if the place is empty, the gate closed behind the last one, and the takt over."""
        if self.part or self.gate_open or self._since_entry_s < self._takt_s:
            return None
        part = self._reentering or self._next_part(self.offsets)
        self._reentering = None
        if part is None:
            return None
        fate = self.fates.setdefault(part.serial, Fate(part, sequence, boot))
        fate.sequence, fate.boot, fate.verdict = sequence, boot, None
        self.part = fate
        self._since_entry_s = 0.0
        return fate

    def let_pass(self, fate: Fate, by: str) -> None:
        """Opens the gate for that part, from the station or the lane."""
        fate.passed_by = by
        self._leave(fate)
        self._open_s = max(SCAN_S, min(LONGEST_OPEN_S, OPEN_SHARE * self._takt_s))

    def keep(self, fate: Fate) -> None:
        """Moves the part in the station to the hold lane."""
        self._leave(fate)
        fate.held = True
        self.lane.append(fate)
        self._open_s = 0.0

    def divert(self, fate: Fate) -> None:
        """Takes a held part out of the lane for rework or scrap."""
        self._leave(fate)
        fate.diverted = True

    def forget_entry(self) -> None:
        """After a restart of the program, the part in the station counts as entering anew."""
        if self.part:
            self._reentering, self.part = self.part.part, None
            self._since_entry_s = self._takt_s
        self._open_s = 0.0

    def _leave(self, fate: Fate) -> None:
        if fate is self.part:
            self._leaving, self.part = fate.part, None
        else:
            self.lane.remove(fate)
