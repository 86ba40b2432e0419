"""Counts the hold lane against the open cases: a part that is held without a case is found by a person only."""

from edge.cycle.alarms import Alarms
from edge.cycle.watch import Watch
from edge.cycle.writer import Writer
from quality.alarm import Priority
from quality.case import CaseKind
from quality.ports import Clock, Records
from quality.saying import saying

LOOK_EVERY_S = 30.0
SURE_AFTER_S = 60.0
"""A part that was released is counted until it has left the lane, while its case is closed already."""


class Lane:
    """Compares at our start, when nothing is on its way, and goes on to compare with patience."""

    def __init__(self, records: Records, write: Writer, alarms: Alarms, clock: Clock) -> None:
        self._records = records
        self._write = write
        self._alarms = alarms
        self._clock = clock
        self._since: float | None = None

    async def compare(self, held: int) -> None:
        """So many parts are held, the PLC says at our start."""
        await self._tell(held, await self._known())

    async def run(self, watch: Watch) -> None:
        """Compares for ever."""
        while True:
            await self._clock.sleep(LOOK_EVERY_S)
            known = await self._known()
            if watch.latest is not None:
                await self.look(watch.latest.status.held_count, known)

    async def look(self, held: int, known: int) -> None:
        """Takes one count in."""
        now = self._clock.monotonic()
        if held <= known:
            self._since = None
            await self._tell(held, known)
        elif self._since is None:
            self._since = now
        elif now - self._since >= SURE_AFTER_S:
            await self._tell(held, known)

    async def _known(self) -> int:
        cases = await self._write(self._records.open_cases)
        return sum(case.kind is CaseKind.SUSPECT_PART for case in cases)

    async def _tell(self, held: int, known: int) -> None:
        if held <= known:
            await self._alarms.clear("line", "unknown part held")
            return
        await self._alarms.raise_(
            "line",
            "unknown part held",
            Priority.URGENT,
            saying(
                "The PLC holds {held} part(s), and {known} have a case here: an older store may have been put"
                " back. Look into the hold lane, decide on the others by hand, and take them out at the PLC.",
                held=held,
                known=known,
            ),
        )
