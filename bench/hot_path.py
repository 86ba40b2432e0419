"""What one part costs, from trigger seen to verdict acknowledged, beside a floor that does the same work bare.

    python -m bench.hot_path [--parts 100] [--rounds 5] [--json]

Both run in this process, in turns, against the same bare PLC in another process and on the same pictures; once
with a part every 100 ms and once flat out. Latencies are of all rounds together, CPU is of the whole process.
With --json the worst ratios of both rates stand at the top.
"""

import argparse
import asyncio
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import uvloop

from bench import floor
from edge.acquisition.examine import examine
from edge.acquisition.settings import CameraSettings
from edge.acquisition.wire import Captured, Grabbed
from edge.bundles import open_bundle
from edge.clock import SystemClock
from edge.cycle.alarms import Alarms
from edge.cycle.attempts import Attempts
from edge.cycle.collecting import Collecting
from edge.cycle.delivery import Delivery
from edge.cycle.inspecting import Inspecting
from edge.cycle.judging import Judging
from edge.cycle.loose_thread import LooseThread
from edge.cycle.measuring import Measuring
from edge.cycle.serials import Serials
from edge.cycle.trigger import Trigger
from edge.cycle.watch import Watch
from edge.cycle.writer import Writer
from edge.equipment import open_gate
from edge.line_file import read_line_file
from edge.recording import read_parts
from edge.simulator.recording import write_recording
from edge.store import open_database
from edge.template import line_file
from inference.forecast import OnnxForecaster
from inference.surface import OnnxInspector
from quality.characteristic import LineId, StationId
from quality.evidence import Frame, NoEvidence
from quality.inspection import Cycle
from records.edge_records import EdgeRecords
from records.pictures import Pictures

WARM_UP = floor.WARM_UP
RATIOS = ("p50_ratio", "p99_ratio", "cpu_ratio")
RATES = {"10 parts/s": 0.1, "flat out": 0.0}


class Steps:
    """Milliseconds a part in each step, of the round that ran last."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.milliseconds: dict[str, float] = {}

    def count(self, parts: int) -> None:
        """Shares the seconds among the parts."""
        self.milliseconds = {name: round(1000 * s / parts, 3) for name, s in sorted(self.seconds.items())}

    def timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call with its time added to the step."""

        def measured(*args: Any, **kwargs: Any) -> Any:
            begin = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                self.seconds[name] += time.perf_counter() - begin

        return measured

    def awaited(self, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """The same for a coroutine."""

        async def measured(*args: Any, **kwargs: Any) -> Any:
            begin = time.perf_counter()
            try:
                return await call(*args, **kwargs)
            finally:
                self.seconds[name] += time.perf_counter() - begin

        return measured


class Measured:
    """An object whose named methods are timed; everything else is its own."""

    def __init__(self, inner: object, **timed: Callable[..., Any]) -> None:
        self._inner = inner
        self._timed = timed

    def __getattr__(self, name: str) -> Any:
        return self._timed.get(name) or getattr(self._inner, name)


class StoredCamera:
    """Pictures from memory through the product's own examination, so that no camera's pace is measured."""

    camera = "face"
    problem = None

    def __init__(self, settings: CameraSettings, jpegs: Sequence[bytes], vision: ThreadPoolExecutor) -> None:
        self._settings = settings
        self._pictures = itertools.cycle(jpegs)
        self._vision = vision

    async def frame_after(self, monotonic: float, _cycle: Cycle) -> Frame | NoEvidence:
        """The next picture, examined in the vision thread."""
        grabbed = Grabbed(Captured(monotonic + 1e-6, time.time()), monotonic, next(self._pictures))
        return await asyncio.get_running_loop().run_in_executor(
            self._vision, examine, self._settings, grabbed, None
        )

    async def glance(self) -> bytes | None:
        """Nobody looks."""
        return None


@contextmanager
def plc(takt: float, readings: Sequence[float]) -> Iterator[int]:
    """A bare PLC in its own process; its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.plc_server", str(takt), *map(str, readings)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def pictures(folder: Path) -> tuple[list[bytes], list[float]]:
    """Twenty pictures of the simulated line without a defect, and one part's readings: what passes is measured."""
    write_recording(folder, 20, 31, lambda _done: None, defect_share=0.0)
    jpegs = [path.read_bytes() for path in sorted((folder / "frames").glob("*.jpg"))]
    parts = read_parts(folder)
    tags = [tag.name for tag in read_line_file(_line(folder)).plc.readings]
    return jpegs, [float(parts.readings[0, parts.reading_names.index(name)]) for name in tags]


async def run_ours(
    port: int, parts: int, jpegs: Sequence[bytes], folder: Path, steps: Steps
) -> tuple[list[float], float]:
    """The edge process's own parts, put together as `edge.app` does."""
    path = folder / "LINE.yaml"
    path.write_text(line_file(plc_host="127.0.0.1", plc_port=str(port)), encoding="utf-8")
    settings, clock, write = read_line_file(path), SystemClock(), Writer()
    plan = settings.control_plan()
    database = open_database(settings, checkpoint=True)
    line, station = LineId(settings.line), StationId(settings.station)
    store = EdgeRecords(database, Pictures(settings.store.frames), line, station)
    records: Any = Measured(store, record=steps.timed("commit", store.record))
    vision = ThreadPoolExecutor(max_workers=1)
    forecaster = OnnxForecaster(open_bundle("builtin:beam-forecast", "forecast", folder))
    inspector = OnnxInspector(open_bundle("builtin:beam-surface", "surface", folder), "face")
    section = settings.cameras[0]
    camera = StoredCamera(CameraSettings("face", "mjpeg", "", section.width, section.height, 1), jpegs, vision)
    gate = open_gate(settings, clock)
    faces: Any = [
        (
            Measured(camera, frame_after=steps.awaited("picture decoded and checked", camera.frame_after)),
            Measured(inspector, inspect=steps.timed("surface model", inspector.inspect)),
        )
    ]
    seer: Any = Measured(forecaster, forecast=steps.timed("forecast model", forecaster.forecast))
    thread, deadline_s = partial(LooseThread, "model"), settings.models.deadline_ms / 1000
    judging = Judging(plan, clock, thread, seer, faces, (), deadline_s=deadline_s)
    alarms = Alarms(store, write, clock)
    timed_gate: Any = Measured(gate, give_verdict=steps.awaited("verdict to acknowledgement", gate.give_verdict))
    watch = Watch(
        gate, Trigger(line, station, None), alarms, clock, scan_s=settings.plc.scan_ms / 1000, most_waiting=4
    )
    inspecting = Inspecting(
        watch,
        Collecting((), lambda: watch.latest),
        judging,
        Serials(store, write),
        Attempts(folder / "judging"),
        records,
        write,
        Delivery(timed_gate, store, write, alarms, clock),
        Measuring(None, None, store, write, alarms, clock, plan),
        alarms,
        keep_passed_every=1_000_000,
    )
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(watch.run()), group.create_task(inspecting.run())]
        while inspecting.parts < WARM_UP:
            await asyncio.sleep(0.05)
        first, begin = inspecting.parts, time.process_time()
        steps.seconds.clear()
        while inspecting.parts < parts:
            await asyncio.sleep(0.05)
        cpu = (time.process_time() - begin) / (inspecting.parts - first)
        steps.count(inspecting.parts - first)
        for task in tasks:
            task.cancel()
    await gate.close()
    write.close()
    vision.shutdown()
    store.close()
    database.close()
    return list(inspecting.latency.seconds)[WARM_UP:], cpu


def measure(rounds: int, parts: int) -> dict[str, dict[str, Any]]:
    """Both, in turns, at every rate."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        jpegs, readings = pictures(folder / "recording")
        models = (
            open_bundle("builtin:beam-surface", "surface", folder).model,
            open_bundle("builtin:beam-forecast", "forecast", folder).model,
        )
        scan_s = read_line_file(_line(folder)).plc.scan_ms / 1000
        return {
            rate: _at_rate(folder, takt, rounds, parts, Work(jpegs, readings, models, scan_s))
            for rate, takt in RATES.items()
        }


def _line(folder: Path) -> Path:
    path = folder / "LINE.yaml"
    path.write_text(line_file(), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Work:
    """What both are given: pictures, readings, the surface and the forecast graph, and the pause between scans."""

    jpegs: Sequence[bytes]
    readings: Sequence[float]
    models: tuple[bytes, bytes]
    scan_s: float


def _at_rate(folder: Path, takt: float, rounds: int, parts: int, work: Work) -> dict[str, Any]:
    seconds: dict[str, list[float]] = {"floor": [], "ours": []}
    cpu: dict[str, float] = dict.fromkeys(seconds, 0.0)
    steps, spent = Steps(), dict[str, float]()
    for number in range(rounds):
        for name in seconds:
            place = folder / f"{takt}-{number}-{name}"
            place.mkdir()
            with plc(takt, work.readings) as port:
                if name == "floor":
                    found, used, spent = uvloop.run(
                        floor.run(port, parts, work.jpegs, work.models, place, work.scan_s)
                    )
                else:
                    found, used = uvloop.run(run_ours(port, parts, work.jpegs, place, steps))
            seconds[name] += found
            cpu[name] += used / rounds
    answer: dict[str, Any] = {}
    quantiles = {name: np.percentile(np.array(taken) * 1000, [50, 99]) for name, taken in seconds.items()}
    for name, (p50, p99) in quantiles.items():
        answer[name] = {
            "p50_ms": round(float(p50), 2),
            "p99_ms": round(float(p99), 2),
            "cpu_ms": round(1000 * cpu[name], 2),
        }
    answer["p50_ratio"] = round(float(quantiles["ours"][0] / quantiles["floor"][0]), 3)
    answer["p99_ratio"] = round(float(quantiles["ours"][1] / quantiles["floor"][1]), 3)
    answer["cpu_ratio"] = round(cpu["ours"] / cpu["floor"], 3)
    answer["steps_ms"] = steps.milliseconds
    answer["floor_steps_ms"] = {name: round(1000 * taken, 3) for name, taken in spent.items()}
    return answer


def main() -> None:
    """Prints the table, or with --json one object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    found = measure(options.rounds, options.parts)
    if options.json:
        worst = {name: max(answer[name] for answer in found.values()) for name in RATIOS}
        print(json.dumps(worst | {"rates": found}, indent=2))
        return
    for rate, answer in found.items():
        print(f"{rate}:")
        for name, value in answer.items():
            print(f"  {name:10} {value}")


if __name__ == "__main__":
    main()
