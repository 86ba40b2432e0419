"""Two people answer the same case at the same moment: one is taken, the other is told who and what.

`JIDOKA_RACES=200` makes the long run of docs/figures.md out of it.
"""

import json
import os
import random
import threading
import urllib.error
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from quality.order import OrderState
from records.views import CaseRow, Filter
from tests.system.held_parts import line_of_held_parts, waiting
from tests.system.running import RunningLine, wait_until
from tests.system.tablet import Tablet

pytestmark = pytest.mark.slow

RACES = int(os.environ.get("JIDOKA_RACES", "10"))
PEOPLE = ("engineer", "supervisor")
ANSWERS: tuple[dict[str, Any], ...] = (
    {"kind": "RELEASE"},
    {"kind": "CONFIRM_HOLD", "disposition": "SCRAP"},
    {"kind": "CONFIRM_HOLD", "disposition": "REWORK"},
)


def send(tablet: Tablet, body: dict[str, Any], start: threading.Barrier) -> tuple[int, dict[str, Any]]:
    """The answer's status and object, to a decision sent when both are ready."""
    start.wait()
    try:
        return 201, tablet.send("PUT", f"/api/v1/decisions/{uuid4()}", body)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def race(
    tablets: dict[str, Tablet], row: CaseRow, chance: random.Random, pool: ThreadPoolExecutor
) -> dict[str, Any]:
    """One race; the decision that was taken. Fails when it was not one, or the other was not told of it."""
    start = threading.Barrier(len(tablets))
    about = {"reason": "looked at it", "case_id": str(row.case.id), "case_version": row.case.version}
    running = {
        person: pool.submit(send, tablet, about | chance.choice(ANSWERS), start)
        for person, tablet in tablets.items()
    }
    answers = {person: future.result() for person, future in running.items()}
    assert sorted(status for status, _ in answers.values()) == [201, 409], answers
    winner, loser = sorted(answers, key=lambda person: answers[person][0])
    taken, refused = answers[winner][1], answers[loser][1]
    assert refused["code"] in {"STALE", "ALREADY_ANSWERED"}
    first = refused["first"]
    told = {name: first[name] for name in ("id", "kind", "by", "disposition")}
    assert told == {"id": taken["id"], "kind": taken["kind"], "by": winner, "disposition": taken["disposition"]}
    assert winner in refused["detail"], "the sentence names who"
    return taken


def test_of_two_one_wins_and_the_other_is_told_who_and_what(make_line: Callable[..., RunningLine]) -> None:
    line = line_of_held_parts(make_line, RACES + RACES // 4 + 5)
    wait_until(lambda: len(waiting(line)) >= RACES, f"{RACES} cases", 60 + 3 * RACES)
    tablets = {person: Tablet(line.review_address) for person in PEOPLE}
    for person, tablet in tablets.items():
        tablet.sign_in(person)
    chance = random.Random(5)
    with ThreadPoolExecutor(len(tablets)) as pool:
        taken = {row.case.serial: race(tablets, row, chance, pool) for row in waiting(line)[:RACES]}
    with line.records() as records:
        wait_until(
            lambda: all(
                view.travel is OrderState.DONE for view in records.decisions(Filter(), limit=RACES + 1).rows
            ),
            "every decision at the PLC",
            60,
        )
        on_record = {str(view.id) for view in records.decisions(Filter(), limit=RACES + 1).rows}
    assert on_record == {decision["id"] for decision in taken.values()}
    released = {part["serial"] for part in line.truth() if part["passed_by"] == "release"}
    assert released == {serial for serial, decision in taken.items() if decision["kind"] == "RELEASE"}
