"""How much memory edge and review hold after many parts, and whether it still grows.

    python -m bench.memory [--parts 2000] [--json]

A simulated line at full speed; the resident set of each process (without its grabbers) at every quarter.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from edge.template import line_file

MEGABYTE = 1e6


def resident_mb(pid: int) -> float:
    """The process's resident set in megabytes."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found.group(1)) * 1024 / MEGABYTE


def made(camera_port: int) -> int:
    """How many parts the simulator has been given a verdict on."""
    with urllib.request.urlopen(f"http://127.0.0.1:{camera_port}/truth", timeout=30) as answer:
        return sum(part["verdict"] is not None for part in json.load(answer)["parts"])


def measure(parts: int, folder: Path) -> dict[str, list[float]]:
    """Megabytes by process at each quarter."""
    simulator = [
        sys.executable,
        "-m",
        "edge.simulator",
        "--takt",
        "0",
        "--lane",
        "1000000",
        "--gauge-seconds",
        "0",
    ]
    line = subprocess.Popen([*simulator, "--parts", str(parts)], stdout=subprocess.PIPE, text=True)
    assert line.stdout is not None
    ports = json.loads(line.stdout.readline())
    path = folder / "LINE.yaml"
    path.write_text(
        line_file(
            plc_host="127.0.0.1",
            plc_port=str(ports["plc_port"]),
            gauge_port=str(ports["gauge_port"]),
            camera_source=f"http://127.0.0.1:{ports['camera_port']}/stream",
            review_host="127.0.0.1",
            review_port="0",
            demo="true",
        ),
        encoding="utf-8",
    )
    ours = {
        verb: subprocess.Popen([sys.executable, "-m", "edge.cli", verb, str(path)], stderr=subprocess.DEVNULL)
        for verb in ("edge", "review")
    }
    found: dict[str, list[float]] = {verb: [] for verb in ours}
    try:
        for quarter in range(1, 5):
            while made(ports["camera_port"]) < parts * quarter // 4:
                time.sleep(1)
            for verb, process in ours.items():
                found[verb].append(round(resident_mb(process.pid), 1))
    finally:
        for process in (*ours.values(), line):
            process.terminate()
            process.wait()
        line.stdout.close()
    return found


def main() -> None:
    """Prints a line for each process, or with --json one object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        found = measure(options.parts, Path(place))
    if options.json:
        print(json.dumps({"parts": options.parts, "resident_mb": found}, indent=2))
        return
    for verb, megabytes in found.items():
        print(f"{verb:8} {megabytes} MB at each quarter of {options.parts} parts")


if __name__ == "__main__":
    main()
