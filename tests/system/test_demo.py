"""`jidoka demo` as a stranger runs it: it scores itself, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.system.running import ENVIRONMENT, ROOT, wait_until

pytestmark = pytest.mark.slow
COMMAND = [sys.executable, "-m", "edge.cli"]


def children(pid: int) -> set[int]:
    """Every process below that one, however deep."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text(encoding="ascii").split()):
            found |= {child} | children(child)
    return found


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}/exe").exists()}


def test_headless_parts_are_all_judged_and_every_hold_is_acknowledged() -> None:
    command = [*COMMAND, "demo", "--parts", "60", "--headless", "--seed", "7", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr.decode()
    answer: dict[str, Any] = json.loads(done.stdout)
    assert answer["parts"] == 60
    assert sum(answer["verdicts"].values()) == 60
    assert answer["holds_acknowledged"] == answer["holds"] == answer["parts"] - answer["verdicts"]["PASS"]
    assert answer["passed_without_permission"] == 0
    assert answer["nonconforming"] > 0
    assert answer["caught"] + answer["escapes"] == answer["nonconforming"]
    assert set(answer["latency_ms"]) == {"p50", "p95", "p99"}


@pytest.mark.parametrize("crash", [False, True])
def test_ctrl_c_and_a_crash_of_any_process_leave_none_behind(tmp_path: Path, *, crash: bool) -> None:
    command = [*COMMAND, "demo", "--port", "0", "--seed", "7", "--keep", str(tmp_path)]
    with (tmp_path / "out").open("wb") as out:
        demo = subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdout=out, stderr=out)
    wait_until(lambda: b"The tablet's page" in (tmp_path / "out").read_bytes(), "the demo's greeting", 90)
    below = children(demo.pid)
    assert len(below) >= 3
    victim = next(pid for pid in below if b"edge.simulator" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(victim if crash else demo.pid, signal.SIGKILL if crash else signal.SIGINT)
    assert demo.wait(30) == (1 if crash else 0)
    wait_until(lambda: not alive(below), "every process to be gone", 10)
