"""Which count a triggered camera's picture of a cycle must have.

The machine triggers the camera once for each part, so camera and PLC count the same events: what one counts
beyond the other stays as it is, until a trigger is missed, comes twice, or one of them starts to count anew.

The count that comes with a cycle when nothing is known is a guess, and a guess is no evidence: it may be a
picture that was late or one that nobody asked for. The next cycle's count proves it or becomes the next guess,
so that a picture counts only when two cycles in a row agree.
"""

from dataclasses import dataclass

from quality.inspection import Cycle
from quality.saying import Saying, saying

MEND = saying(
    "Check the trigger cable and the camera's trigger settings; each part must trigger exactly one picture"
)


@dataclass(frozen=True, slots=True)
class _Pair:
    """The count that came with a cycle, and what follows from it for those after."""

    boot: int
    sequence: int
    counter: int

    def due(self, cycle: Cycle) -> int | None:
        """The count of that cycle, or None for one of another boot of the PLC, which counts anew."""
        return self.counter + cycle.sequence - self.sequence if cycle.boot_count == self.boot else None


class Pairing:
    """Pairs a camera's counts with the cycles of the PLC. Nothing is paired at first."""

    def __init__(self) -> None:
        self._pair: _Pair | None = None
        self._proven = False

    def forget(self) -> None:
        """The camera, or what reads it, has started anew."""
        self._pair = None
        self._proven = False

    def due(self, cycle: Cycle) -> int | None:
        """The count that the cycle's picture must have, or None while that is not known."""
        return self._pair.due(cycle) if self._pair is not None else None

    def problem(self, cycle: Cycle, counters: tuple[int, ...]) -> Saying | None:
        """Why the pictures with these counts, that came with the cycle, are no evidence; None when they are.

        Whatever is found, the last count is what the next cycle is compared with.
        """
        due = self.due(cycle)
        counter = counters[-1]
        if self._pair is not None and counters == (due,):
            # Asked again about the cycle of the guess, it is a guess still.
            self._proven = self._proven or cycle.sequence != self._pair.sequence
            return None if self._proven else self._unproven(cycle, counter)
        self._pair = _Pair(cycle.boot_count, cycle.sequence, counter)
        self._proven = False
        if len(counters) > 1:
            return saying(
                "{count} pictures, counted {counted}, came with cycle {cycle} instead of one",
                count=len(counters),
                counted=", ".join(map(str, counters)),
                cycle=cycle.sequence,
            )
        if due is None:
            return self._unproven(cycle, counter)
        cause = saying("a trigger was missed") if counter < due else saying("it was triggered too often")
        return saying(
            "its picture of cycle {cycle} is counted {counter} where {due} was due: {cause}, or it counts anew",
            cycle=cycle.sequence,
            counter=counter,
            due=due,
            cause=cause,
        )

    @staticmethod
    def _unproven(cycle: Cycle, counter: int) -> Saying:
        return saying(
            "its count is being paired with the cycles: {counter} came with cycle {cycle},"
            " which the next part has to prove with {next}",
            counter=counter,
            cycle=cycle.sequence,
            next=counter + 1,
        )
