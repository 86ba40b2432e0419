"""What was acknowledged stays, the ledger holds, and the count of parts has no holes that nobody was told of."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from edge.trial.chronicle import Crashed, Decided, Fact, Seconded, Stored
from edge.trial.invariants.rule import Rule, Scene, Violation
from edge.trial.line import LINE
from quality.case import Case, Second
from quality.inspection import Cycle, Inspection
from records.database import Database
from records.ledger import LedgerHead, head, verify
from records.views import Filter, InspectionDetail, InspectionRow

PAGE: Final = 500
TELLING_S: Final = 5.0
"""A gap is told of around the time at which the part behind it is recorded."""
Key = tuple[int, int]
"""Boot and cycle sequence."""


class NothingIsLost(Rule):
    """Acknowledged is for ever."""

    number = 4
    sentence = "nothing acknowledged is lost"

    def __init__(self, scene: Scene, broken: Callable[[Violation], None]) -> None:
        super().__init__(scene, broken)
        self._recorded: dict[Key, Inspection] = {}
        self._answered: set[Key] = set()
        self._decided: set[UUID] = set()
        self._seconded: dict[UUID, Second] = {}
        self._opened: set[UUID] = set()
        self._new: list[Key | UUID] = []
        self._found: dict[Key, InspectionRow] = {}

    def heard(self, fact: Fact) -> None:
        """Keeps what was promised."""
        match fact:
            case Stored(call="record", args=(Inspection() as inspection, case, _)):
                key = inspection.cycle.boot_count, inspection.cycle.sequence
                self._recorded[key] = inspection
                self._new.append(key)
                if isinstance(case, Case):
                    self._opened.add(case.id)
            case Stored(call="open_case", args=(Case() as case,)):
                self._opened.add(case.id)
            case Stored(call="verdict_answered", args=(Cycle() as cycle, *_)):
                self._answered.add((cycle.boot_count, cycle.sequence))
            case Decided():
                self._decided.add(fact.decision.id)
                self._new.append(fact.decision.id)
            case Seconded():
                self._seconded[fact.decision.id] = fact.opinion
                self._new.append(fact.decision.id)
            case _:
                pass

    def examine(self, fresh: Sequence[InspectionDetail]) -> None:
        """What was promised lately is there."""
        self._found |= {(one.row.boot_count, one.row.cycle_sequence): one.row for one in fresh}
        new, self._new = self._new, []
        for promised in new:
            if isinstance(promised, UUID):
                self._has_decision(promised)
            else:
                self._has_inspection(promised, self._found)

    def close(self) -> None:
        """What was ever promised is there."""
        rows = every_inspection(self.scene)
        for key in self._recorded:
            self._has_inspection(key, rows)
        for key in self._answered:
            row = rows.get(key)
            self.must(row is not None and row.answer is not None, f"the answer to cycle {key} is gone")
        for decision in self._decided:
            self._has_decision(decision)
        for case in self._opened:
            self.must(self.scene.records.case(case) is not None, f"case {case} is gone")

    def _has_inspection(self, key: Key, rows: dict[Key, InspectionRow]) -> None:
        row, recorded = rows.get(key), self._recorded[key]
        self.must(
            row is not None and (row.serial, row.verdict) == (recorded.cycle.serial, recorded.verdict),
            f"the {recorded.verdict} of cycle {key[1]} of boot {key[0]} was acknowledged, and is gone",
        )

    def _has_decision(self, decision: UUID) -> None:
        stored = self.scene.records.decision(decision)
        self.must(stored is not None, f"decision {decision} is gone")
        if stored is not None and (said := self._seconded.get(decision)) is not None:
            kept = stored.second is not None and (stored.second.by, stored.second.agrees) == (said.by, said.agrees)
            self.must(kept, f"what {said.by} said of decision {decision} is gone")


class LedgerHolds(Rule):
    """The chain is whole after every crash, and one who shortens it is found out."""

    number = 5
    sentence = "the ledger verifies after any crash, and a cut tail is noticed"

    def __init__(self, scene: Scene, broken: Callable[[Violation], None]) -> None:
        super().__init__(scene, broken)
        self._head: LedgerHead | None = None

    def heard(self, fact: Fact) -> None:
        """Verifies what a crash has left."""
        if isinstance(fact, Crashed):
            self._verify()

    def close(self) -> None:
        """Verifies, and cuts the tail of a copy."""
        self._verify()
        copy = self.scene.folder / "cut.db"
        self.scene.database.copy_to(copy)
        with sqlite3.connect(copy) as connection:
            for (trigger,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall():
                connection.execute(f"DROP TRIGGER {trigger}")
            connection.execute("DELETE FROM ledger WHERE sequence = (SELECT max(sequence) FROM ledger)")
            sound = connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        connection.close()
        self.must(sound, "the database's own check finds it damaged")
        database = Database.open(f"sqlite:///{copy}", ledger_key=self.scene.database.ledger_key, checkpoint=False)
        check = verify(database, self._head)
        database.close()
        self.must(check.broken_at is not None, "the ledger's tail was cut, and nothing noticed")

    def _verify(self) -> None:
        check = verify(self.scene.database, self._head)
        self.must(check.broken_at is None, check.sentence)
        self._head = head(self.scene.database)


class EveryPartCounted(Rule):
    """Whoever counts the inspections knows of every part."""

    number = 10
    sentence = "sequences are monotonic per PLC boot, gaps accounted for"

    def __init__(self, scene: Scene, broken: Callable[[Violation], None]) -> None:
        super().__init__(scene, broken)
        self._stored_at: dict[Key, float] = {}
        self._last: Key | None = None

    def heard(self, fact: Fact) -> None:
        """Keeps when each was stored."""
        match fact:
            case Stored(call="record", args=(Inspection() as inspection, *_)):
                self._stored_at[inspection.cycle.boot_count, inspection.cycle.sequence] = fact.at
            case _:
                pass

    def examine(self, fresh: Sequence[InspectionDetail]) -> None:
        """Looks at each inspection and the one before it."""
        for one in fresh:
            key = one.row.boot_count, one.row.cycle_sequence
            if self._last is not None:
                self._follows(self._last, key)
            self._last = key

    def _follows(self, before: Key, key: Key) -> None:
        same_boot = before[0] == key[0]
        expected = before[1] + 1 if same_boot else 1
        self.must(
            not same_boot or key[1] > before[1],
            f"cycle {key[1]} of boot {key[0]} was recorded after cycle {before[1]}",
        )
        if key[1] == expected:
            self.must(True, "")
            return
        since = self._stored_at.get(before, 0.0) - TELLING_S
        until = self._stored_at.get(key, self.scene.now()) + TELLING_S
        self.must(
            self.scene.alarmed(since, until, {"cycles missed"}),
            f"between cycle {before[1]} of boot {before[0]} and cycle {key[1]} of boot {key[0]} parts are missing,"
            " and nobody was told",
        )


def every_inspection(scene: Scene) -> dict[Key, InspectionRow]:
    """All there are in the store, by boot and sequence."""
    rows: dict[Key, InspectionRow] = {}
    below: int | None = None
    while True:
        page = scene.records.inspections(Filter(line=LINE), below, PAGE)
        rows |= {(row.boot_count, row.cycle_sequence): row for row in page.rows}
        if page.next_below is None:
            return rows
        below = page.next_below
