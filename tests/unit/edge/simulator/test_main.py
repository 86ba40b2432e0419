import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from edge.simulator.registers import check_word, uint32_of, words_of_serial, words_of_uint32

ROOT = Path(__file__).parents[4]
PASS, HOLD, RELEASE = 1, 3, 3


class Wire:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.stream = self.socket.makefile("rb")
        self.transaction = 0

    def ask(self, request: bytes) -> bytes:
        self.transaction += 1
        self.socket.sendall(struct.pack(">HHHB", self.transaction, 0, len(request) + 1, 1) + request)
        transaction, _, length, _ = struct.unpack(">HHHB", self.stream.read(7))
        assert transaction == self.transaction
        return self.stream.read(length - 1)

    def read(self, address: int, count: int) -> tuple[int, ...]:
        return struct.unpack(f">{count}H", self.ask(struct.pack(">BHH", 3, address, count))[2:])

    def write(self, address: int, words: list[int]) -> None:
        size = len(words)
        reply = self.ask(struct.pack(f">BHHB{size}H", 16, address, size, 2 * size, *words))
        assert reply[0] == 16

    def judge(self, status: tuple[int, ...], verdict: int) -> None:
        body = [*status[6:16], verdict, 0]
        self.write(200, [status[7], *body, check_word(body)])

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


def test_the_line_runs_as_a_process_gives_its_ports_and_ends_when_told() -> None:
    command = [sys.executable, "-m", "edge.simulator", "--seed", "7", "--takt", "0", "--parts", "40"]
    process = subprocess.Popen(
        [*command, "--gauge-seconds", "0", "--with-parent"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    try:
        ports: dict[str, int] = json.loads(process.stdout.readline())
        plc, gauge = Wire(ports["plc_port"]), Wire(ports["gauge_port"])
        judged = 0
        while judged < 40:
            status = plc.read(0, 52)
            sequence = uint32_of(status[6:8])
            if status[16] & 2 and sequence > judged:
                plc.judge(status, HOLD if sequence == 3 else PASS)
                judged = sequence
        body = [*words_of_uint32(1), RELEASE, *words_of_uint32(3), 0, 0]
        plc.write(220, [*body, check_word(body)])
        gauge.write(0, [*words_of_uint32(40), *words_of_serial("BM-0700040")])
        assert gauge.read(20, 3) == (0, 40, 2)
        with urllib.request.urlopen(f"http://127.0.0.1:{ports['camera_port']}/truth") as answer:
            parts: list[dict[str, Any]] = json.load(answer)["parts"]
        assert [part["serial"] for part in parts] == [f"BM-07{number:05d}" for number in range(1, 41)]
        assert [part["passed_by"] for part in parts] == ["PASS"] * 2 + ["release"] + ["PASS"] * 37
        assert gauge.read(23, 2) != (0, 0)
        plc.close()
        gauge.close()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        process.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent ended")
def test_with_its_parent_the_line_ends() -> None:
    child = f"[{sys.executable!r}, '-m', 'edge.simulator', '--parts', '1', '--with-parent']"
    parent = f"import subprocess; line = subprocess.Popen({child}); print(line.pid, flush=True); line.wait()"
    process = subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    line = int(process.stdout.readline())
    assert "plc_port" in process.stdout.readline(), "the line is ready"
    process.kill()
    process.wait(timeout=10)
    assert process.stdout.read() == "", "the end of the pipe comes when the line, which shares it, has ended"
    process.stdout.close()
    deadline = time.monotonic() + 5
    while _is_running(line) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _is_running(line)


def _is_running(process: int) -> bool:
    """False for one that has ended, also while nobody has asked how."""
    status = Path(f"/proc/{process}/stat")
    try:
        os.kill(process, 0)
        return status.read_text().rsplit(") ", 1)[1][0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
