"""The line over RTU and over TLS, with a further device, and with a PLC that takes one connection."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.demo_wires import DemoWire, reach
from quality.judgement import Verdict
from records.views import InspectionDetail
from tests.system.running import ENVIRONMENT, ROOT, RunningLine, inspections, wait_until

FULL_SPEED = ("--takt", "0", "--lane", "100000", "--gauge-seconds", "0")
COMMAND = [sys.executable, "-m", "edge.cli"]
PARTS = 40
MILL_READINGS = ("spindle_a_power_kw", "spindle_b_power_kw", "clamp_pressure_bar")
"""What the simulated machine shows behind its cycle sequence; the same as the PLC does."""

pytestmark = pytest.mark.slow


def jidoka(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *words], cwd=ROOT, env=ENVIRONMENT, capture_output=True, timeout=300, check=False
    )


def demo(wire: str) -> dict[str, Any]:
    done = jidoka("demo", "--wire", wire, "--parts", "60", "--headless", "--seed", "7", "--json")
    assert done.returncode == 0, done.stderr.decode()
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_demo_gives_the_same_verdicts_over_rtu_and_tls() -> None:
    over_rtu, over_tls = demo("rtu"), demo("tls")
    for answer in (over_rtu, over_tls):
        assert answer["parts"] == 60
        assert answer["holds_acknowledged"] == answer["holds"] > 0
        assert answer["passed_without_permission"] == 0
    same = ("verdicts", "caught", "escapes", "false_holds", "nonconforming")
    assert {name: over_rtu[name] for name in same} == {name: over_tls[name] for name in same}


def mill(where: str, cycle: str) -> str:
    readings = "\n".join(
        f"      - {{name: mill_{name}, address: {2 + 2 * place}, type: float32, unit: x, range: [0, 400]}}"
        for place, name in enumerate(MILL_READINGS)
    )
    return (
        f"devices:\n  - name: mill\n    {where}\n    max_registers: 8\n    timeout_ms: 200\n    within_ms: 500\n"
        f"    {cycle}\n    readings:\n{readings}\n"
    )


def answered(line: RunningLine) -> int:
    with line.records() as records:
        return sum(row.answer is not None for row in inspections(records))


def details(line: RunningLine) -> list[InspectionDetail]:
    with line.records() as records:
        found = [records.inspection(row.id) for row in inspections(records)]
    return [one for one in found if one is not None]


def is_missing(row: InspectionDetail) -> bool:
    return not any(name.startswith("mill_") for name in row.readings)


@pytest.mark.parametrize(("wire", "cycle"), [("tcp", ""), ("rtu", "cycle: {address: 0}")])
def test_a_further_device_brings_readings_of_the_same_part_and_holds_the_part_when_it_is_silent(
    make_line: Callable[..., RunningLine], tmp_path: Path, wire: str, cycle: str
) -> None:
    folder = tmp_path / "wire"
    line = make_line("--seed", "21", "--parts", str(PARTS), "--wire", wire, "--folder", str(folder), *FULL_SPEED)
    if wire == "rtu":
        where = f"serial: {folder / 'devices.tty'}\n    baud: 115200\n    parity: N\n    unit: 2"
    else:
        where = f"host: 127.0.0.1\n    port: {line.ports['machine_port']}"
    line.write_line_file(mill(where, cycle), **reach(DemoWire(wire), folder, line.ports))
    line.start("edge")
    wait_until(lambda: answered(line) >= 8, "eight parts", 60)
    line.fault("machine_gone", 1.0)
    wait_until(lambda: answered(line) == PARTS, "every part", 120)
    rows, made = details(line), {part["serial"]: part for part in line.truth()}
    missing = [row for row in rows if is_missing(row)]
    assert missing
    assert {row.row.verdict for row in missing} == {Verdict.HOLD}
    assert not is_missing(rows[0]), "the machine is back, and so are its readings"
    for row in rows:
        part = made[row.row.serial]
        assert (part["passed_by"] == "PASS") == (row.row.verdict is Verdict.PASS)
        for name in () if is_missing(row) else MILL_READINGS:
            assert row.readings[f"mill_{name}"] == pytest.approx(part["readings"][name], rel=1e-6)
    with line.records() as records:
        alarms = records.alarms(line.settings.line, standing_only=False)
    raised = [alarm for alarm in alarms if alarm.source.startswith("mill ")]
    assert raised
    assert all(alarm.kind == "no evidence" and alarm.cleared_at for alarm in raised)
    waited = {"watchdog", "heartbeat frozen", "no answer", "cycles missed"}
    assert not [alarm for alarm in alarms if alarm.kind in waited], "the gate waited for the machine"


def test_a_plc_that_takes_one_connection_never_sees_a_second(make_line: Callable[..., RunningLine]) -> None:
    line = make_line("--seed", "22", "--one-connection", *FULL_SPEED)
    edge = line.start("edge")
    wait_until(lambda: answered(line) >= 5, "five parts", 60)
    checked = jidoka("check", str(line.path), "--json")
    assert checked.returncode == 1
    probes = {probe["device"]: probe for probe in json.loads(checked.stdout)["probes"]}
    said = probes["plc and all Modbus devices"]["sentence"]
    assert f"not asked: jidoka edge (process {edge.pid}) has the devices of beam-line-3" in said
    second = jidoka("edge", str(line.path))
    assert second.returncode == 1
    assert b"end it first: a PLC may take one connection only" in second.stderr
    before = answered(line)
    wait_until(lambda: answered(line) > before + 3, "parts go on")
    edge.send_signal(signal.SIGKILL)
    edge.wait()
    before = answered(line)
    line.start("edge")
    wait_until(lambda: answered(line) > before + 3, "parts after the kill", 60)
    with line.records() as records:
        alarms = records.alarms(line.settings.line, standing_only=False)
    assert not any(alarm.kind == "no answer" for alarm in alarms)
