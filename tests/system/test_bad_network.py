"""The real line behind a network that loses, mixes up and changes what goes through it: nothing false gets in.

`JIDOKA_PROXY_PARTS=10000` makes it the long run.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from edge.demo_score import DemoRecords
from quality.case import Case, CaseKind, CaseState, Decision, DecisionKind, Refusal
from quality.plan import Role
from records.ledger import verify
from tests.proxy.damage import KINDS
from tests.system.running import ENVIRONMENT, ROOT, RunningLine, wait_until
from tests.system.truth import compared

PARTS = int(os.environ.get("JIDOKA_PROXY_PARTS", "200"))
SEED = int(os.environ.get("JIDOKA_PROXY_SEED", "21"))
SHARE = 0.05
TIMEOUT_MS = 200
STALLED_AFTER_S = 120
LOOK_EVERY_S = 1.0
RELEASED_SHARE = 0.2
NEVER_TRUE = {"bypass", "cycles missed", "heartbeat frozen", "hold lost", "line stopped"}
"""Alarms for which this line gives no reason: one of them would rest on a false reading of the status."""

pytestmark = pytest.mark.slow


class Proxy:
    """A bad network in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._out = process.stdout
        self._process = process
        self.port = int(json.loads(self._out.readline())["port"])

    def end(self) -> dict[str, Any]:
        """What it did."""
        self._process.send_signal(signal.SIGTERM)
        did: dict[str, Any] = json.loads(self._out.readline())
        self._process.wait(10)
        return did


@contextmanager
def bad_network(server_port: int, seed: int) -> Iterator[Proxy]:
    options = ("--server-port", server_port, "--seed", seed, "--share", SHARE, "--patience-s", TIMEOUT_MS / 1000)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.proxy", *map(str, options)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=ENVIRONMENT,
    )
    try:
        yield Proxy(process)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_a_network_that_damages_every_twentieth_frame_lets_nothing_false_in(
    make_line: Callable[..., RunningLine],
) -> None:
    line = make_line(
        *("--seed", str(SEED), "--parts", str(PARTS), "--takt", "0", "--lane", "100000", "--gauge-seconds", "0")
    )
    with ExitStack() as stack:
        plc = stack.enter_context(bad_network(line.ports["plc_port"], SEED))
        gauge = stack.enter_context(bad_network(line.ports["gauge_port"], SEED + 1))
        text = line.path.read_text(encoding="utf-8")
        for there, here in ((line.ports["plc_port"], plc.port), (line.ports["gauge_port"], gauge.port)):
            text = text.replace(f"port: {there}", f"port: {here}")
        text = text.replace("timeout_ms: 500", f"timeout_ms: {TIMEOUT_MS}").replace(
            "timeout_s: 30", "timeout_s: 3"
        )
        line.path.write_text(text, encoding="utf-8")
        begun = time.monotonic()
        line.start("edge")
        alarms = run_to_the_end(line)
        took = time.monotonic() - begun
        did = {"plc": plc.end(), "gauge": gauge.end()}
    with line.database() as database:
        assert verify(database).broken_at is None
    with line.records() as records:
        found = compared(records, line)
    summary = {"seconds": round(took)} | found | {"alarms": alarms, "network": did}
    sys.stdout.write(json.dumps(summary, indent=1) + "\n")
    assert not NEVER_TRUE & alarms.keys(), alarms
    assert did["plc"]["faults"]
    if PARTS >= 2000:
        assert did["plc"]["faults"].keys() == KINDS.keys()


def run_to_the_end(line: RunningLine) -> Counter[str]:
    """Until every verdict is answered and every order settled; a person releases a share of the held parts.

    How many alarms there were of each kind; the records show the newest 500, so they are counted on the way.
    """
    chance = random.Random(SEED)
    seen: set[str] = set()
    alarms: dict[int, str] = {}
    done, changed = 0, time.monotonic()
    counting, plan = DemoRecords(line.settings), line.settings.control_plan()
    try:
        while done < PARTS:
            time.sleep(LOOK_EVERY_S)
            if (now := counting.answered()) != done:
                done, changed = now, time.monotonic()
            assert time.monotonic() - changed < STALLED_AFTER_S, f"no part was answered after {done}"
            with line.records() as records:
                alarms |= {each.id: each.kind for each in records.alarms(line.settings.line, standing_only=False)}
                opened = records.cases(line.settings.line, frozenset({CaseState.OPEN}), None, 50).rows
                for case in (row.case for row in opened if row.case.serial not in seen):
                    seen.add(case.serial)
                    if case.kind is CaseKind.SUSPECT_PART and chance.random() < RELEASED_SHARE:
                        # a measurement may have come in between, and the case have another version
                        with suppress(Refusal):
                            records.decide(release(case), plan, None)
    finally:
        counting.close()
    wait_until(lambda: nothing_waits(line), "every order settled", 60)
    return Counter(alarms.values())


def nothing_waits(line: RunningLine) -> bool:
    with line.records() as records:
        return not records.cases(line.settings.line, frozenset({CaseState.ANSWERED}), None, 1).rows


def release(case: Case) -> Decision:
    return Decision(
        id=uuid4(),
        kind=DecisionKind.RELEASE,
        line=case.line,
        decided_by="engineer",
        role=Role.ENGINEER,
        decided_at=datetime.now(UTC),
        reason="looked at",
        case_id=case.id,
        case_version=case.version,
    )
