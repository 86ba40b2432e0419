"""A real line for the tests: simulator, edge and review as real processes on free ports."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge.free_ports import free_ports
from edge.line_file import read_line_file
from edge.settings import LineSettings
from edge.store import open_database
from edge.template import line_file
from records.database import Database
from records.pictures import Pictures
from records.review_records import ReviewRecords
from records.views import Filter, InspectionRow

ROOT = Path(__file__).resolve().parents[2]
ENDS_WITHIN_S = 15
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "JIDOKA_SUPERVISOR"}


def wait_until(condition: Callable[[], bool], what: str, within_s: float = 30.0) -> None:
    """Looks every 50 ms; fails when it takes too long."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {within_s:g} s for: {what}"
        time.sleep(0.05)


class RunningLine:
    """One simulated line in a folder, and our processes beside it."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        ports = ("--plc-port", "0", "--gauge-port", "0", "--camera-port", "0")
        self.simulator = subprocess.Popen(
            [sys.executable, "-m", "edge.simulator", *ports, *options],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=ENVIRONMENT,
        )
        assert self.simulator.stdout is not None
        self.ports: Mapping[str, int] = json.loads(self.simulator.stdout.readline())
        (self.review_port,) = free_ports(1)
        self.path = folder / "LINE.yaml"
        self.write_line_file()
        self._processes: list[subprocess.Popen[bytes]] = []

    def write_line_file(self, more: str = "", **values: str) -> None:
        """LINE.yaml for this line, with other values in it and more behind it."""
        known = {
            "line": "beam-line-3",
            "plc_host": "127.0.0.1",
            "plc_port": str(self.ports["plc_port"]),
            "gauge_port": str(self.ports["gauge_port"]),
            "camera_source": f"http://127.0.0.1:{self.ports['camera_port']}/stream",
            "review_host": "127.0.0.1",
            "review_port": str(self.review_port),
            "demo": "true",
        }
        text = line_file(**(known | values)).replace("reserve_mb: 64", "reserve_mb: 2")
        self.path.write_text(text + more, encoding="utf-8")

    @property
    def settings(self) -> LineSettings:
        return read_line_file(self.path)

    @property
    def review_address(self) -> str:
        return f"http://127.0.0.1:{self.review_port}"

    def start(self, verb: str) -> subprocess.Popen[bytes]:
        """Starts `jidoka edge` or `jidoka review`; its log goes to a file of that name."""
        with (self.folder / f"{verb}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "edge.cli", verb, str(self.path)],
                cwd=ROOT,
                env=ENVIRONMENT,
                stdout=log,
                stderr=log,
            )
        self._processes.append(process)
        return process

    def start_review(self) -> subprocess.Popen[bytes]:
        """The review station, answering."""
        process = self.start("review")
        wait_until(lambda: _answers(f"{self.review_address}/livez"), "the review station", 180)
        return process

    def truth(self) -> list[dict[str, Any]]:
        """What the simulator knows of its parts."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['camera_port']}/truth", timeout=30) as answer:
            parts: list[dict[str, Any]] = json.load(answer)["parts"]
        return parts

    def fault(self, kind: str, seconds: float = 0) -> None:
        """Orders a fault from the simulator."""
        body = json.dumps({"kind": kind, "seconds": seconds}).encode()
        address = f"http://127.0.0.1:{self.ports['camera_port']}/fault"
        urllib.request.urlopen(urllib.request.Request(address, body, method="POST"), timeout=10).close()

    def watchdog_tripped(self) -> bool:
        """The PLC's own word for it."""
        return bool(self._status_word(16) & 1 << 4)

    def cycle_sequence(self) -> int:
        """The number of the part in the station, its lower 16 bits, as the PLC has it."""
        return self._status_word(7)

    def _status_word(self, address: int) -> int:
        """Read with a bare Modbus request of our own."""
        request = struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, address, 1)
        with socket.create_connection(("127.0.0.1", self.ports["plc_port"]), 5) as wire:
            wire.sendall(request)
            answer = wire.recv(64)
        return int.from_bytes(answer[-2:], "big")

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The line's store, read beside the processes."""
        database = open_database(self.settings, checkpoint=False)
        try:
            yield database
        finally:
            database.close()

    @contextmanager
    def records(self) -> Iterator[ReviewRecords]:
        """What the review station would see."""
        with self.database() as database:
            yield ReviewRecords(database, Pictures(self.settings.store.frames))

    def log(self, verb: str) -> str:
        """What the process has said."""
        return (self.folder / f"{verb}.log").read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """Ends everything."""
        for process in (*self._processes, self.simulator):
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in (*self._processes, self.simulator):
            try:
                process.wait(ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self.simulator.stdout is not None:
            self.simulator.stdout.close()


def inspections(records: ReviewRecords) -> list[InspectionRow]:
    """Every inspection, newest first."""
    rows: list[InspectionRow] = []
    below: int | None = None
    while True:
        page = records.inspections(Filter(), below, 500)
        rows += page.rows
        if (below := page.next_below) is None:
            return rows


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
