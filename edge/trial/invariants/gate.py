"""What may pass the gate, how soon a hold must reach it, and that it stays closed when nobody watches."""

from collections.abc import Callable
from typing import Final

from edge.trial.chronicle import Crashed, Fact, Kept, Passed, Stored, VerdictTaken
from edge.trial.invariants.decisions import is_decided
from edge.trial.invariants.rule import Rule, Scene, Violation, on_wire
from edge.trial.line import CRITICAL, LINE
from edge.trial.parts import Kind, kind_of
from quality.case import DecisionKind, Disposition
from quality.inspection import Inspection
from quality.judgement import Verdict
from records.views import DecisionView, Filter

WATCHDOG_S: Final = 2.0
STEP_S: Final = 0.25
"""How finely the plant's own time is cut."""
HOLD_WITHIN_S: Final = 2.0
STORE_S: Final = 0.1
"""An alarm that is raised at the limit has to be stored yet."""
RESTART_S: Final = 0.5
"""From the end of a process to the first steps of the next."""
ACCEPTED: Final = 1
TELLING: Final = frozenset(
    {
        *("verdict not acknowledged", "verdict refused", "holds not acknowledged", "hold lost"),
        *("no answer", "heartbeat frozen"),
    }
)
"""Alarms from which somebody knows that a hold may not have arrived."""
HELD_CODES: Final = frozenset({2, 3})
WATCHDOG_BIT: Final = 4


class NothingHeldPasses(Rule):
    """The promise."""

    number = 1
    sentence = "no part the policy holds passes the gate without a recorded human release"

    def __init__(self, scene: Scene, broken: Callable[[Violation], None]) -> None:
        super().__init__(scene, broken)
        self._serials: dict[str, int] = {}
        """The number of the part that was first to pass under a serial."""

    def heard(self, fact: Fact) -> None:
        """Looks when the gate opens, and into the store at that very moment."""
        if isinstance(fact, Kept):
            # What was held, and a person decided on, may come again.
            self._serials.pop(fact.part.serial, None)
        if not isinstance(fact, Passed):
            return
        what = f"{kind_of(fact.part)} part {fact.part.serial}, cycle {fact.sequence} of boot {fact.boot},"
        match fact.by:
            case "bypass":
                self.must(fact.key_on, f"{what} passed by the key-switch, which was off")
            case "release":
                self.must(self._released(fact), f"{what} passed by a release that nobody decided")
            case _:
                self.must(kind_of(fact.part) is Kind.GOOD, f"{what} passed by PASS")
                first = self._serials.get(fact.part.serial, fact.part.number)
                self.must(
                    first == fact.part.number, f"{what} passed by PASS under the serial of one that had passed"
                )
                self.must(self._on_record(fact), f"{what} passed by PASS with no such verdict in the store")
                self._serials.setdefault(fact.part.serial, fact.part.number)

    def _on_record(self, fact: Passed) -> bool:
        return any(
            (row.boot_count, row.cycle_sequence, row.serial) == (fact.boot, fact.sequence, fact.part.serial)
            and row.verdict is Verdict.PASS
            for row in self.scene.inspections_of(fact.part.serial)
        )

    def _released(self, fact: Passed) -> bool:
        wanted = Filter(line=LINE, serial=fact.part.serial)
        return any(
            _lets_go(decision) and is_decided(decision) and self._is_about(decision, fact)
            for decision in self.scene.records.decisions(wanted).rows
        )

    def _is_about(self, decision: DecisionView, fact: Passed) -> bool:
        """True for a decision about that part, by as many people as it takes."""
        detail = self.scene.records.case(decision.case_id) if decision.case_id else None
        if detail is None or (detail.case.boot_count, detail.case.cycle_sequence) != (fact.boot, fact.sequence):
            return False
        judgements = detail.inspection.row.judgements if detail.inspection is not None else ()
        if any(each.subject == CRITICAL and each.verdict is not Verdict.PASS for each in judgements):
            return decision.second is not None and decision.second.by != decision.decided_by
        return True


def _lets_go(decision: DecisionView) -> bool:
    return decision.kind is DecisionKind.RELEASE or decision.disposition is Disposition.USE_AS_IS


class HoldsArriveInTime(Rule):
    """A hold that the PLC does not know of within two seconds is a hold that somebody must be told of."""

    number = 2
    sentence = "every hold is acknowledged by the PLC or alarmed within 2 s"

    def __init__(self, scene: Scene, broken: Callable[[Violation], None]) -> None:
        super().__init__(scene, broken)
        self._due: dict[tuple[int, str], float] = {}

    def heard(self, fact: Fact) -> None:
        """A hold is due from the moment its record is durable."""
        match fact:
            case Stored(call="record", args=(Inspection() as inspection, *_)):
                if inspection.verdict is not Verdict.PASS:
                    cycle = inspection.cycle
                    self._due[on_wire(cycle.sequence), cycle.serial] = fact.at
                    self.scene.later(HOLD_WITHIN_S + STORE_S, self._expire)
            case VerdictTaken(answer=answer) if answer == ACCEPTED and fact.verdict in HELD_CODES:
                if self._due.pop((fact.sequence, fact.serial), None) is not None:
                    self.must(True, "")
            case Crashed():
                # Who was told nothing yet is told by the watchdog's alarm, or by the next process.
                self._due = dict.fromkeys(self._due, fact.at + RESTART_S)
                self.scene.later(HOLD_WITHIN_S + STORE_S + RESTART_S, self._expire)
            case _:
                pass

    @property
    def _tripped(self) -> bool:
        return bool(self.scene.plc.program.read_registers(16, 1)[0] >> WATCHDOG_BIT & 1)

    def _expire(self) -> None:
        now = self.scene.now()
        for (sequence, serial), since in tuple(self._due.items()):
            if now - since < HOLD_WITHIN_S:
                continue
            del self._due[sequence, serial]
            if self.scene.store_fails_until >= since:
                # Nothing can be alarmed in a store that takes nothing; the part stands at a closed gate.
                continue
            told = self._tripped or self.scene.alarmed(since, now, TELLING)
            self.must(
                told,
                f"the hold of part {serial}, cycle {sequence}, stored at {since:.3f}, is neither acknowledged"
                " nor alarmed",
            )


class SilenceHolds(Rule):
    """Stale communication is not a reason to let anything through."""

    number = 8
    sentence = "stale communication means the PLC holds within the watchdog time"

    def heard(self, fact: Fact) -> None:
        """Looks when the gate opens."""
        if isinstance(fact, Passed) and fact.by != "bypass":
            self.must(
                fact.silent_s <= WATCHDOG_S + STEP_S,
                f"part {fact.part.serial} passed {fact.silent_s:.2f} s after the last heartbeat",
            )

    def look(self) -> None:
        """The watchdog's bit must show the silence."""
        plc = self.scene.plc
        silent_s = self.scene.now() - plc.station.beat_at
        if plc.runs and silent_s > WATCHDOG_S + STEP_S:
            bits = plc.program.read_registers(16, 1)[0]
            self.must(bool(bits >> WATCHDOG_BIT & 1), f"no watchdog alarm after {silent_s:.2f} s of silence")
