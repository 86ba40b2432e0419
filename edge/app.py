"""The edge process: everything is made here and handed on, recovered first, and then run until told to stop."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from edge.acquisition.camera import Camera
from edge.clock import SystemClock
from edge.cycle.alarms import Alarms
from edge.cycle.case_clock import CaseClock
from edge.cycle.compensation import CompensatedForecaster
from edge.cycle.delivery import Delivery
from edge.cycle.heartbeat import Heartbeat
from edge.cycle.housekeeping import Housekeeping
from edge.cycle.inspecting import Inspecting
from edge.cycle.judging import Judging
from edge.cycle.measuring import Measuring
from edge.cycle.orders import Orders
from edge.cycle.recovery import first_scan, reassert_holds, recover
from edge.cycle.showing import Showing
from edge.cycle.trigger import Trigger
from edge.cycle.watch import Watch
from edge.cycle.writer import Writer
from edge.equipment import open_bundle, open_camera, open_gate, open_gauge
from edge.settings import LineSettings
from edge.store import live_folder, open_database
from inference.bundle import Bundle
from inference.forecast import OnnxForecaster
from inference.surface import OnnxInspector
from quality.characteristic import LineId, StationId
from quality.ports import Clock, Forecaster, Gate, Gauge, Records
from records.edge_records import EdgeRecords
from records.pictures import Pictures
from records.retention import prune as prune_pictures

MOST_WAITING = 4
HISTORY_ROWS = 256

log = structlog.get_logger()


async def run_edge(settings: LineSettings, beside: Path) -> None:
    """The edge process of one line, until SIGTERM or SIGINT. `beside` is the folder of LINE.yaml.

    Raises BundleError before anything is judged when a model cannot be trusted.
    """
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        database = open_database(settings, checkpoint=True)
        stack.callback(database.close)
        pictures = Pictures(settings.store.frames)
        records = EdgeRecords(database, pictures, LineId(settings.line), StationId(settings.station))
        stack.callback(records.close)
        write = Writer()
        stack.callback(write.close)
        log.info("edge starts", line=settings.line, store=database.description)
        gate = open_gate(settings, clock)
        stack.push_async_callback(gate.close)
        gauge = open_gauge(settings, clock)
        if gauge is not None:
            stack.push_async_callback(gauge.close)
        vision = ThreadPoolExecutor(max_workers=1, thread_name_prefix="vision")
        stack.callback(vision.shutdown)
        prune = partial(
            prune_pictures,
            database,
            pictures,
            keep_days=settings.store.keep_days,
            keep_bytes=int(settings.store.keep_gigabytes * 1e9),
        )
        housekeeping = Housekeeping(prune, clock)
        line = await _assemble(settings, beside, clock, records, write, gate, gauge, vision, database.description)
        for camera in line.cameras:
            await camera.start()
            stack.push_async_callback(camera.close)
        await line.run(housekeeping.run)


class _Line:
    """The running parts of one line."""

    def __init__(self, cameras: tuple[Camera, ...], tasks: tuple[Callable[[], Awaitable[None]], ...]) -> None:
        self.cameras = cameras
        self._tasks = tasks

    async def run(self, *more: Callable[[], Awaitable[None]]) -> None:
        """Until a signal comes. When one task fails, all end, and the supervisor starts the process again."""
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(_forever(task)) for task in (*self._tasks, *more)]
            await stop.wait()
            for task in running:
                task.cancel()


async def _forever(task: Callable[[], Awaitable[None]]) -> None:
    await task()


@dataclass(frozen=True, slots=True)
class _Models:
    """The models of one line, each camera with the one that looks at its frames, and (name, digest) of all."""

    forecaster: OnnxForecaster | None
    faces: tuple[tuple[Camera, OnnxInspector | None], ...]
    named: tuple[tuple[str, str], ...]


def _open_models(settings: LineSettings, beside: Path, vision: ThreadPoolExecutor) -> _Models:
    named: list[tuple[str, str]] = []

    def opened(name: str, kind: str) -> Bundle:
        bundle = open_bundle(name, kind, beside)
        named.append((bundle.name, bundle.digest))
        return bundle

    wanted = settings.models
    forecaster = OnnxForecaster(opened(wanted.forecast, "forecast")) if wanted.forecast else None
    faces: list[tuple[Camera, OnnxInspector | None]] = []
    for section in settings.cameras:
        surface = wanted.surface.get(section.name)
        inspector = OnnxInspector(opened(surface, "surface"), section.name) if surface else None
        faces.append((open_camera(section, inspector.channels if inspector else 1, vision), inspector))
    return _Models(forecaster, tuple(faces), tuple(named))


async def _assemble(
    settings: LineSettings,
    beside: Path,
    clock: Clock,
    records: Records,
    write: Writer,
    gate: Gate,
    gauge: Gauge | None,
    vision: ThreadPoolExecutor,
    store: str,
) -> _Line:
    plan = settings.control_plan()
    alarms = Alarms(records, write, clock)
    await alarms.start_afresh()
    models = _open_models(settings, beside, vision)
    forecaster: Forecaster | None = None
    if models.forecaster is not None:
        forecaster = CompensatedForecaster(models.forecaster, plan)
        forecaster.restore(await write(records.history, HISTORY_ROWS))
    cameras = tuple(camera for camera, _ in models.faces)
    digests = tuple(digest for _, digest in models.named)
    judging = Judging(plan, clock, vision, forecaster, models.faces, digests)
    delivery = Delivery(gate, records, write, alarms, clock)
    measuring = Measuring(gauge, forecaster, records, write, alarms, clock, plan)
    trigger = Trigger(LineId(settings.line), StationId(settings.station), await write(records.last_cycle))
    watch = Watch(gate, trigger, alarms, clock, scan_s=settings.plc.scan_ms / 1000, most_waiting=MOST_WAITING)
    inspecting = Inspecting(
        watch,
        judging,
        records,
        write,
        delivery,
        measuring,
        alarms,
        keep_passed_every=settings.store.keep_passed_every,
    )
    orders = Orders(gate, records, write, measuring, alarms, clock, plan)
    showing = Showing(
        watch,
        inspecting,
        cameras,
        models.named,
        records,
        write,
        alarms,
        clock,
        plan,
        store=store,
        live_folder=live_folder(settings),
    )

    async def recover_then_judge() -> None:
        scan = await first_scan(gate, alarms, clock)
        await recover(scan, gate, records, write, alarms, delivery)
        log.info("edge has recovered", boot=scan.status.boot_count, cycle=scan.status.cycle_sequence)
        async with asyncio.TaskGroup() as group:
            for task in (watch.run, inspecting.run, orders.run, follow_reboots):
                group.create_task(_forever(task))

    async def follow_reboots() -> None:
        while True:
            await watch.rebooted.wait()
            watch.rebooted.clear()
            if watch.latest is not None:
                log.warning("plc has restarted", boot=watch.latest.status.boot_count)
                await reassert_holds(gate, records, write, alarms)

    heartbeat = Heartbeat(gate, clock)
    case_clock = CaseClock(records, write, alarms, clock, plan)
    return _Line(
        cameras,
        (heartbeat.run, recover_then_judge, measuring.run, case_clock.run, showing.run),
    )
