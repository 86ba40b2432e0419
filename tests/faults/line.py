"""A whole line as the product wires it, on a clock that is moved, with fakes around it; it can be restarted."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import numpy as np

from edge.assembly import Pace, Surroundings, assemble, run_all
from edge.settings import LineSettings
from quality.case import Case, CaseState, Decision, DecisionKind, answer
from quality.characteristic import PartSerial
from quality.evidence import Finding, Forecast
from quality.inspection import Inspection
from quality.plan import Role
from quality.ports import Forecaster, FrameSource, Gauge, Inspector
from tests.fakes import (
    FakeClock,
    FakeForecaster,
    FakeFrameSource,
    FakeInspector,
    FakeRecords,
    InlineExecutor,
    InlineWriter,
    frame,
)
from tests.faults.little_plc import LittlePlc

CHARACTERISTIC = "hole_x_mm"
DECIDE_WITHIN_S = 80


def forecast(mean: float) -> Forecast:
    """0 passes, 0.3 is held."""
    return Forecast((CHARACTERISTIC,), np.array([mean]), np.array([0.02]), "f" * 64)


def finding(score: float) -> Finding:
    """0.01 passes, 0.9 is held."""
    return Finding("face", score, np.zeros((2, 2), np.float32), (), "5" * 64)


def settings(folder: Path, **plc: object) -> LineSettings:
    """A line with one characteristic, one parameter and one camera."""
    limits = {"review": 0.3, "hold": 0.7}
    return LineSettings.model_validate(
        {
            "line": "line-1",
            "station": "milling",
            "store": {"frames": folder / "frames", "keep_passed_every": 1000},
            "plc": {"host": "plc.invalid", **plc},
            "plan": {
                "part": "beam",
                "characteristics": [{"name": CHARACTERISTIC, "unit": "mm", "lower": -0.18, "upper": 0.18}],
                "forecast": limits,
                "surface": limits,
                "measure": {"every": 5},
                "reaction": {"decide_within_s": DECIDE_WITHIN_S},
                "parameters": [
                    {
                        "name": "x_um",
                        "unit": "µm",
                        "target": 3,
                        "lower": -150,
                        "upper": 150,
                        "largest_step": 100,
                        "moves": {CHARACTERISTIC: 0.001},
                    }
                ],
            },
        }
    )


@dataclass
class Line:
    """What surrounds the edge process and outlives it."""

    settings: LineSettings
    clock: FakeClock = field(default_factory=FakeClock)
    records: FakeRecords = field(default_factory=FakeRecords)
    plc: LittlePlc = field(init=False)
    gauge: Gauge | None = None
    forecaster: Forecaster = field(default_factory=lambda: FakeForecaster(forecast(0.0)))
    camera: FrameSource = field(default_factory=lambda: FakeFrameSource("face", frame()))
    inspector: Inspector = field(default_factory=lambda: FakeInspector(finding(0.01)))
    thread: Callable[[], Executor] = InlineExecutor
    pace: Pace = field(default_factory=Pace)

    def __post_init__(self) -> None:
        self.plc = LittlePlc(self.clock, counts_to=self.settings.plc.counts_to)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """One life of the edge process, killed at the end of the block."""
        around = Surroundings(
            clock=self.clock,
            records=self.records,
            write=InlineWriter(),
            gate=self.plc,
            gauge=self.gauge,
            devices=(),
            forecaster=self.forecaster,
            faces=((self.camera, self.inspector),),
            models=(("forecast", "f" * 64), ("surface", "5" * 64)),
            thread=self.thread,
            store="in memory",
        )
        life = asyncio.ensure_future(run_all(await assemble(self.settings, around, self.pace)))
        try:
            yield
        finally:
            died = life.done() and life.exception()
            life.cancel()
            await asyncio.wait([life])
            around.write.close()
            assert not died, f"the edge process died of {died!r}"

    async def judge(self, serial: str, *, seconds: float = 0.5) -> Inspection:
        """A part enters and is judged within that time."""
        self.plc.enter(serial)
        await self.clock.advance(seconds)
        return self.inspection(serial)

    async def hold(self, serial: str) -> Case:
        """A part enters and is held; the case about it."""
        assert isinstance(self.forecaster, FakeForecaster)
        sound, self.forecaster.answer = self.forecaster.answer, forecast(0.3)
        await self.judge(serial)
        self.forecaster.answer = sound
        return self.case(serial)

    def inspection(self, serial: str) -> Inspection:
        """The newest of that part."""
        found = [each for each in self.records.inspections.values() if each.cycle.serial == serial]
        assert found, f"{serial} was not judged"
        return found[-1]

    def case(self, serial: str) -> Case:
        """The newest about that part."""
        found = [each for each in self.records.cases.values() if each.serial == serial]
        assert found, f"nobody is asked about {serial}"
        return found[-1]

    def decide(self, case: Case, kind: DecisionKind, **changes: object) -> Decision:
        """What a person decides on the tablet."""
        made = Decision(
            id=uuid4(),
            kind=kind,
            line=case.line,
            decided_by="engineer",
            role=Role.ENGINEER,
            decided_at=self.clock.now(),
            reason="looked at",
            case_id=case.id,
            case_version=case.version,
            **changes,  # type: ignore[arg-type] - the tests name the fields
        )
        self.records.cases[case.id] = answer(case, made)
        self.records.decide(made)
        return made

    def alarm(self, kind: str) -> str:
        """The sentence of the alarm of that kind; it must stand."""
        found = [alarm.sentence for (_, what), alarm in self.records.alarms.items() if what == kind]
        assert found, f"no alarm {kind!r}, only {sorted(self.records.alarms)}"
        return found[0]

    def has_alarm(self, kind: str) -> bool:
        return any(what == kind for _, what in self.records.alarms)

    def is_held(self, serial: str) -> bool:
        """In the lane, with a case that waits for a person."""
        waits = any(c.serial == serial and c.state is CaseState.OPEN for c in self.records.cases.values())
        return waits and any(part == PartSerial(serial) for _, part in self.plc.lane)
