"""Peers that are none of ours read and write the contract's registers, both ways.

A client from npm (modbus-serial) and mbpoll (libmodbus) against the simulated PLC; our gate against PLCs served by
modbus-serial, over TCP and RTU, and by libmodbus. The peers' programs are written from docs/plc.md.
"""

import asyncio
import json
import re
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from edge.clock import SystemClock
from edge.template import line_file
from plc.address import PlcAddress, SerialAddress
from plc.gate import ModbusGate
from plc.link import ModbusLink
from plc.registers import BlockLayout, check_word
from plc.tags import Tag, TagType
from quality.characteristic import PartSerial
from quality.judgement import ReasonCode, Verdict
from quality.order import Order, OrderCode, OrderResult
from quality.ports import EquipmentError
from quality.station import VerdictAnswer
from tests.peers.conftest import HERE, Done
from tests.peers.serving import SerialLine, free_port, served
from tests.system.running import ENVIRONMENT, ROOT, RunningLine

FULL_SPEED = ("--takt", "0", "--lane", "100000", "--gauge-seconds", "0")
READING = Tag("reading", 32, TagType.FLOAT32, "kW")
PARAMETER = Tag("parameter", 48, TagType.INT16, "µm")
WATCHDOG_S = 2.0

pytestmark = pytest.mark.slow

Mbpoll = Callable[..., Done]


def test_a_node_client_reads_and_writes_the_contract(
    make_line: Callable[..., RunningLine], node_modules: Path
) -> None:
    line = make_line("--seed", "41", *FULL_SPEED)
    done = subprocess.run(
        ["node", str(HERE / "client.js"), str(line.ports["plc_port"])],
        check=False,
        env={"NODE_PATH": str(node_modules), "PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    parts = line.truth()
    first = said["first"]
    assert (first["contract"], first["version"], first["probe"]) == (0x4A44, 1, 0x01020304)
    assert (first["sequence"], first["serial"], first["reserved"]) == (1, parts[0]["serial"], [0] * 6)
    assert struct.pack(">f", first["reading"]) == struct.pack(">f", parts[0]["readings"]["spindle_a_power_kw"])
    answers = {step: said[step]["answered"] for step in ("damaged", "pass", "wrongSerial", "hold")}
    assert answers == {"damaged": [1, 18], "pass": [1, 1], "wrongSerial": [2, 17], "hold": [2, 1]}
    orders = {step: said[step]["order"] for step in ("parameter", "outOfRange", "release", "notHeld")}
    assert orders == {"parameter": [1, 1], "outOfRange": [2, 20], "release": [3, 1], "notHeld": [4, 21]}
    assert said["parameter"]["parameter"] == 0x1_0000 - 120
    assert (said["held"]["held"], said["released"]["held"], said["released"]["passed"]) == (1, 0, 2)
    assert said["refusal"] == 2
    assert [part["passed_by"] for part in parts[:3]] == ["PASS", "release", None]


def test_mbpoll_reads_and_writes_the_contract(make_line: Callable[..., RunningLine], mbpoll: Mbpoll) -> None:
    line = make_line("--seed", "42", *FULL_SPEED)
    port = line.ports["plc_port"]

    def read(start: int, count: int) -> list[int]:
        shown = mbpoll(port, start, "-c", str(count), "-t", "4:hex")
        assert shown.returncode == 0, shown.stderr
        return [int(word, 16) for word in re.findall(r"^\[\d+\]:\s+0x([0-9A-F]{4})", shown.stdout, re.MULTILINE)]

    def write(start: int, *words: int) -> None:
        done = mbpoll(port, start, "-t", "4", write=words)
        assert f"Written {len(words)} references" in done.stdout, done.stderr

    def command(beat: int, sequence: int, verdict: int, damage: int = 0) -> list[int]:
        """The answer to a verdict on the part in the station."""
        body = (0, sequence, *read(8, 8), verdict, 0)
        write(200, beat, *body, check_word(body) ^ damage)
        return read(17, 3)

    status = read(0, 32)
    assert status[:4] == [0x4A44, 1, 0x0102, 0x0304]
    assert struct.pack(">8H", *status[8:16]).rstrip(b"\0").decode() == line.truth()[0]["serial"]
    (reading,) = re.findall(r"^\[32\]:\s+([0-9.]+)", mbpoll(port, 32, "-t", "4:float", "-B").stdout, re.MULTILINE)
    assert float(reading) == pytest.approx(line.truth()[0]["readings"]["spindle_a_power_kw"], rel=1e-5)
    assert command(1, 1, 1, damage=0x8000) == [0, 1, 18]
    assert command(2, 1, 1) == [0, 1, 1]
    assert command(3, 2, 3) == [0, 2, 1]
    order = (0, 7, 5, 0, 1, 0, 50)
    write(220, *order, check_word(order))
    assert read(20, 3) == [0, 7, 1]
    assert read(48, 1) == [50]
    assert read(23, 1) == [1]
    refused = mbpoll(port, 0, "-t", "0")
    assert refused.returncode == 1
    assert "Illegal data address" in refused.stderr
    assert [part["verdict"] for part in line.truth()[:2]] == ["PASS", "HOLD"]


@asynccontextmanager
async def gate_to(address: PlcAddress | SerialAddress) -> AsyncIterator[ModbusGate]:
    """Our gate, closed at the end."""
    clock = SystemClock()
    gate = ModbusGate(ModbusLink(address, clock), BlockLayout(), (READING, PARAMETER), clock)
    try:
        yield gate
    finally:
        await gate.close()


async def beating(gate: ModbusGate) -> None:
    while True:
        await gate.beat()
        await asyncio.sleep(0.25)


def order(sequence: int, code: OrderCode, target: int = 0, value: int = 0) -> Order:
    return Order(sequence, code, target, value, UUID(int=1), datetime(2026, 11, 24, tzinfo=UTC))


async def keeps_the_contract(gate: ModbusGate, prefix: str) -> None:
    """Everything the edge does with a PLC, against one that is none of ours."""
    heart = asyncio.create_task(beating(gate))
    await asyncio.sleep(0.05)
    scan = await gate.scan()
    status = scan.status
    assert (status.boot_count, status.cycle_sequence, status.serial) == (3, 1, f"{prefix}-000001")
    assert (status.part_present, status.ready_for_verdict, status.gate_closed) == (True, True, True)
    assert (scan.value("reading"), scan.value("parameter")) == (10.125, 0.0)
    wrong = await gate.give_verdict(1, PartSerial(f"{prefix}-000009"), Verdict.PASS, None)
    assert wrong is VerdictAnswer.WRONG_SERIAL
    assert await gate.give_verdict(1, status.serial, Verdict.PASS, None) is VerdictAnswer.ACCEPTED
    second = (await gate.scan()).status
    assert (second.cycle_sequence, second.last_passed_sequence, second.held_count) == (2, 1, 0)
    hold = await gate.give_verdict(2, second.serial, Verdict.HOLD, ReasonCode.SURFACE_DEFECT)
    assert hold is VerdictAnswer.ACCEPTED
    again = await gate.give_verdict(2, second.serial, Verdict.PASS, None)
    assert again is VerdictAnswer.PART_GONE, "a PASS never frees a held part"
    assert (await gate.scan()).status.held_count == 1
    assert await gate.give_order(order(5, OrderCode.SET_PARAMETER, 1, -120)) is OrderResult.DONE
    assert (await gate.scan()).value("parameter") == -120.0
    assert await gate.give_order(order(6, OrderCode.SET_PARAMETER, 1, 9999)) is OrderResult.OUT_OF_RANGE
    assert await gate.give_order(order(7, OrderCode.RELEASE_PART, 2)) is OrderResult.DONE
    assert await gate.give_order(order(7, OrderCode.RELEASE_PART, 2)) is OrderResult.DONE
    assert await gate.give_order(order(8, OrderCode.DIVERT, 2)) is OrderResult.NOT_HELD
    released = (await gate.scan()).status
    assert (released.held_count, released.last_passed_sequence) == (0, 2)
    heart.cancel()
    await asyncio.sleep(WATCHDOG_S + 0.2)
    assert (await gate.scan()).status.watchdog_tripped
    await gate.beat()
    assert not (await gate.scan()).status.watchdog_tripped


async def test_our_gate_with_a_plc_of_libmodbus(libmodbus_plc: Path) -> None:
    port = free_port()
    with served([str(libmodbus_plc), str(port)], {}):
        async with gate_to(PlcAddress("127.0.0.1", port)) as gate:
            await keeps_the_contract(gate, "LM")


async def test_our_gate_with_a_plc_of_node_over_tcp(node_modules: Path) -> None:
    port = free_port()
    with served(["node", str(HERE / "plc.js"), str(port)], {"NODE_PATH": str(node_modules)}):
        async with gate_to(PlcAddress("127.0.0.1", port)) as gate:
            await keeps_the_contract(gate, "NJ")


async def test_our_gate_with_a_plc_of_node_over_rtu(node_modules: Path) -> None:
    async with SerialLine() as line:
        ours, theirs = line.paths
        with served(["node", str(HERE / "plc.js"), theirs], {"NODE_PATH": str(node_modules)}):
            async with gate_to(SerialAddress(ours, baud=115200, parity="N")) as gate:
                await keeps_the_contract(gate, "NJ")


def test_plcs_of_libmodbus_and_node_pass_the_whole_sheet(
    tmp_path: Path, libmodbus_plc: Path, node_modules: Path
) -> None:
    """`jidoka check --plc` against both at once, since most of its time is waiting for watchdogs."""
    ports = free_port(), free_port()
    with (
        served([str(libmodbus_plc), str(ports[0])], {}),
        served(["node", str(HERE / "plc.js"), str(ports[1])], {"NODE_PATH": str(node_modules)}),
    ):
        checks = [checking(tmp_path / str(port), port) for port in ports]
        sheets = [check.communicate(timeout=150)[0] for check in checks]
    for sheet in sheets:
        found = json.loads(sheet)
        assert found["ok"], [line for line in found["checks"] if line["outcome"] == "fail"]
        assert {line["outcome"] for line in found["checks"]} == {"pass"}


def checking(folder: Path, port: int) -> "subprocess.Popen[str]":
    folder.mkdir()
    path = folder / "LINE.yaml"
    path.write_text(line_file(plc_host="127.0.0.1", plc_port=str(port)), encoding="utf-8")
    command = [sys.executable, "-m", "edge.cli", "check", str(path), "--plc", "--yes", "--json", "--wait", "10"]
    return subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)


async def test_an_exception_of_libmodbus_says_what_to_mend(libmodbus_plc: Path) -> None:
    port = free_port()
    with served([str(libmodbus_plc), str(port)], {}):
        async with ModbusLink(PlcAddress("127.0.0.1", port), SystemClock()) as link:
            with pytest.raises(EquipmentError, match=r"register 250 .*exception 2: it has no such address"):
                await link.read_registers(250, 20)
            assert (await link.read_registers(0, 1)) == (0x4A44,)
