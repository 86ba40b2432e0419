"""Sees a new part from the PLC's cycle sequence, and notices repeats, gaps and reboots."""

from dataclasses import dataclass

from quality.characteristic import LineId, StationId
from quality.inspection import Cycle
from quality.station import Scan


@dataclass(frozen=True, slots=True)
class Sighting:
    """A new cycle, and how many cycles before it were never seen."""

    cycle: Cycle
    missed: int


class Trigger:
    """Remembers the last cycle seen, by boot and sequence."""

    def __init__(self, line: LineId, station: StationId, last: tuple[int, int] | None) -> None:
        self._line = line
        self._station = station
        self._last = last

    def see(self, scan: Scan) -> Sighting | None:
        """A new cycle whose part waits for a verdict, or None.

        The same boot and sequence is a repeat and never judged twice. A sequence that goes on by more than
        one has a gap, and so has a boot that is first seen above 1. One that is lower within the same boot cannot
        be a repeat of what was judged, so the part is judged, and the gap is not known.
        """
        status = scan.status
        here = (status.boot_count, status.cycle_sequence)
        waiting = status.part_present and status.ready_for_verdict
        passing_by = status.part_present and status.bypass
        if here == self._last or not (waiting or passing_by):
            return None
        missed = 0
        if self._last is not None:
            before = self._last[1] if self._last[0] == status.boot_count else 0
            missed = max(0, status.cycle_sequence - before - 1)
        self._last = here
        cycle = Cycle(
            self._line, self._station, status.boot_count, status.cycle_sequence, status.serial, scan.seen_at
        )
        return Sighting(cycle, missed)
