"""`jidoka check --plc` as an integrator runs it, against the simulated line in its own process."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from tests.system.running import ENVIRONMENT, ROOT, RunningLine

COILS = "profile: coils\n  coils: {cycle_address: 6, serial_address: 8, boot_address: 4}"


def begun(line: RunningLine, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "edge.cli", "check", str(line.path), "--plc", *options],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(process: subprocess.Popen[str], code: int) -> dict[str, Any]:
    out, err = process.communicate(timeout=240)
    assert process.returncode == code, out + err
    parsed: dict[str, Any] = json.loads(out)
    return parsed


def test_the_simulated_line_keeps_the_contract(make_line: Callable[..., RunningLine]) -> None:
    """Both profiles at the same time: most of it is waiting."""
    block, coils = (
        make_line("--takt", "0", "--lane", "6"),
        make_line("--lane", "6", "--profile", "coils", "--takt", "0"),
    )
    text = coils.path.read_text(encoding="utf-8")
    coils.path.write_text(text.replace("profile: block", COILS, 1), encoding="utf-8")
    running = [begun(line, "--yes", "--json") for line in (block, coils)]
    for process, profile, checks in zip(running, ("block", "coils"), (47, 11), strict=True):
        sheet = answer(process, 0)
        assert (sheet["ok"], sheet["profile"], sheet["left"]) == (True, profile, [])
        assert sheet["counts"] == {"pass": checks, "fail": 0, "skipped": 0}, sheet["checks"]
