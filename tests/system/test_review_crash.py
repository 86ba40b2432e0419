"""kill -9 of the review station while decisions are sent: each is applied once or not at all, and one can tell."""

import random
import signal
import time
import urllib.error
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from quality.case import CaseState, DecisionKind
from quality.order import OrderState
from records.views import Filter
from tests.system.running import RunningLine, wait_until
from tests.system.tablet import Tablet

pytestmark = pytest.mark.slow
KILLS = 6


def test_each_decision_is_applied_once_or_not_at_all(make_line: Callable[..., RunningLine]) -> None:
    line = make_line("--seed", "7", "--takt", "0", "--lane", "100000", "--gauge-seconds", "0", "--parts", "60")
    line.start("edge")
    wait_until(lambda: len(line.truth()) >= 60, "60 parts", 120)
    review = line.start_review()
    tablet = Tablet(line.review_address)
    tablet.sign_in()
    with line.records() as records:
        cases = records.cases(line.settings.line, frozenset({CaseState.OPEN}), None, 500).rows
    assert len(cases) >= KILLS
    chance = random.Random(5)
    asked: dict[UUID, dict[str, Any]] = {}
    for row in cases[:KILLS]:
        body = {
            "kind": DecisionKind.RELEASE.value,
            "case_id": str(row.case.id),
            "case_version": row.case.version,
            "reason": "looked at, no defect",
        }
        decision = uuid4()
        asked[decision] = body
        review.send_signal(signal.SIGSTOP)
        time.sleep(chance.uniform(0, 0.02))
        review.send_signal(signal.SIGCONT)
        killed_at = time.monotonic() + chance.uniform(0, 0.02)
        try:
            if chance.random() < 0.5:
                time.sleep(max(0.0, killed_at - time.monotonic()))
                review.kill()
            tablet.send("PUT", f"/api/v1/decisions/{decision}", body)
            review.kill()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        review.wait()
        review = line.start_review()
        tablet.sign_in()
        # The same id again: taken now if it was not, and the same answer if it was.
        again = tablet.send("PUT", f"/api/v1/decisions/{decision}", body)
        assert again["id"] == str(decision)
    wait_until(lambda: all(arrived(line, decision) for decision in asked), "every decision at the PLC", 30)
    released = {part["serial"] for part in line.truth() if part["passed_by"] == "release"}
    assert released == {row.case.serial for row in cases[:KILLS]}
    with line.records() as records:
        assert len(records.decisions(Filter()).rows) == KILLS


def arrived(line: RunningLine, decision: UUID) -> bool:
    with line.records() as records:
        found = records.decision(decision)
    return found is not None and found.travel is OrderState.DONE
