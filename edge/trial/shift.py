"""One shift of a trial: a line is built around a seed, its faults come, and its rules are watched to the end."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from edge.store import open_database, said
from edge.trial.chronicle import Began, Crashed, Entered
from edge.trial.disk import Desk, Disk
from edge.trial.invariants.rule import Scene, Violation
from edge.trial.invariants.watching import Invariants
from edge.trial.life import SCAN_S, EdgeProcess
from edge.trial.line import GAUGE_HOST, GAUGE_PORT, PLC_HOST, PLC_PORT, line_settings
from edge.trial.loop import WAKES_AT, VirtualClock, VirtualLoop
from edge.trial.network import Network
from edge.trial.people import People
from edge.trial.plant import Plant
from edge.trial.schedule import EDGE, NETWORK, QUIET_S, STORE, TABLET, Fault, FaultKind
from edge.trial.supervisor import Ended, Supervisor
from edge.trial.trace import trace_of
from records.pictures import Pictures
from records.review_records import ReviewRecords

IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
LAST_PART_S: Final = 90.0
LAST_WORD_S: Final = 60.0
"""Before the end of a shift no part enters any more, and nobody decides: what is under way comes to its end."""
GAUGE_SHARE: Final = 4
"""One of so many faults of the network is on the way to the gauge."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one shift."""

    parts: int
    faults: Mapping[str, int]
    """How many began, by kind."""
    checks: Mapping[int, int]
    """How often each invariant was checked, by number."""
    violations: tuple[Violation, ...]
    trace: tuple[str, ...]
    """What happened, one line each, up to the end or the first violation."""


def run_shift(seed: int, faults: Sequence[Fault], *, hours: float = 8.0, stop_at_first: bool = True) -> Outcome:
    """Runs the shift; the same arguments give the same outcome, to the byte."""
    with tempfile.TemporaryDirectory(prefix="jidoka-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        shift = _Shift(seed, faults, hours, Path(folder), stop_at_first=stop_at_first)
        return shift.run()


class _Shift:
    """Everything of one shift."""

    def __init__(
        self, seed: int, faults: Sequence[Fault], hours: float, folder: Path, *, stop_at_first: bool
    ) -> None:
        self._faults = faults
        self._ends_at = hours * 3600
        self._stop_at_first = stop_at_first
        loop = VirtualLoop(Random(f"loop {seed}"))  # type: ignore[abstract]  # sockets and signals are left out
        self._loop = loop
        self._world = copy_context()
        clock = VirtualClock(loop)
        self._network = Network(loop, Random(f"network {seed}"))
        self._disk = Disk(loop, Random(f"disk {seed}"))
        self._plant = plant = Plant(loop, clock, self._network, seed)
        settings = line_settings(folder, scan_s=SCAN_S)
        self._supervisor = Supervisor(
            loop, EdgeProcess(settings, loop, clock, self._disk, plant).live, self._ended
        )
        self._desk = Desk(loop, self._disk, Random(f"desk {seed}"))
        pictures = Pictures(settings.store.frames)
        plan = settings.control_plan()
        self._sound = open_database(settings, checkpoint=False)
        self._review = open_database(settings, checkpoint=False, driver=self._disk.driver(None))
        self._people = plant.people = People(
            ReviewRecords(self._review, pictures),
            self._desk,
            plan,
            clock,
            plant.chronicle,
            loop.elapsed,
            Random(f"people {seed}"),
            plant.plc.station.take_out_of_lane,
        )
        self._over: asyncio.Future[None] = loop.create_future()
        self._broken: list[Violation] = []
        scene = Scene(
            now=loop.elapsed,
            later=lambda seconds, call: loop.call_later(seconds, call, context=self._world),
            plc=plant.plc,
            records=ReviewRecords(self._sound, pictures),
            database=self._sound,
            plan=plan,
            folder=folder,
        )
        self._invariants = Invariants(scene, self._note)
        plant.chronicle.listeners.append(self._invariants.heard)

    def run(self) -> Outcome:
        """From the first part to the last look into the store."""
        try:
            self._loop.run_until_complete(self._shift())
            if not (self._broken and self._stop_at_first):
                self._invariants.close()
        finally:
            self._loop.close()
            self._review.close()
            self._sound.close()
        facts = self._plant.chronicle.facts
        return Outcome(
            parts=sum(isinstance(fact, Entered) for fact in facts),
            faults=Counter(fact.fault.kind.value for fact in facts if isinstance(fact, Began)),
            checks=self._invariants.checks,
            violations=tuple(self._broken),
            trace=trace_of(facts, self._broken),
        )

    async def _shift(self) -> None:
        self._plant.start()
        self._supervisor.start()
        deciding = self._loop.create_task(self._people.run())
        deciding.add_done_callback(self._gone_home)
        self._invariants.watch()
        for fault in self._faults:
            self._at(fault.at, self._begin, fault)
        self._at(self._ends_at - QUIET_S, self._plant.end_of_faults)
        self._at(
            self._ends_at - LAST_PART_S,
            self._plant.begin,
            Fault(self._ends_at - LAST_PART_S, FaultKind.NO_MORE_PARTS, LAST_PART_S, 0),
        )
        self._at(self._ends_at - LAST_WORD_S, deciding.cancel)
        self._at(self._ends_at, self._finish)
        await self._over

    def _at(self, seconds: float, call: object, *args: object) -> None:
        self._loop.call_at(WAKES_AT + seconds, call, *args, context=self._world)  # type: ignore[arg-type]

    def _begin(self, fault: Fault) -> None:
        self._plant.chronicle.tell(Began(fault))
        if fault.kind in NETWORK:
            at_gauge = fault.detail % GAUGE_SHARE == 0
            self._network.begin(fault, *((GAUGE_HOST, GAUGE_PORT) if at_gauge else (PLC_HOST, PLC_PORT)))
        elif fault.kind in STORE:
            self._disk.begin(fault)
        elif fault.kind in EDGE:
            self._supervisor.begin(fault)
        elif fault.kind in TABLET:
            self._desk.begin(fault)
        else:
            self._plant.begin(fault)

    def _ended(self, ended: Ended) -> None:
        self._plant.chronicle.tell(Crashed(ended.at))
        if ended.error is not None and said(ended.error) is None:
            self._note(
                Violation(round(ended.at, 3), 0, f"the edge process ended by itself: {_causes(ended.error)}")
            )

    def _gone_home(self, deciding: asyncio.Task[None]) -> None:
        """People stop deciding when they are told to; anything else is a mistake of the trial."""
        if not deciding.cancelled() and (error := deciding.exception()) and not self._over.done():
            self._over.set_exception(error)

    def _note(self, violation: Violation) -> None:
        self._broken.append(violation)
        if self._stop_at_first:
            self._finish()

    def _finish(self) -> None:
        if not self._over.done():
            self._over.set_result(None)


def _causes(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(_causes(each) for each in error.exceptions)
    return f"{type(error).__name__}: {error}"
