"""What many tablets cost: the edge's latency without them and with them, and what the review station takes.

    python -m bench.review_tablets [--tablets 50] [--seconds 200] [--rounds 3] [--takt 1] [--json]

A simulated line runs all the time. In turns nobody looks, all tablets listen to the live feed, and all tablets
have the line page open, which they fetch anew when it changed, as live.js does. The latency is that of the store:
a part's trigger to its answered verdict. The tablets live in a process of their own, on the same machine.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from bench.memory import resident_mb
from edge.free_ports import free_ports
from edge.template import line_file

SPAWNING = multiprocessing.get_context("spawn")
SECOND = 1e6
APART_S = 1.0
"""A page is fetched at most once in that time, as in live.js."""
VOLATILE = frozenset({"at", "shown_at", "readings", "latency_ms", "drift"})
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PHASES = ("nobody", "listening", "line page open")
LATENCIES = (
    "SELECT answered_at - triggered_at FROM inspections WHERE triggered_at >= ? AND answered_at IS NOT NULL"
)


def news_of(state: bytes) -> str:
    """What of the line's state makes a page fetch itself anew, as in live.js."""
    known = json.loads(state) or {}
    return json.dumps({name: value for name, value in known.items() if name not in VOLATILE})


class Tablets:
    """So many clients of the review station, each with a connection for the feed and one for pages."""

    def __init__(self, port: int, count: int, *, fetch: bool) -> None:
        self._port = port
        self._count = count
        self._fetch = fetch
        self.events = 0
        self.pages = 0

    async def run(self, seconds: float) -> None:
        """Looks for that long."""
        cookie = await self._sign_in()
        looking = [asyncio.create_task(self._tablet(cookie)) for _ in range(self._count)]
        await asyncio.sleep(seconds)
        for each in looking:
            each.cancel()
        await asyncio.gather(*looking, return_exceptions=True)

    async def _sign_in(self) -> str:
        body = json.dumps({"name": "engineer", "password": "engineer"}).encode()
        head = await self._ask("POST /api/v1/session", "Content-Type: application/json", body)
        return head.partition("set-cookie: ")[2].partition(";")[0]

    async def _tablet(self, cookie: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**20)
        writer.write(f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode())
        fetched, topic, line_told = 0.0, b"", ""
        while said := await reader.readline():
            if said.startswith(b"event: "):
                topic = said.removeprefix(b"event: ").strip()
            if not said.startswith(b"data: "):
                continue
            self.events += 1
            if topic == b"line":
                told, line_told = line_told, news_of(said.removeprefix(b"data: "))
                if told == line_told:
                    continue
            if self._fetch and time.monotonic() - fetched >= APART_S:
                fetched = time.monotonic()
                await self._ask("GET /line", f"Cookie: {cookie}\r\nHX-Request: true\r\nAccept-Encoding: gzip")
                self.pages += 1
        raise ConnectionError("The feed ended.")

    async def _ask(self, what: str, headers: str, body: bytes = b"") -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        head = f"{what} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{headers}\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = (await reader.read()).partition(b"\r\n\r\n")[0].decode("latin-1")
        writer.close()
        if " 200 " not in answer.partition("\r\n")[0]:
            raise ConnectionError(f"{what}: {answer[:80]}")
        return answer


def look(port: int, count: int, seconds: float, told: Any, *, fetch: bool) -> None:
    """The tablets' process; puts what they saw into `told`."""
    tablets = Tablets(port, count, fetch=fetch)
    asyncio.run(tablets.run(seconds))
    told.put({"events": tablets.events, "pages": tablets.pages})


@contextmanager
def running_line(folder: Path, takt: float) -> Iterator[tuple[int, int, Path]]:
    """Simulator, edge and review: the review station's port and process id, and the store."""
    simulator = [sys.executable, "-m", "edge.simulator", "--takt", str(takt), "--lane", "1000000"]
    line = subprocess.Popen(simulator, stdout=subprocess.PIPE, text=True)
    assert line.stdout is not None
    ports = json.loads(line.stdout.readline())
    (port,) = free_ports(1)
    path = folder / "LINE.yaml"
    path.write_text(
        line_file(
            plc_host="127.0.0.1",
            plc_port=str(ports["plc_port"]),
            gauge_port=str(ports["gauge_port"]),
            camera_source=f"http://127.0.0.1:{ports['camera_port']}/stream",
            review_host="127.0.0.1",
            review_port=str(port),
            demo="true",
        ),
        encoding="utf-8",
    )
    ours = [
        subprocess.Popen([sys.executable, "-m", "edge.cli", verb, str(path)], stderr=subprocess.DEVNULL)
        for verb in ("edge", "review")
    ]
    try:
        yield port, ours[1].pid, folder / "var" / "jidoka.db"
    finally:
        for process in (*ours, line):
            process.terminate()
            process.wait()
        line.stdout.close()


def latencies_ms(store: Path, since: float) -> np.ndarray:
    """Trigger to answered verdict of every part triggered since then (s since 1970)."""
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as database:
        rows = database.execute(LATENCIES, (round(since * SECOND),)).fetchall()
    return np.array([row[0] for row in rows]) / 1000


def made(store: Path) -> int:
    """How many parts have had their verdict."""
    try:
        return len(latencies_ms(store, 0))
    except sqlite3.OperationalError:
        # The edge process has not made the store yet.
        return 0


def answers(port: int) -> bool:
    """Whether the review station is there."""
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def cpu_s(pid: int) -> float:
    """Seconds of CPU that the process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def phase(name: str, port: int, review: int, store: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """One stretch of the run."""
    began, cpu = time.time(), cpu_s(review)
    seen = {"events": 0, "pages": 0}
    if name == "nobody":
        time.sleep(asked.seconds)
    else:
        told = SPAWNING.Queue()
        looking = SPAWNING.Process(
            target=look,
            args=(port, asked.tablets, asked.seconds, told),
            kwargs={"fetch": name == PHASES[2]},
            daemon=True,
        )
        looking.start()
        seen = told.get(timeout=asked.seconds + 60)
        looking.join()
    took = time.time() - began
    return {
        "latencies": latencies_ms(store, began),
        "review_cpu": (cpu_s(review) - cpu) / took,
        "review_mb": resident_mb(review),
        "events_per_s": seen["events"] / took,
        "pages_per_s": seen["pages"] / took,
    }


def measure(folder: Path, asked: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Every phase, in turns."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in PHASES}
    with running_line(folder, asked.takt) as (port, review, store):
        while made(store) < asked.warm or not answers(port):
            time.sleep(0.5)
        for _ in range(asked.rounds):
            for name in PHASES:
                found[name].append(phase(name, port, review, store, asked))
    return {name: summary(stretches) for name, stretches in found.items()}


def summary(stretches: list[dict[str, Any]]) -> dict[str, float]:
    """The stretches of one phase together."""
    latencies = np.concatenate([stretch.pop("latencies") for stretch in stretches])
    p50, p95, p99 = np.percentile(latencies, [50, 95, 99])
    figures = {"parts": len(latencies), "p50_ms": p50, "p95_ms": p95, "p99_ms": p99}
    figures |= {name: max(stretch[name] for stretch in stretches) for name in stretches[0]}
    return {name: round(float(value), 2) for name, value in figures.items()}


def main() -> None:
    """Prints a line for each phase, or with --json one object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tablets", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=200.0, help="of each phase in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--takt", type=float, default=1.0, help="seconds")
    parser.add_argument("--warm", type=int, default=20, help="parts before the first phase")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jidoka-bench-") as place:
        found = measure(Path(place), asked)
    if asked.json:
        print(json.dumps({"tablets": asked.tablets, "phases": found}, indent=2))
        return
    for name, figures in found.items():
        print(f"{name:15} " + "  ".join(f"{key} {value:g}" for key, value in figures.items()))


if __name__ == "__main__":
    main()
