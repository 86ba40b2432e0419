"""When faults stop, the line comes back to what it should be by itself."""

from collections import Counter
from typing import Final

from edge.trial.invariants.rule import Rule, on_wire
from edge.trial.invariants.store import every_inspection
from edge.trial.line import LINE
from quality.case import CaseKind, CaseState
from quality.order import OrderState
from records.views import Filter

FOR_MORE_PARTS: Final = frozenset({"coverage", "drift", "silent"})
"""Alarms that end with parts that are as they used to be; no more parts come."""
TRAVELLING: Final = frozenset({OrderState.RECORDED, OrderState.SENT})
_NOT_CLOSED: Final = frozenset(CaseState) - {CaseState.CLOSED}
_MOST: Final = 500


class Recovers(Rule):
    """Nothing is left behind by a fault."""

    number = 12
    sentence = "when faults stop, queues drain, alarms clear, no hold is orphaned"

    def close(self) -> None:
        """Looks once, when the line has been quiet for minutes."""
        for alarm in self.scene.records.alarms(LINE, standing_only=True):
            self.must(
                alarm.kind in FOR_MORE_PARTS,
                f"the alarm {alarm.source}, {alarm.kind} still stands: {alarm.sentence}",
            )
        for row in every_inspection(self.scene).values():
            self.must(row.answer is not None, f"the verdict on cycle {row.cycle_sequence} is still unanswered")
        for decision in self.scene.records.decisions(Filter(line=LINE), limit=_MOST).rows:
            self.must(
                decision.travel not in TRAVELLING, f"the decision {decision.kind} is still {decision.travel}"
            )
        self._match_holds()

    def _match_holds(self) -> None:
        """Each part in the lane has its case, and each case about a held part has its part in the lane."""
        lane = Counter((fate.sequence, fate.part.serial) for fate in self.scene.plc.station.lane)
        cases = Counter(
            (on_wire(row.case.cycle_sequence), str(row.case.serial))
            for row in self.scene.records.cases(LINE, _NOT_CLOSED, limit=_MOST).rows
            if row.case.kind is CaseKind.SUSPECT_PART
        )
        for sequence, serial in lane - cases:
            self.must(False, f"part {serial}, cycle {sequence}, is held, and nobody is asked about it")
        for sequence, serial in cases - lane:
            self.must(False, f"case about part {serial}, cycle {sequence}, is open, and the PLC does not hold it")
        self.must(True, "")
