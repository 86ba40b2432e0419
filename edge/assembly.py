"""Puts the running parts of one line together from what surrounds it: the real world in `edge.app`, or a trial's.

There is one way a line is wired, and it is here; whoever calls decides what the clock, the store and the
equipment are.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import structlog

from edge.cycle.alarms import Alarms
from edge.cycle.case_clock import CaseClock
from edge.cycle.collecting import Collecting
from edge.cycle.compensation import CompensatedForecaster
from edge.cycle.delivery import Delivery
from edge.cycle.heartbeat import Heartbeat
from edge.cycle.inspecting import Inspecting
from edge.cycle.judging import Judging
from edge.cycle.measuring import Measuring
from edge.cycle.orders import Orders
from edge.cycle.recovery import first_scan, reassert_holds, recover
from edge.cycle.showing import Showing
from edge.cycle.trigger import Trigger
from edge.cycle.watch import Watch
from edge.cycle.writer import Writer
from edge.settings import LineSettings
from edge.store import live_folder
from quality.characteristic import LineId, StationId
from quality.ports import Clock, Device, Forecaster, FrameSource, Gate, Gauge, Inspector, Records

MOST_WAITING = 4
HISTORY_ROWS = 256

Task = Callable[[], Awaitable[None]]
"""Runs for ever."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """How often what repeats is done, in seconds. The PLC's scan has its own setting, `plc.scan_ms`."""

    beat_s: float = 0.25
    orders_s: float = 0.05
    """Between two looks for a decision."""
    cases_s: float = 0.5
    """Between two looks for a case past its deadline."""
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
    devices: Sequence[Device] = ()
    """What brings readings beside the PLC."""


async def assemble(settings: LineSettings, around: Surroundings, pace: Pace = Pace()) -> tuple[Task, ...]:
    """Everything that runs in the edge process; recovery comes before anything is judged.

    Reads the store, and closes the alarms that an earlier run left standing.
    """
    clock, records, write, gate = around.clock, around.records, around.write, around.gate
    plan = settings.control_plan()
    alarms = Alarms(records, write, clock)
    await alarms.start_afresh()
    forecaster: Forecaster | None = None
    if around.forecaster is not None:
        forecaster = CompensatedForecaster(around.forecaster, plan)
        forecaster.restore(await write(records.history, HISTORY_ROWS))
    digests = tuple(digest for _, digest in around.models)
    judging = Judging(
        plan,
        clock,
        around.thread,
        forecaster,
        around.faces,
        digests,
        deadline_s=settings.models.deadline_ms / 1000,
    )
    delivery = Delivery(gate, records, write, alarms, clock)
    measuring = Measuring(around.gauge, forecaster, records, write, alarms, clock, plan)
    trigger = Trigger(LineId(settings.line), StationId(settings.station), await write(records.last_cycle))
    watch = Watch(gate, trigger, alarms, clock, scan_s=settings.plc.scan_ms / 1000, most_waiting=MOST_WAITING)
    inspecting = Inspecting(
        watch,
        Collecting(around.devices, lambda: watch.latest),
        judging,
        records,
        write,
        delivery,
        measuring,
        alarms,
        keep_passed_every=settings.store.keep_passed_every,
    )
    orders = Orders(gate, records, write, measuring, alarms, clock, plan, every_s=pace.orders_s)
    showing = Showing(
        watch,
        inspecting,
        tuple(camera for camera, _ in around.faces),
        around.models,
        records,
        write,
        alarms,
        clock,
        plan,
        store=around.store,
        live_folder=live_folder(settings),
        every_s=pace.show_s,
    )

    async def recover_then_judge() -> None:
        scan = await first_scan(gate, alarms, clock)
        await recover(scan, gate, records, write, alarms, delivery)
        log.info("edge has recovered", boot=scan.status.boot_count, cycle=scan.status.cycle_sequence)
        await run_all((watch.run, inspecting.run, orders.run, follow_reboots))

    async def follow_reboots() -> None:
        while True:
            await watch.rebooted.wait()
            watch.rebooted.clear()
            if watch.latest is not None:
                log.warning("plc has restarted", boot=watch.latest.status.boot_count)
                await reassert_holds(gate, records, write, alarms)

    heartbeat = Heartbeat(gate, clock, every_s=pace.beat_s)
    case_clock = CaseClock(records, write, alarms, clock, plan, every_s=pace.cases_s)
    return heartbeat.run, recover_then_judge, measuring.run, case_clock.run, showing.run


async def run_all(tasks: Sequence[Task]) -> None:
    """Runs them side by side. When one fails, all end, and its error is in the group that is raised."""
    async with asyncio.TaskGroup() as group:
        for task in tasks:
            group.create_task(_as_coroutine(task))


async def _as_coroutine(task: Task) -> None:
    await task()
