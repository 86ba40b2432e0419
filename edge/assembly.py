"""Puts the running parts of one line together from what surrounds it: the real world in `edge.app`, or a trial's.

There is one way a line is wired, and it is here; whoever calls decides what the clock, the store and the
equipment are.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial

import structlog

from edge.cycle.alarms import Alarms
from edge.cycle.attempts import Attempts
from edge.cycle.camera_watch import CameraWatch
from edge.cycle.case_clock import CaseClock
from edge.cycle.collecting import Collecting
from edge.cycle.compensation import CompensatedForecaster
from edge.cycle.counting import CountingDevice, CountingGate, CountingGauge
from edge.cycle.delivery import Delivery
from edge.cycle.drift import Drift, WatchedForecaster
from edge.cycle.explaining import Explaining
from edge.cycle.heartbeat import Heartbeat
from edge.cycle.holds import Holds
from edge.cycle.inspecting import Inspecting
from edge.cycle.judging import Judging
from edge.cycle.lane import Lane
from edge.cycle.measuring import Measuring
from edge.cycle.model_thread import ModelThread
from edge.cycle.orders import Orders
from edge.cycle.recovery import first_scan, recover
from edge.cycle.serials import Serials
from edge.cycle.showing import Showing
from edge.cycle.trigger import Trigger
from edge.cycle.wall_clock import WallClock
from edge.cycle.watch import Watch
from edge.cycle.writer import Writer
from edge.settings import LineSettings
from edge.store import live_folder
from quality.characteristic import LineId, StationId
from quality.drift import Reference
from quality.ports import Clock, Device, Explainer, Forecaster, FrameSource, Gate, Gauge, Inspector, Records

MOST_WAITING = 4
EXPLAINED_WITHIN_S = 5.0
"""Nothing waits for it; on a busy machine some tens of model runs take long."""
HISTORY_ROWS = 400
"""Earlier parts a forecast starts from: its own history, and before that as many as calibrate its width."""

Task = Callable[[], Awaitable[None]]
"""Runs for ever."""

Keeper = Callable[[Alarms], Task]
"""Looks after something around the line, and says through its alarms what is wrong with it."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """How often what repeats is done, in seconds. The PLC's scan has its own setting, `plc.scan_ms`."""

    beat_s: float = 0.25
    orders_s: float = 0.05
    """Between two looks for a decision."""
    cases_s: float = 0.5
    """Between two looks for a case past its deadline."""
    holds_s: float = 0.25
    """Between two looks for a hold that the PLC has to be told of again."""
    cameras_s: float = 0.1
    """Between two looks for a camera that has a problem."""
    show_s: float = 0.5


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What one line works with, opened and owned by whoever runs it."""

    clock: Clock
    records: Records
    write: Writer
    gate: Gate
    gauge: Gauge | None
    forecaster: Forecaster | None
    faces: Sequence[tuple[FrameSource, Inspector | None]]
    """Each camera with the model that looks at its frames."""
    models: Sequence[tuple[str, str]]
    """Name and digest of every model."""
    thread: Callable[[], Executor]
    """Starts a thread for one model."""
    store: str
    """How the store runs, in one sentence."""
    keepers: Sequence[Keeper] = ()
    devices: Sequence[Device] = ()
    """What brings readings beside the PLC."""
    explainer: Explainer | None = None
    """What says why the forecaster's forecasts are what they are."""
    references: Mapping[str, Reference] = field(default_factory=dict)
    """What each reading was like where the forecast model was learned, as far as its bundle says."""


async def assemble(settings: LineSettings, around: Surroundings, pace: Pace = Pace()) -> tuple[Task, ...]:
    """Everything that runs in the edge process; recovery comes before anything is judged.

    Reads the store, and closes the alarms that an earlier run left standing.
    """
    clock, records, write = around.clock, around.records, around.write
    plan = settings.control_plan()
    last = await write(records.last_cycle)
    counts_to = settings.plc.counts_to
    gate = CountingGate(around.gate, counts_to, last)
    gauge = around.gauge and CountingGauge(around.gauge, counts_to)
    devices = [CountingDevice(device, counts_to) for device in around.devices]
    await write(records.use_plan, plan)
    alarms = Alarms(records, write, clock)
    await alarms.start_afresh()
    history = await write(records.history, HISTORY_ROWS)
    serials = Serials(records, write)
    await serials.restore(cycle for cycle, _, _ in history)
    digests = tuple(digest for _, digest in around.models)
    drift = Drift(alarms, plan, live_folder(settings) / "references.json", digests, around.references)
    drift.restore(history)
    forecaster: Forecaster | None = None
    if around.forecaster is not None:
        forecaster = WatchedForecaster(CompensatedForecaster(around.forecaster, plan), drift)
    judging = Judging(
        plan,
        clock,
        around.thread,
        forecaster,
        around.faces,
        digests,
        deadline_s=settings.models.deadline_ms / 1000,
        drifts=lambda: drift.wary,
    )
    await judging.take_up(history)
    delivery = Delivery(gate, records, write, alarms, clock)
    holds = Holds(gate, records, write, alarms, clock, every_s=pace.holds_s)
    lane = Lane(records, write, alarms, clock)
    measuring = Measuring(gauge, forecaster, records, write, alarms, clock, plan)
    measuring.restore(history)
    trigger = Trigger(LineId(settings.line), StationId(settings.station), last)
    watch = Watch(gate, trigger, alarms, clock, scan_s=settings.plc.scan_ms / 1000, most_waiting=MOST_WAITING)
    explaining = None
    if around.explainer is not None:
        thread = ModelThread("explanation of forecasts", around.thread, clock, within_s=EXPLAINED_WITHIN_S)
        explaining = Explaining(around.explainer, thread, records, write)
    inspecting = Inspecting(
        watch,
        Collecting(devices, lambda: watch.latest),
        judging,
        serials,
        Attempts(live_folder(settings) / "judging"),
        records,
        write,
        delivery,
        measuring,
        alarms,
        keep_passed_every=settings.store.keep_passed_every,
        drift=drift,
        explaining=explaining,
    )
    orders = Orders(gate, records, write, measuring, holds, alarms, clock, plan, every_s=pace.orders_s)
    cameras = tuple(camera for camera, _ in around.faces)
    camera_watch = CameraWatch(cameras, alarms, clock, every_s=pace.cameras_s)
    showing = Showing(
        watch,
        inspecting,
        cameras,
        around.models,
        records,
        write,
        alarms,
        clock,
        plan,
        store=around.store,
        live_folder=live_folder(settings),
        every_s=pace.show_s,
        drift=drift,
        devices=(*(("gauge",) if gauge is not None else ()), *(device.name for device in settings.devices)),
    )

    async def recover_then_judge() -> None:
        scan = await first_scan(gate, alarms, clock)
        await recover(scan, records, write, delivery, holds)
        await lane.compare(scan.status.held_count)
        log.info("edge has recovered", boot=scan.status.boot_count, cycle=scan.status.cycle_sequence)
        await run_all((watch.run, inspecting.run, orders.run, partial(holds.run, watch), partial(lane.run, watch)))

    heartbeat = Heartbeat(gate, clock, every_s=pace.beat_s)
    case_clock = CaseClock(records, write, alarms, clock, plan, every_s=pace.cases_s)
    wall_clock = WallClock(alarms, clock, history[-1][0].triggered_at if history else None)
    return (
        heartbeat.run,
        recover_then_judge,
        measuring.run,
        case_clock.run,
        camera_watch.run,
        wall_clock.run,
        showing.run,
        *([] if explaining is None else [explaining.run]),
        *(keeper(alarms) for keeper in around.keepers),
    )


async def run_all(tasks: Sequence[Task]) -> None:
    """Runs them side by side. When one fails, all end, and its error is in the group that is raised."""
    async with asyncio.TaskGroup() as group:
        for task in tasks:
            group.create_task(_as_coroutine(task))


async def _as_coroutine(task: Task) -> None:
    await task()
