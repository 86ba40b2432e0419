"""Which parts have come by: a serial that comes again is no new part, and must not get a new chance."""

from collections import OrderedDict
from collections.abc import Iterable

from edge.cycle.writer import Writer
from quality.case import CaseKind
from quality.characteristic import PartSerial
from quality.evidence import NoEvidence
from quality.inspection import Cycle
from quality.judgement import Verdict
from quality.ports import Records
from quality.saying import saying
from quality.station import VerdictAnswer

REMEMBERED = 256
"""Parts back to which a serial counts as the same part's; marks that have few digits start again sometime."""


class Serials:
    """Remembers the newest serials, and every one of a part that is held; the store knows what became of them."""

    def __init__(self, records: Records, write: Writer) -> None:
        self._records = records
        self._write = write
        self._recent: OrderedDict[PartSerial, None] = OrderedDict()
        self._held: set[PartSerial] = set()

    async def restore(self, rows: Iterable[Cycle]) -> None:
        """Starts from the newest cycles on record, oldest first, and from the open cases."""
        for cycle in rows:
            self.remember(cycle)
        await self._restore_held()

    def remember(self, cycle: Cycle, *, held: bool = False) -> None:
        """The part of that cycle has been judged."""
        if held:
            self._held.add(cycle.serial)
        self._recent[cycle.serial] = None
        self._recent.move_to_end(cycle.serial)
        while len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)

    async def doubt(self, cycle: Cycle) -> NoEvidence | None:
        """Why that part cannot be taken for a new one, or None when it can.

        A part that is held and waits for a decision is not judged anew, wherever it turns up. One that has passed
        cannot come again; one that the PLC did not let pass, or that a person has decided on, can.
        """
        serial = cycle.serial
        if not serial or (serial not in self._recent and serial not in self._held):
            return None
        await self._restore_held()
        if serial in self._held:
            return NoEvidence(
                saying("part {serial}", serial=serial),
                saying("it is held already, and its case is open"),
                saying("decide that case first; if this is another part, look at what gives the serials"),
            )
        before = await self._write(self._records.newest_with, serial)
        if before is None:
            return None
        earlier, verdict, answer = before
        # Over a restart of the PLC too: it may be the part that stood there, and it may be another one.
        if verdict is not Verdict.PASS or answer is not VerdictAnswer.ACCEPTED:
            return None
        return NoEvidence(
            saying("part {serial}", serial=serial),
            saying("its serial is that of cycle {sequence}, which has passed", sequence=earlier.sequence),
            saying("look whether the serial's reader stands still, or the part has come back"),
        )

    async def _restore_held(self) -> None:
        open_cases = await self._write(self._records.open_cases)
        self._held = {case.serial for case in open_cases if case.kind is CaseKind.SUSPECT_PART}
