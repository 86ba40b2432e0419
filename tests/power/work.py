"""A station at work on a store: parts, cases, people and orders, with a list of what was acknowledged.

A method of the store that returned has acknowledged what it was told. Nothing on the list may be missing after a
cut.
"""

import random
from datetime import timedelta
from pathlib import Path
from types import ModuleType

from sqlalchemy import text

from quality.alarm import Alarm, Priority
from quality.case import Case, DecisionKind, Disposition, escalate
from quality.judgement import Verdict
from quality.order import OrderCode, OrderResult, OrderState
from quality.plan import Role
from quality.station import VerdictAnswer
from records.database import Database
from records.edge_records import EdgeRecords
from records.ledger import LedgerHead, head
from records.pictures import Pictures
from records.review_records import ReviewRecords
from tests.unit.records.making import LINE, PLAN, START, STATION, case, cycle, decision, inspection, measurement

KEY = b"p" * 32
Fact = tuple[object, ...]
NOTHING = LedgerHead(0, "")

FACTS = {
    "recorded": "SELECT cycle_sequence, verdict FROM inspections",
    "answered": "SELECT cycle_sequence, answer FROM inspections WHERE answer IS NOT NULL",
    "case": "SELECT cycle_sequence, kind FROM cases",
    "escalated": "SELECT cycle_sequence FROM cases WHERE escalated",
    "decided": "SELECT id, kind FROM decisions",
    "ordered": "SELECT sequence, code, target FROM orders",
    "sent": "SELECT sequence, boot_count FROM orders WHERE boot_count IS NOT NULL",
    "settled": "SELECT sequence, state FROM orders WHERE state NOT IN ('RECORDED', 'SENT')",
    "measured": "SELECT cycle_sequence, value FROM measurements",
    "raised": "SELECT kind FROM alarms",
    "cleared": "SELECT kind FROM alarms WHERE cleared_at IS NOT NULL",
    "closed": "SELECT cycle_sequence FROM cases WHERE state = 'CLOSED'",
}
"""What the tables say, as facts that stay true once they are."""


def facts_in(database: Database) -> set[Fact]:
    """Everything the store holds."""
    with database.read() as connection:
        return {(name, *row) for name, query in FACTS.items() for row in connection.execute(text(query))}


class Station:
    """One station with its review station, in one process; parts go on from `first`."""

    def __init__(self, folder: Path, driver: ModuleType, chance: random.Random) -> None:
        self._folder = folder
        self._driver = driver
        self._chance = chance
        self._sequence = 0
        self.acknowledged: set[Fact] = set()
        self.head = NOTHING
        self.now = START

    def work(self, parts: int) -> None:
        """Opens the store, makes so many parts, and closes it again."""
        self._database = self._opened(checkpoint=True)
        self._beside = self._opened(checkpoint=False)
        pictures = Pictures(self._folder / "frames")
        self._edge = EdgeRecords(self._database, pictures, LINE, STATION, lambda: self.now)
        self._review = ReviewRecords(self._beside, pictures)
        for _ in range(parts):
            self._part()
        self._edge.close()
        self._database.close()
        self._beside.close()

    def _opened(self, *, checkpoint: bool) -> Database:
        url = f"sqlite:///{self._folder}/store.db"
        database = Database.open(url, ledger_key=KEY, checkpoint=checkpoint, driver=self._driver)
        database.migrate()
        return database

    def _part(self) -> None:
        self._sequence += 1
        number = self._sequence
        self.now += timedelta(seconds=3)
        verdict = self._chance.choice([Verdict.PASS] * 5 + [Verdict.REVIEW, Verdict.HOLD])
        about = case(number) if verdict is not Verdict.PASS else None
        self._edge.record(inspection(number, verdict=verdict), about, [])
        self._done(("recorded", number, verdict.value))
        if about is not None:
            self._done(("case", number, about.kind.value))
        self._edge.verdict_answered(cycle(number), VerdictAnswer.ACCEPTED, self.now)
        self._done(("answered", number, VerdictAnswer.ACCEPTED.value))
        if number % 4 == 0:
            value = self._chance.gauss(0, 0.1)
            self._edge.record_measurements([measurement(number, value)], conforming=True)
            self._done(("measured", number, value))
        if number % 7 == 0:
            self._alarm(f"alarm {number}")
        if number % 3 == 0:
            self._edge.show_line({"part": number})
        if about is not None:
            self._person(about)

    def _alarm(self, kind: str) -> None:
        self._edge.raise_alarm(Alarm("plc", kind, Priority.HIGH, "look", self.now))
        self._done(("raised", kind))
        self._edge.clear_alarm("plc", kind, self.now)
        self._done(("cleared", kind))

    def _person(self, about: Case) -> None:
        """Someone answers the case, late or in time; the edge carries it out."""
        number = about.cycle_sequence
        (stored,) = [each for each in self._edge.open_cases() if each.id == about.id]
        if self._chance.random() < 0.3:
            stored = escalate(stored, self.now + timedelta(days=1), Role.SUPERVISOR)
            self._edge.escalate(stored)
            self._done(("escalated", number))
            (stored,) = [each for each in self._edge.open_cases() if each.id == about.id]
        if self._chance.random() < 0.3:
            return
        released = self._chance.random() < 0.5
        kind = DecisionKind.RELEASE if released else DecisionKind.CONFIRM_HOLD
        made = decision(stored, kind, role=Role.SUPERVISOR, disposition=None if released else Disposition.SCRAP)
        self._review.decide(made, PLAN, None)
        self._done(("decided", made.id.hex, kind.value))
        code = OrderCode.RELEASE_PART if released else OrderCode.DIVERT
        order = self._edge.record_order(made, code, number, 0)
        self._done(("ordered", order.sequence, code.value, number))
        self._edge.order_sent(order.sequence, 1)
        self._done(("sent", order.sequence, 1))
        self._edge.settle_order(order.sequence, OrderState.DONE, OrderResult.DONE, "acknowledged")
        self._done(("settled", order.sequence, OrderState.DONE.value))
        self._done(("closed", number))

    def _done(self, fact: Fact) -> None:
        self.acknowledged.add(fact)
        self.head = head(self._database)
