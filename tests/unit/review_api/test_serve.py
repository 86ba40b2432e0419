"""The station as a process: it serves a live stream, and ends at once when told to."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from quality.judgement import Verdict
from tests.unit.review_api.conftest import Store

STATION = """
import sys
from datetime import datetime
from pathlib import Path
from records.database import Database
from records.pictures import Pictures
from records.review_records import ReviewRecords
from review_api.serve import serve
from review_api.settings import ReviewSettings
from tests.unit.review_api.conftest import LINE, PLAN, STATION, ZoneInfo
folder, port = Path(sys.argv[1]), int(sys.argv[2])
database = Database.open(f"sqlite:///{folder / 'jidoka.db'}", ledger_key=b"k" * 32, checkpoint=False)
settings = ReviewSettings(LINE, STATION, ZoneInfo("Europe/Berlin"), PLAN, folder, b"s" * 32, "127.0.0.1", port)
serve(settings, ReviewRecords(database, Pictures(folder / "frames")))
"""


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def station(store: Store, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    del store  # only its file is needed
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", STATION, str(tmp_path), str(port)], stdout=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            httpx.get(f"{url}/livez")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            break
    yield process, url
    process.kill()
    process.wait()


def test_live_stream_over_http_and_an_end_that_does_not_wait_for_it(
    station: tuple[subprocess.Popen[bytes], str], store: Store
) -> None:
    process, url = station
    with httpx.Client(base_url=url, auth=("it", "it-reports"), timeout=10) as client:
        with client.stream("GET", "/api/v1/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.iter_lines()
            topics = {next(line for line in lines if line.startswith("event: ")) for _ in range(4)}
            assert topics == {"event: line", "event: part", "event: cases", "event: alarms"}
            last_id = next(line for line in lines if line.startswith("id: ")).removeprefix("id: ")
        store.make_part(Verdict.PASS)
        with client.stream("GET", "/api/v1/events", headers={"Last-Event-ID": last_id}) as stream:
            lines = stream.iter_lines()
            told = (line for line in lines if line.startswith("event: "))
            assert next(event for event in told if event != "event: beat") == "event: part"
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert list(lines)[-1] == ""
            # Cut off by the server's patience, it would have lasted two seconds.
            assert time.monotonic() - began < 1.9
    process.wait(timeout=30)
    assert process.returncode == 0
