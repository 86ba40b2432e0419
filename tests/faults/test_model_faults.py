"""Models, readings and the gauge: what is missing, wrong, late or dead holds the part, and never the line."""

import asyncio
import multiprocessing
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest

from edge.bundles import bundle_folder
from edge.clock import SystemClock
from edge.cycle.alarms import Alarms
from edge.cycle.bundle_watch import BundleWatch
from edge.cycle.inspecting import MOST_ATTEMPTS
from edge.cycle.loose_thread import LooseThread
from edge.cycle.model_thread import MOST_LATE, ModelThread
from inference.bundle import MANIFEST, MODEL, changed_on_disk, load_bundle
from inference.forecast import OnnxForecaster
from quality.case import CaseKind, DecisionKind
from quality.characteristic import LineId, PartSerial, StationId
from quality.evidence import Measurement, NoEvidence, Reading
from quality.inspection import Cycle
from quality.judgement import ReasonCode, Verdict
from quality.order import OrderState
from tests.fakes import (
    START,
    FakeClock,
    FakeForecaster,
    FakeGauge,
    FakeInspector,
    FakeRecords,
    InlineExecutor,
    InlineWriter,
)
from tests.faults.line import DECIDE_WITHIN_S, Line, finding, forecast
from tests.faults.models import Graph, forecasting, looking
from tests.faults.workers import die, think

P = ParamSpec("P")
T = TypeVar("T")
NAN, INFINITE = float("nan"), float("inf")
SOUND_FORECAST, SOUND_SIGHT = ([0.0], [0.02]), (0.01, [[0.0, 0.0], [0.0, 0.0]])


async def is_held_for(line: Line, *words: str) -> None:
    """The next part is held for want of evidence, in those words; the one after it, when all is well, passes."""
    number = len(line.records.inspections) + 1
    inspection = await line.judge(f"BM-{number}", seconds=4)
    assert inspection.verdict is Verdict.HOLD
    reason = inspection.judgements[0].reasons[0]
    assert reason.code is ReasonCode.NO_EVIDENCE
    assert all(word in f"{reason.values['device']}: {reason.values['problem']}" for word in words), reason
    assert line.has_alarm("no evidence")
    assert line.is_held(f"BM-{number}")


async def passes_again(line: Line) -> None:
    number = len(line.records.inspections) + 1
    assert (await line.judge(f"BM-{number}")).verdict is Verdict.PASS
    assert not line.has_alarm("no evidence")


async def test_model_file_swapped_while_running(tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(bundle_folder("builtin:beam-forecast", tmp_path), folder)
    loaded = load_bundle(folder)
    forecaster = OnnxForecaster(loaded)
    cycle = Cycle(LineId("line-1"), StationId("milling"), 1, 1, PartSerial("BM-1"), START)
    readings = [Reading(name, 1.0, "", START) for name in forecaster.readings]
    before = forecaster.forecast(cycle, readings)
    assert not isinstance(before, NoEvidence)

    records, clock = FakeRecords(), FakeClock()
    watch = BundleWatch(
        [("tool", partial(changed_on_disk, folder, loaded))],
        InlineExecutor(),
        Alarms(records, InlineWriter(), clock),
        clock,
    )
    await watch.look()
    assert not records.alarms
    for name in (MODEL, MANIFEST):
        sound = (folder / name).read_bytes()
        (folder / name).write_bytes(sound[::-1])
        await watch.look()
        sentence = records.alarms["model tool", "files changed"].sentence
        assert str(folder / name) in sentence
        assert f"{loaded.digest[:12]}…) stays in force" in sentence
        after = forecaster.forecast(cycle, readings)
        assert not isinstance(after, NoEvidence)
        assert (after.model, after.mean.tolist()) == (before.model, before.mean.tolist())
        (folder / name).unlink()
        await watch.look()
        assert ("model tool", "files changed") in records.alarms
        (folder / name).write_bytes(sound)
        await watch.look()
        assert not records.alarms


@pytest.mark.parametrize("value", [NAN, INFINITE, -INFINITE])
async def test_reading_that_is_no_number(line: Line, value: float) -> None:
    async with line.running():
        line.plc.readings = (Reading("power_kw", value, "kW", START),)
        await is_held_for(line, "reading power_kw", str(value))
        line.plc.readings = (Reading("power_kw", 12.5, "kW", START),)
        await passes_again(line)


@pytest.mark.parametrize("value", [NAN, INFINITE])
async def test_nan_model_output(line: Line, value: float) -> None:
    graph, eye = Graph(*SOUND_FORECAST), Graph(*SOUND_SIGHT)
    line.forecaster, line.inspector = forecasting(graph), looking(eye)
    async with line.running():
        await passes_again(line)
        for spoiled in (([value], [0.02]), ([0.0], [value])):
            graph.answer = spoiled
            await is_held_for(line, "forecast model", "no number")
        graph.answer = SOUND_FORECAST
        for spoiled in ((value, SOUND_SIGHT[1]), (0.01, [[0.0, value], [0.0, 0.0]])):
            eye.answer = spoiled
            await is_held_for(line, "face", "no probability")
        eye.answer = SOUND_SIGHT
        await passes_again(line)


async def test_wrong_shape_of_model_output(line: Line) -> None:
    graph, eye = Graph(*SOUND_FORECAST), Graph(*SOUND_SIGHT)
    line.forecaster, line.inspector = forecasting(graph), looking(eye)
    async with line.running():
        for wrong in (([0.0, 0.0], [0.02, 0.02]), ([], []), (0.0, 0.02), ([0.0], [[0.02]])):
            graph.answer = wrong
            await is_held_for(line, "forecast model", "shape")
        graph.answer = SOUND_FORECAST
        for wrong in (([0.01], SOUND_SIGHT[1]), (0.01, [0.0, 0.0]), (0.01, [[0.0] * 9] * 9), (0.01, [[]])):
            eye.answer = wrong
            await is_held_for(line, "face", "the surface model gave a")
        eye.answer = SOUND_SIGHT
        await passes_again(line)


async def test_model_raises_at_run_time(line: Line) -> None:
    graph, eye = Graph(*SOUND_FORECAST), Graph(*SOUND_SIGHT)
    line.forecaster, line.inspector = forecasting(graph), looking(eye)
    async with line.running():
        graph.error = RuntimeError("Non-zero status code")
        await is_held_for(line, "forecast model", "RuntimeError: Non-zero status code")
        graph.error, eye.error = None, MemoryError("no room for a tensor")
        await is_held_for(line, "surface model of face", "MemoryError")
        eye.error = None
        await passes_again(line)


class Threads:
    """Makes threads; those of a model that hangs keep what they were asked until the test lets them answer."""

    def __init__(self) -> None:
        self.hanging = False
        self.held: list[Callable[[], None]] = []

    def __call__(self) -> Executor:
        return _Held(self)


class _Held(InlineExecutor):
    """One thread: what it hangs in keeps it from everything that is asked later."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._hangs = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        self._hangs = self._hangs or self._threads.hanging
        if not self._hangs:
            return super().submit(fn, *args, **kwargs)
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        self._threads.held.append(lambda: future.set_result(fn(*args, **kwargs)))
        return future


async def test_model_slower_than_its_deadline(line: Line) -> None:
    line.thread = threads = Threads()
    line.forecaster, line.inspector = FakeForecaster(forecast(0.0)), FakeInspector(finding(0.01))
    async with line.running():
        line.plc.enter("BM-1")
        threads.hanging = True
        await line.clock.advance(1.9)
        assert not line.records.inspections
        await line.clock.advance(0.5)
        late = line.inspection("BM-1")
        assert late.verdict is Verdict.HOLD
        assert {missing.device for missing in late.evidence.missing} == {"forecast model", "surface model of face"}
        assert "did not answer within 2 s" in line.alarm("no evidence")

        # The next part does not wait for the thread that is still at the last one, nor gets its answer.
        threads.hanging = False
        line.forecaster.answer = forecast(0.3)
        assert (await line.judge("BM-2")).verdict is Verdict.HOLD
        line.forecaster.answer = forecast(0.0)
        for answer in threads.held:
            answer()
        await line.clock.advance(0.5)
        assert line.inspection("BM-1").verdict is Verdict.HOLD
        assert line.inspection("BM-2").evidence.forecast is not None
        assert line.inspection("BM-2").evidence.forecast.mean[0] == 0.3
        await passes_again(line)
    assert line.plc.passed == ["BM-3"]


async def test_model_that_always_hangs_is_not_asked_for_ever(line: Line) -> None:
    line.thread = threads = Threads()
    async with line.running():
        threads.hanging = True
        for _ in range(MOST_LATE):
            await is_held_for(line, "did not answer within 2 s")
        asked = len(threads.held)
        await is_held_for(line, f"has not come back from {MOST_LATE} earlier parts")
        assert len(threads.held) == asked
        threads.hanging = False
        for answer in threads.held:
            answer()
        await passes_again(line)


def test_a_model_that_hangs_does_not_keep_the_process_from_ending() -> None:
    program = (
        "import threading; from edge.cycle.loose_thread import LooseThread;"
        "LooseThread('model').submit(threading.Event().wait)"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0


async def test_a_forecast_that_hangs_keeps_nobody_from_the_history() -> None:
    let_go, begun = threading.Event(), threading.Event()

    class Hanging(Graph):
        def run(self, output_names, input_feed):
            begun.set()
            let_go.wait(30)
            return super().run(output_names, input_feed)

    forecaster = forecasting(Hanging(*SOUND_FORECAST))
    cycle = Cycle(LineId("line-1"), StationId("milling"), 1, 1, PartSerial("BM-1"), START)
    hanging = LooseThread("model").submit(forecaster.forecast, cycle, ())
    assert begun.wait(30)
    forecaster.learn([Measurement("hole_x_mm", 0.1, PartSerial("BM-1"), 1, START)])
    assert not hanging.done()
    let_go.set()
    assert not isinstance(hanging.result(30), NoEvidence)


async def test_inference_worker_killed() -> None:
    def pool() -> Executor:
        made.append(ProcessPoolExecutor(1, multiprocessing.get_context("spawn")))
        return made[-1]

    made: list[ProcessPoolExecutor] = []
    model = ModelThread("surface model", pool, SystemClock(), within_s=60)
    assert await model.ask(think) == 0.5
    dead = await model.ask(die)
    assert isinstance(dead, NoEvidence)
    assert dead.problem.startswith("its worker has died")
    assert await model.ask(think) == 0.5
    assert len(made) == 2
    made[0].shutdown()
    # Killed while nobody asked.
    for process in multiprocessing.active_children():
        process.kill()
        process.join()
    answers = [await model.ask(think) for _ in range(2)]
    assert answers[-1] == 0.5
    for one in made:
        await asyncio.to_thread(one.shutdown)


class Crash(BaseException):
    """As when native code takes the process with it: nothing catches it, nothing is recorded."""


async def test_part_that_kills_the_edge_process(line: Line) -> None:
    graph = Graph(*SOUND_FORECAST)
    line.forecaster = forecasting(graph)
    async with line.running():
        await passes_again(line)
    graph.error = Crash()
    line.plc.enter("BM-2")
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(AssertionError, match="the edge process died"):
            async with line.running():
                await line.clock.advance(1)
        assert len(line.records.inspections) == 1
    async with line.running():
        await line.clock.advance(1)
        assert line.inspection("BM-2").verdict is Verdict.HOLD
        assert "it died 2 times while it judged this part" in line.alarm("no evidence")
        assert line.is_held("BM-2")
        graph.error = None
        await passes_again(line)


class SpoiledGauge:
    """Says of every part what it was told to say."""

    def __init__(self, answer: NoEvidence | float) -> None:
        self.answer = answer

    async def measure(self, sequence: int, serial: PartSerial) -> tuple[Measurement, ...] | NoEvidence:
        if isinstance(self.answer, NoEvidence):
            return self.answer
        return (Measurement("hole_x_mm", self.answer, serial, sequence, START),)


@pytest.mark.parametrize("answer", [NoEvidence("gauge", "not measured within 30 s", "look"), NAN, INFINITE])
async def test_gauge_silent_or_without_a_number(line: Line, answer: NoEvidence | float) -> None:
    line.gauge = gauge = SpoiledGauge(answer)
    async with line.running():
        case = await line.hold("BM-1")
        asked = line.decide(case, DecisionKind.MEASURE)
        await line.clock.advance(0.5)
        state, detail = line.records.travels[asked.id]
        assert state is OrderState.REFUSED
        assert detail.startswith("Part BM-1 could not be measured")
        assert line.has_alarm("no measurement")
        assert not line.records.measured
        assert line.is_held("BM-1")
        gauge.answer = 0.1
        line.decide(line.case("BM-1"), DecisionKind.MEASURE)
        await line.clock.advance(0.5)
        assert not line.has_alarm("no measurement")
        assert len(line.records.measured) == 1


async def test_escape_found_late_has_its_whole_time(line: Line) -> None:
    gauge = FakeGauge({"BM-5": {"hole_x_mm": 0.5}})

    class Slow:
        async def measure(self, sequence: int, serial: PartSerial) -> tuple[Measurement, ...] | NoEvidence:
            await line.clock.sleep(20)
            return await gauge.measure(sequence, serial)

    line.gauge = Slow()
    async with line.running():
        for number in range(1, 6):
            await line.judge(f"BM-{number}", seconds=0.2)
        await line.clock.advance(21)
    case = line.case("BM-5")
    assert case.kind is CaseKind.ESCAPE
    assert (case.deadline - case.opened_at).total_seconds() == DECIDE_WITHIN_S
    assert (line.clock.now() - case.opened_at).total_seconds() < 5
