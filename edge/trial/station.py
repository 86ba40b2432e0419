"""The station of a trial: the simulator's, with everything that happens in it written down."""

from collections.abc import Callable

from edge.simulator.part import Part
from edge.simulator.plc_program import LAST_SEQUENCE
from edge.simulator.process import Offsets
from edge.simulator.station import Station
from edge.simulator.truth import Fate
from edge.trial.chronicle import Chronicle, Cleared, Entered, Kept, Passed
from edge.trial.line import LANE_PLACES, TAKT_S


class WatchedStation(Station):
    """The simulator's station; what happens in it is written down."""

    def __init__(
        self, next_part: Callable[[Offsets], Part | None], chronicle: Chronicle, now: Callable[[], float]
    ) -> None:
        super().__init__(self._fresh, lane_places=LANE_PLACES, takt_s=TAKT_S)
        self._make = next_part
        self._chronicle = chronicle
        self._now = now
        self._counts: dict[Fate, int] = {}
        self._last = (0, 0)
        """Boot and true count, as the counter last showed it."""
        self.beat_at = 0.0
        """When the program last saw the edge's heartbeat change."""
        self.key_on = False

    def _fresh(self, offsets: Offsets) -> Part | None:
        part = self._make(offsets)
        if part is not None:
            # An earlier part of the same serial keeps its own fate.
            self.fates.pop(part.serial, None)
        return part

    def enter(self, sequence: int, boot: int) -> Fate | None:
        """As the simulator's."""
        fate = super().enter(sequence, boot)
        if fate is not None:
            count = self._counts[fate] = self.counted(sequence, boot)
            self._chronicle.tell(Entered(self._now(), boot, count, fate.part))
        return fate

    def counted(self, sequence: int, boot: int) -> int:
        """The true count when the counter shows that, with a part or without one."""
        before = self._last[1] if self._last[0] == boot else 0
        laps = (before - 1) // LAST_SEQUENCE if before else 0
        count = laps * LAST_SEQUENCE + sequence
        count += LAST_SEQUENCE if count < before else 0
        self._last = boot, count
        return count

    def let_pass(self, fate: Fate, by: str) -> None:
        """As the simulator's."""
        now = self._now()
        silent_s = now - self.beat_at
        self._chronicle.tell(Passed(now, fate.boot, self._counts[fate], fate.part, by, silent_s, self.key_on))
        super().let_pass(fate, by)

    def keep(self, fate: Fate) -> None:
        """As the simulator's."""
        self._chronicle.tell(Kept(self._now(), fate.boot, self._counts[fate], fate.part))
        super().keep(fate)

    def divert(self, fate: Fate) -> None:
        """As the simulator's."""
        self._chronicle.tell(Cleared(self._now(), fate.boot, self._counts[fate], fate.part, "divert"))
        super().divert(fate)

    def take_out_by_hand(self) -> None:
        """Somebody takes the part out of the station, and the next one slips in at once."""
        if self.part is not None:
            fate, self.part = self.part, None
            self._chronicle.tell(Cleared(self._now(), fate.boot, self._counts[fate], fate.part, "hand"))
            self._since_entry_s = self._full_takt_s

    def take_out_of_lane(self, serial: str) -> None:
        """Somebody takes the part out of the hold lane, which is then not asked about it any more."""
        for fate in [fate for fate in self.lane if fate.part.serial == serial]:
            self.lane.remove(fate)
            self._chronicle.tell(Cleared(self._now(), fate.boot, self._counts[fate], fate.part, "hand"))
