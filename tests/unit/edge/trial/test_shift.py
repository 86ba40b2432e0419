"""One seed is one shift: the same trace, whoever runs it and whenever."""

import os
import subprocess
import sys

from tests.system.running import ENVIRONMENT, ROOT

TELL_ITS_TRACE = """
import logging, sys
from edge.logs import set_up_logs
from edge.trial.schedule import draw
from edge.trial.shift import run_shift
set_up_logs(logging.CRITICAL)
logging.disable(logging.CRITICAL)
seed, hours = int(sys.argv[1]), float(sys.argv[2])
outcome = run_shift(seed, draw(seed, hours), hours=hours, stop_at_first=False)
print(*outcome.trace, outcome.parts, dict(outcome.checks), sep="\\n")
"""


def trace(seed: int, hours: float, *, hashing: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", TELL_ITS_TRACE, str(seed), str(hours)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=ENVIRONMENT | {"PYTHONHASHSEED": hashing, "PYTHONPATH": os.fspath(ROOT)},
        text=True,
        check=True,
        timeout=300,
    ).stdout


def test_the_same_seed_gives_the_same_trace_in_another_process() -> None:
    """Half an hour with two hundred faults: kills, resets, retries. Hashes differ, and ids and keys are random."""
    first, again = (trace(7, 0.5, hashing=hashing) for hashing in ("1", "2"))
    assert first.count("\n") > 500
    assert first.splitlines() == again.splitlines()
    assert "Crashed" in first
