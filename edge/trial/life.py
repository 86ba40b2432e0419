"""One life of the edge process in a trial: opened and assembled as `edge.app` does it, on the trial's ground."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Final, ParamSpec, TypeVar

from edge import store
from edge.assembly import Pace, Surroundings, Task, assemble, run_all
from edge.cycle.alarms import Alarms
from edge.cycle.witness import Witness
from edge.cycle.writer import Writer
from edge.equipment import Buses, open_gate, open_gauge
from edge.settings import LineSettings
from edge.trial.chronicle import Chronicle, Stored
from edge.trial.disk import Disk
from edge.trial.loop import VirtualClock, VirtualLoop
from edge.trial.plant import Plant
from edge.trial.process import Process
from quality.characteristic import LineId, StationId
from records.edge_records import EdgeRecords
from records.ledger_head import keep_head
from records.pictures import Pictures

P = ParamSpec("P")
T = TypeVar("T")

SCAN_S: Final = 0.9
WITNESS_S: Final = 60.0
PACE: Final = Pace(beat_s=0.9, orders_s=3.0, cases_s=60.0, holds_s=2.0, cameras_s=3.0, show_s=20.0)
"""Slower than production, so that a shift costs seconds; every time that the contract names still holds."""
CHANGING: Final = frozenset(
    {
        "record",
        "verdict_answered",
        "open_case",
        "escalate",
        "record_order",
        "order_sent",
        "settle_order",
        "settle_decision",
        "record_measurements",
        "raise_alarm",
        "clear_alarm",
        "clear_alarms",
        "use_plan",
    }
)
"""The store's calls that promise something."""


class EdgeProcess:
    """What each life is made of."""

    def __init__(
        self, settings: LineSettings, loop: VirtualLoop, clock: VirtualClock, disk: Disk, plant: Plant
    ) -> None:
        self._settings = settings
        self._loop = loop
        self._clock = clock
        self._disk = disk
        self._plant = plant

    async def live(self, process: Process) -> None:
        """From start-up to the end, which only an error or a kill brings."""
        settings, clock, plant = self._settings, self._clock, self._plant
        async with AsyncExitStack() as stack:
            reserve, notice = store.reserve(settings), store.notice(settings)
            driver = self._disk.driver(process)
            database = await store.open_when_it_writes(settings, reserve, notice, clock, driver)
            stack.callback(database.close)
            pictures = Pictures(settings.store.frames)
            records = EdgeRecords(
                database, pictures, LineId(settings.line), StationId(settings.station), now=clock.now
            )
            stack.callback(records.close)
            write = _WitnessedWriter(self._disk, notice.say, self._loop, plant.chronicle)
            stack.callback(write.close)
            gate = open_gate(settings, clock)
            stack.push_async_callback(gate.close)
            gauge = open_gauge(settings, clock, Buses())
            if gauge is not None:
                stack.push_async_callback(gauge.close)

            def _witness(alarms: Alarms) -> Task:
                keep = partial(keep_head, database)
                return Witness(store.ledger_heads(settings), keep, alarms, clock, every_s=WITNESS_S).run

            around = Surroundings(
                clock=clock,
                records=records,
                write=write,
                gate=gate,
                gauge=gauge,
                forecaster=plant.forecaster(),
                faces=plant.faces(),
                models=plant.models,
                thread=plant.thread,
                store=database.description,
                keepers=(_witness,),
            )
            await run_all(await assemble(settings, around, PACE))


class _WitnessedWriter(Writer):
    """The product's writer; the chronicle hears what it tells the process is done."""

    def __init__(self, disk: Disk, say: Callable[[str], object], loop: VirtualLoop, chronicle: Chronicle) -> None:
        super().__init__(disk.thread(), say=say)
        self._loop = loop
        self._chronicle = chronicle

    async def __call__(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As the writer's."""
        result = await super().__call__(call, *args, **kwargs)
        name = getattr(call, "__name__", "")
        if name in CHANGING:
            self._chronicle.tell(Stored(self._loop.elapsed(), name, args, result))
        return result
