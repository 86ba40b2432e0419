"""kill -9 of the edge process while it produces, and of the review station while people decide.

Thirty kills each time; `JIDOKA_KILLS=300` makes it three hundred. After each kill: nothing that was on record is
gone or changed, and nothing has passed that was not judged. After the last: the PLC's held parts are our open
cases, every decision was carried out once, and the ledger verifies.
"""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest

from quality.case import Case, CaseKind, CaseState, DecisionKind, Disposition
from quality.judgement import Verdict
from quality.order import OrderState
from records.ledger import verify
from records.views import InspectionRow
from tests.system.running import RunningLine, inspections, wait_until
from tests.system.tablet import Tablet
from tests.system.warm import Forked, WarmStart

KILLS = int(os.environ.get("JIDOKA_KILLS", "30"))
REVIEW_KILLED_EVERY = 10
VERIFIED_EVERY = 25
RECOVERED_WITHIN_S = 300
"""On a machine that has much else to do; a good one takes a second or two."""
MOST_PARTS_OF_A_LIFE = 6
FULL_SPEED = ("--takt", "0", "--lane", "100000", "--gauge-seconds", "0")
FINAL = {
    "release": {"kind": DecisionKind.RELEASE.value},
    "divert": {"kind": DecisionKind.CONFIRM_HOLD.value, "disposition": Disposition.SCRAP.value},
}

pytestmark = pytest.mark.slow


class Shift:
    """What was decided and what has been seen on record, to hold against what the line says later."""

    def __init__(self, line: RunningLine, chance: random.Random) -> None:
        self.line = line
        self.chance = chance
        self.tablet = Tablet(line.review_address)
        self.review = line.start_review()
        self.tablet.sign_in()
        self.decided: dict[str, tuple[str, str]] = {}
        """Decision → (what, serial), for those that the station has answered."""
        self.recorded: dict[str, str] = {}
        self.lives_with_production = 0
        self.review_kills = 0

    def decide(self, *, kill_review: bool) -> None:
        """Takes one decision about an open case, under one id until it is answered; given up when refused."""
        open_now = [case for case in self.open_cases() if case.kind is CaseKind.SUSPECT_PART]
        if not open_now:
            if kill_review:
                with self.killing_review():
                    time.sleep(0.02)
            return
        case = self.chance.choice(open_now)
        what = self.chance.choice(list(FINAL))
        decision = str(uuid4())
        body = {**FINAL[what], "case_id": str(case.id), "case_version": case.version, "reason": "looked at"}
        if kill_review:
            with self.killing_review():
                self.tablet.puts(decision, body)
        # Refused when a measurement came in meanwhile: the person has to look again.
        if self.tablet.puts(decision, body):
            self.decided[decision] = (what, case.serial)

    @contextmanager
    def killing_review(self) -> Iterator[None]:
        """The station is killed at some moment while this runs, and started again."""
        killing = threading.Timer(self.chance.uniform(0, 0.03), self.review.kill)
        killing.start()
        yield
        killing.join()
        self.review.wait()
        self.review_kills += 1
        self.review = self.line.start_review()
        self.tablet.sign_in()

    def open_cases(self) -> list[Case]:
        with self.line.records() as records:
            return [row.case for row in records.cases(self.line.settings.line, frozenset({CaseState.OPEN})).rows]

    def look(self) -> None:
        """Nothing is lost or changed, and nothing has passed without a verdict or a release on record."""
        passed = [part for part in self.line.truth() if part["passed_by"]]
        with self.line.records() as records:
            now = {row.serial: row.verdict.value for row in inspections(records)}
        assert self.recorded.items() <= now.items(), "a record was lost or changed"
        self.lives_with_production += len(now) > len(self.recorded)
        self.recorded = now
        released = {serial for what, serial in self.decided.values() if what == "release"}
        for part in passed:
            if part["passed_by"] == "PASS":
                assert now.get(part["serial"]) == Verdict.PASS.value, part
            else:
                assert part["serial"] in released, part


def live(line: RunningLine, warm: WarmStart, shift: Shift, *, kill_review: bool) -> None:
    """One life of the edge process, from its start to kill -9."""
    edge = warm.edge(line.path, line.folder / "edge.log")
    chance = shift.chance
    if chance.random() < 0.2:
        # In the middle of its start.
        time.sleep(chance.uniform(0, 1))
    else:
        recovered(line, edge)
        until = line.cycle_sequence() + chance.randint(0, MOST_PARTS_OF_A_LIFE)
        if kill_review or chance.random() < 0.5:
            shift.decide(kill_review=kill_review)
        wait_until(lambda: line.cycle_sequence() >= until, "parts", 120)
        time.sleep(chance.uniform(0, 0.1))
    assert edge.poll() is None, "it ended by itself"
    edge.kill()
    edge.close()
    (line.folder / "edge.log").write_text("")


def recovered(line: RunningLine, edge: Forked) -> None:
    """Waits for the end of its recovery."""
    deadline = time.monotonic() + RECOVERED_WITHIN_S
    while "edge has recovered" not in (log := line.log("edge")):
        assert edge.poll() is None, f"it ended by itself:\n{log}"
        assert time.monotonic() < deadline, f"no recovery:\n{log}"
        time.sleep(0.05)


@pytest.fixture
def warm() -> Iterator[WarmStart]:
    starting = WarmStart()
    yield starting
    starting.close()


def test_kill_9_at_any_moment_loses_nothing_and_passes_nothing(
    make_line: Callable[..., RunningLine], warm: WarmStart
) -> None:
    line = make_line("--seed", "11", *FULL_SPEED)
    shift = Shift(line, random.Random(11))
    for number in range(1, KILLS + 1):
        live(line, warm, shift, kill_review=number % REVIEW_KILLED_EVERY == 0)
        shift.look()
        if number % VERIFIED_EVERY == 0:
            with line.database() as database:
                assert verify(database).broken_at is None
            say(f"{number} kills: {len(shift.recorded)} parts, {len(shift.decided)} decisions")

    production = f"{shift.lives_with_production} of them in production"
    assert shift.lives_with_production >= KILLS / 2

    line.start("edge")
    stop = str(uuid4())
    assert shift.tablet.puts(stop, {"kind": DecisionKind.STOP_LINE.value, "reason": "the shift is over"})
    wait_until(
        lambda: all(done(line, decision) for decision in (*shift.decided, stop)), "every decision done", 120
    )
    wait_until(lambda: nothing_waits(line), "every part answered", 60)
    shift.look()
    compare(line, shift)
    say(f"{KILLS} kills of edge, {production}; {shift.review_kills} of review")
    say(f"{len(shift.recorded)} parts, {len(shift.decided)} decisions; 0 violations")


def compare(line: RunningLine, shift: Shift) -> None:
    """The PLC's parts against our records, one by one."""
    made: dict[str, dict[str, Any]] = {part["serial"]: part for part in line.truth()}
    with line.records() as records:
        rows: list[InspectionRow] = inspections(records)
        waiting = every_case(line, CaseState.OPEN) + every_case(line, CaseState.ANSWERED)
    assert Counter(row.serial for row in rows) == Counter(list(made))
    for row in rows:
        assert made[row.serial]["held"] == (row.verdict is not Verdict.PASS), row
    in_lane = {serial for serial, part in made.items() if part["held"]} - {
        serial for serial, part in made.items() if part["passed_by"] or part["diverted"]
    }
    assert sorted(case.serial for case in waiting if case.kind is CaseKind.SUSPECT_PART) == sorted(in_lane)
    for what, happened in (("release", "passed_by"), ("divert", "diverted")):
        decided = Counter(serial for kind, serial in shift.decided.values() if kind == what)
        assert set(decided.values()) <= {1}
        wanted = "release" if what == "release" else True
        assert set(decided) == {serial for serial, part in made.items() if part[happened] == wanted}
    with line.database() as database:
        assert verify(database).broken_at is None


def say(figures: str) -> None:
    """For `pytest -s`, which is how the long run is made."""
    print(figures, flush=True)  # noqa: T201


def every_case(line: RunningLine, state: CaseState) -> list[Case]:
    with line.records() as records:
        found: list[Case] = []
        below: int | None = None
        while True:
            page = records.cases(line.settings.line, frozenset({state}), below, 500)
            found += [row.case for row in page.rows]
            if (below := page.next_below) is None:
                return found


def done(line: RunningLine, decision: str) -> bool:
    with line.records() as records:
        found = records.decision(UUID(decision))
    return found is not None and found.travel is OrderState.DONE


def nothing_waits(line: RunningLine) -> bool:
    """The station is empty, and every part that came is answered."""
    with line.records() as records:
        rows = inspections(records)
    return len(rows) == len(line.truth()) and all(row.answer is not None for row in rows)
