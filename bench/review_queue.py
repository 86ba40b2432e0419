"""How fast the review station answers its most asked question: the newest 50 of a million inspections.

The station runs as in service (uvicorn on uvloop, one process, a session's cookie) on an SQLite store to which
the line meanwhile adds parts and its live state from a third process, so that what is cached does not stay so.
The load comes from keep-alive connections that ask again as soon as they are answered. Beside it, in the same run,
a *floor* does the same with nothing around it: a bare ASGI function without accounts, routes and headers, which
keeps one page of raw SQLite rows as JSON until SQLite's data version changes.

    python bench/review_queue.py [--json] [--rows N] [--seconds S] [--connections C] [--parts-per-second P]
"""

import argparse
import asyncio
import json
import multiprocessing
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import structlog
import uvicorn
import uvloop
from sqlalchemy import text
from starlette.types import Receive, Scope, Send

from quality.characteristic import Characteristic, Limits, LineId, PartSerial, StationId
from quality.evidence import Forecast, Reading
from quality.inspection import Cycle, Evidence, Inspection
from quality.judge import judge_forecast, leading, verdict_of
from quality.plan import ControlPlan, ReactionPlan, Thresholds
from records.database import Database
from records.edge_records import EdgeRecords
from records.pictures import Pictures
from records.review_records import ReviewRecords
from records.sqlite import newest_driver
from review_api.accounts import seed_demo_accounts
from review_api.serve import serve
from review_api.settings import ReviewSettings

LINE, STATION = LineId("beam-line-3"), StationId("milling-1")
PLAN = ControlPlan(
    part="bumper beam",
    characteristics=tuple(
        Characteristic(f"hole_{hole}_{axis}_mm", "mm", Limits(-0.18, 0.18), 0.0)
        for hole in range(1, 7)
        for axis in ("x", "y", "diameter")
    ),
    forecast=Thresholds(0.2, 0.6),
    surface=Thresholds(0.3, 0.7),
    measure_every=5,
    reaction=ReactionPlan(),
)
PAGE = 50
SPAWNING = multiprocessing.get_context("spawn")
# One recorded part is copied; what lists do not show is left out of the copies, which keeps the store small.
COPY = """
INSERT INTO inspections (line, station, boot_count, cycle_sequence, serial, triggered_at, judged_at, verdict,
    plan_version, answer, answered_at, models, judgements, readings, forecast, sights)
WITH RECURSIVE series(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM series WHERE n < :rows)
SELECT line, station, boot_count, n, printf('B%07d', n), triggered_at + n * 6000000, judged_at + n * 6000000,
    CASE WHEN n % 20 = 0 THEN 'HOLD' ELSE 'PASS' END, plan_version, 'ACCEPTED', judged_at + n * 6000000,
    models, judgements, '[]', '{}', sights
FROM inspections, series WHERE id = 1
"""


def main() -> None:
    """Makes the store, starts station and line, loads the station and prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--parts-per-second", type=float, default=10.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jidoka-bench-") as folder:
        result = _measure(Path(folder), asked)
    if asked.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:>20}  {value}")


def _measure(folder: Path, asked: argparse.Namespace) -> dict[str, float]:
    began = time.monotonic()
    _make_store(folder, asked.rows)
    made_in = time.monotonic() - began
    line = SPAWNING.Process(target=_line, args=(folder, asked.rows + 1, asked.parts_per_second), daemon=True)
    line.start()
    try:
        station = _loaded(_station, folder, asked)
        floor = _loaded(_floor, folder, asked)
    finally:
        line.terminate()
        line.join()
    p50, p99 = np.percentile(station.latencies_ms, [50, 99])
    floor_p50, floor_p99 = np.percentile(floor.latencies_ms, [50, 99])
    return {
        "requests_per_s": round(len(station.latencies_ms) / asked.seconds),
        "p50_ms": round(float(p50), 2),
        "p99_ms": round(float(p99), 2),
        "floor_requests_per_s": round(len(floor.latencies_ms) / asked.seconds),
        "floor_p50_ms": round(float(floor_p50), 2),
        "floor_p99_ms": round(float(floor_p99), 2),
        "rows": asked.rows,
        "page_rows": PAGE,
        "page_bytes": station.page_bytes,
        "connections": asked.connections,
        "seconds": asked.seconds,
        "parts_per_s": asked.parts_per_second,
        "store_made_in_s": round(made_in, 1),
    }


def _loaded(serving: Callable[[Path, int], None], folder: Path, asked: argparse.Namespace) -> "Load":
    """The load put on one server, which lives as long."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = SPAWNING.Process(target=serving, args=(folder, port), daemon=True)
    server.start()
    try:
        load = Load(port, _cookie(port), asked.connections)
        uvloop.run(load.run(asked.seconds))
    finally:
        server.terminate()
        server.join()
    return load


def _open(folder: Path, *, checkpoint: bool) -> Database:
    return Database.open(f"sqlite:///{folder / 'jidoka.db'}", ledger_key=b"k" * 32, checkpoint=checkpoint)


def _inspection(sequence: int) -> Inspection:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=6 * sequence)
    names = tuple(c.name for c in PLAN.characteristics)
    forecast = Forecast(names, np.full(len(names), 0.12), np.full(len(names), 0.04), "f" * 64)
    readings = tuple(Reading(f"reading_{n}", float(n), "kW", now) for n in range(8))
    judgements = judge_forecast(forecast, PLAN)
    return Inspection(
        cycle=Cycle(LINE, STATION, 1, sequence, PartSerial(f"B{sequence:07d}"), now),
        evidence=Evidence(readings=readings, forecast=forecast),
        judgements=leading(judgements),
        verdict=verdict_of(judgements),
        judged_at=now,
        plan_version=PLAN.version,
        models=("f" * 64, "a" * 64),
    )


def _make_store(folder: Path, rows: int) -> None:
    database = _open(folder, checkpoint=True)
    database.migrate()
    pictures = Pictures(folder / "frames")
    edge = EdgeRecords(database, pictures, LINE, STATION)
    edge.record(_inspection(1), None, ())
    edge.close()
    with database.write() as connection:
        connection.execute(text(COPY), {"rows": rows})
    seed_demo_accounts(ReviewRecords(database, pictures))
    database.close()


def _station(folder: Path, port: int) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    database = _open(folder, checkpoint=False)
    settings = ReviewSettings(LINE, STATION, ZoneInfo("UTC"), PLAN, folder, b"s" * 32, "127.0.0.1", port)
    serve(settings, ReviewRecords(database, Pictures(folder / "frames")))


def _floor(folder: Path, port: int) -> None:
    database = newest_driver().connect(folder / "jidoka.db")
    kept: dict[str, object] = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        (version,) = database.execute("PRAGMA data_version").fetchone()
        if kept.get("version") != version:
            names = "id, line, station, serial, triggered_at, judged_at, verdict, models, judgements, answer"
            rows = database.execute(f"SELECT {names} FROM inspections ORDER BY id DESC LIMIT {PAGE}").fetchall()  # noqa: S608
            columns = names.split(", ")
            kept.update(version=version, page=orjson.dumps([dict(zip(columns, row, strict=True)) for row in rows]))
        page = kept["page"]
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(page))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": page})

    uvicorn.run(app, port=port, loop="uvloop", http="httptools", lifespan="off", access_log=False, log_config=None)


def _line(folder: Path, sequence: int, parts_per_second: float) -> None:
    if parts_per_second <= 0:
        return
    database = _open(folder, checkpoint=True)
    edge = EdgeRecords(database, Pictures(folder / "frames"), LINE, STATION)
    while True:
        edge.record(_inspection(sequence), None, ())
        edge.show_line({"cycle_sequence": sequence})
        sequence += 1
        time.sleep(1 / parts_per_second)


def _cookie(port: int) -> str:
    """The cookie of an engineer's session, once the station answers."""
    body = json.dumps({"name": "engineer", "password": "engineer"}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/session", body, {"Content-Type": "application/json"}
    )
    for _ in range(300):
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
                return str(answer.headers.get("set-cookie", "")).partition(";")[0]
        except urllib.error.URLError:
            time.sleep(0.1)
    raise TimeoutError("the station did not start within 30 s; its log says why")


@dataclass
class Load:
    """Keep-alive connections that ask for the newest page until time is up."""

    port: int
    cookie: str
    connections: int
    latencies_ms: list[float] = field(default_factory=list)
    page_bytes: int = 0

    async def run(self, seconds: float) -> None:
        """Asks for that long, after one unmeasured page on each connection."""
        self._request = (
            f"GET /api/v1/inspections?limit={PAGE} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Cookie: {self.cookie}\r\n\r\n"
        ).encode()
        await asyncio.gather(*(self._connection(seconds) for _ in range(self.connections)))

    async def _connection(self, seconds: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        await self._ask(reader, writer)
        until = time.perf_counter() + seconds
        while (began := time.perf_counter()) < until:
            await self._ask(reader, writer)
            self.latencies_ms.append((time.perf_counter() - began) * 1000)
        writer.close()
        await writer.wait_closed()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(f"the station answered {head[:60]!r}")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        self.page_bytes = len(await reader.readexactly(length))


if __name__ == "__main__":
    main()
