"""What `make simulate` runs: shifts under every fault there is, and no rule of production broken."""

import json
import os
import subprocess
import sys

import pytest

from edge.trial.schedule import FaultKind
from tests.system.running import ENVIRONMENT, ROOT

SHIFTS = int(os.environ.get("JIDOKA_SHIFTS", "20"))
SEED = int(os.environ.get("JIDOKA_SEED", "1"))


def simulate(*options: str, within_s: float) -> tuple[int, dict[str, object]]:
    run = subprocess.run(
        [sys.executable, "-m", "edge.cli", "simulate", "--json", *options],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=ENVIRONMENT,
        timeout=within_s,
        check=False,
    )
    return run.returncode, json.loads(run.stdout)


@pytest.mark.whole_machine
def test_shifts_of_eight_hours_under_every_fault_break_no_rule() -> None:
    code, answer = simulate("--shifts", str(SHIFTS), "--seed", str(SEED), within_s=60 * SHIFTS)
    assert (code, answer["violations"]) == (0, 0), answer["broken"]
    assert answer["shifts"] == SHIFTS
    assert isinstance(answer["parts"], int)
    assert answer["parts"] > 500 * SHIFTS
    assert set(answer["faults"]) == {kind.value for kind in FaultKind}  # type: ignore[call-overload]
    assert min(answer["checks"].values()) >= SHIFTS  # type: ignore[attr-defined]
    assert set(answer["checks"]) == {str(number) for number in range(1, 13)}  # type: ignore[call-overload]
