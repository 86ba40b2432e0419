"""The plant of a trial: machine, PLC, gauge, camera and models, what they do and what goes wrong with them.

It outlives the edge process, and hands each of its lives the equipment as that life finds it.
"""

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from random import Random
from typing import Final

from edge.simulator.part import Part
from edge.simulator.process import Offsets
from edge.trial.camera import Face, TrialCamera
from edge.trial.chronicle import Chronicle
from edge.trial.gauge import TrialGauge
from edge.trial.line import GAUGE_HOST, GAUGE_PORT, MODELS, PLC_HOST, PLC_PORT, READINGS
from edge.trial.loop import VirtualClock, VirtualLoop
from edge.trial.models import Graphs, Thread
from edge.trial.network import Network
from edge.trial.parts import PartMaker
from edge.trial.people import People
from edge.trial.plc import Plc
from edge.trial.schedule import Fault, FaultKind
from inference.forecast import OnnxForecaster
from quality.ports import FrameSource, Inspector

STEP_S: Final = 0.2
"""Every so often the PLC scans, and the camera looks, even when nobody asks them."""
LONGEST_JUMP_S: Final = 7200
OUT_OF_RANGE: Final = (75.0, -5.0)
NO_NUMBER: Final = (math.nan, math.inf, -math.inf)
_CAMERA: Final = frozenset(
    {FaultKind.PREVIOUS_FRAME, FaultKind.WRONG_RESOLUTION}
    | {kind for kind in FaultKind if kind.name.startswith("CAMERA_")}
)
_MODELS: Final = frozenset(kind for kind in FaultKind if kind.name.startswith("MODEL_"))
_GAUGE: Final = frozenset(kind for kind in FaultKind if kind.name.startswith("GAUGE_"))
_PEOPLE: Final = frozenset(
    kind for kind in FaultKind if kind.name.endswith(("_DECIDES", "_DECIDE", "_DECISION", "_REPLAY"))
)


class Plant:
    """Everything around the edge process but network and disk, all of it drawn from the seed."""

    def __init__(self, loop: VirtualLoop, clock: VirtualClock, network: Network, seed: int) -> None:
        self._loop = loop
        self._clock = clock
        self._network = network
        self._parts = PartMaker(Random(f"parts {seed}"))
        self._chance = Random(f"plant {seed}")
        self._serials: list[str] = []
        self._until: dict[FaultKind, float] = {}
        self._details: dict[FaultKind, int] = {}
        self._twins = 0
        self._jumped = 0.0
        self.chronicle = Chronicle()
        self.plc = Plc(self._next_part, self.chronicle, loop.elapsed, Random(f"plc {seed}"))
        self.gauge = TrialGauge(self.plc.station.fates, seed, loop.elapsed)
        self.camera = TrialCamera(clock, self._in_view, self.chronicle, loop.elapsed, Random(f"camera {seed}"))
        self.graphs = Graphs(self.chronicle, loop.elapsed)
        self.people: People | None = None
        """Who decides; without them nothing that is held is ever released."""

    def start(self) -> None:
        """Switches everything on."""
        self._network.serve(self.plc.server.connection, PLC_HOST, PLC_PORT)
        self._network.serve(self.gauge.server.connection, GAUGE_HOST, GAUGE_PORT)
        self._step()

    def faces(self) -> Sequence[tuple[FrameSource, Inspector | None]]:
        """The camera and its model as one life of the edge process opens them."""
        face = Face(self._clock)
        self.camera.watched_by(face)
        return ((face, self.graphs.inspector()),)

    def forecaster(self) -> OnnxForecaster:
        """The forecast model, likewise."""
        return self.graphs.forecaster()

    def thread(self) -> Executor:
        """A thread for one model."""
        return Thread(self._loop, self.graphs)

    @property
    def models(self) -> Sequence[tuple[str, str]]:
        """Name and digest of both."""
        return MODELS

    def begin(self, fault: Fault) -> None:
        """The fault is there from now on. Raises ValueError for one that is not the plant's."""
        kind, seconds, detail = fault.kind, fault.seconds, fault.detail
        if kind in _CAMERA:
            self.camera.begin(kind, seconds, detail)
        elif kind in _MODELS:
            self.graphs.begin(kind, seconds, detail)
        elif kind in _GAUGE:
            self.gauge.begin(kind, seconds)
        elif kind in _PEOPLE:
            if self.people is not None:
                self.people.begin(kind, seconds)
        else:
            self._begin(fault)

    def end_of_faults(self) -> None:
        """From here on nothing new goes wrong: the clock is set right, and people only decide on what is held."""
        self._clock.jump(-self._jumped)
        self._jumped = 0.0
        self.plc.end_of_faults()
        if self.people is not None:
            self.people.resting = True

    def _begin(self, fault: Fault) -> None:
        match fault.kind:
            case FaultKind.CLOCK_FORWARD | FaultKind.CLOCK_BACK:
                seconds = 1.0 + fault.detail % LONGEST_JUMP_S
                seconds = seconds if fault.kind is FaultKind.CLOCK_FORWARD else -seconds
                self._jumped += seconds
                self._clock.jump(seconds)
            case FaultKind.SERIAL_DUPLICATE:
                self._twins += 1
            case FaultKind.NO_MORE_PARTS | FaultKind.READING_NAN | FaultKind.READING_OUT_OF_RANGE:
                self._until[fault.kind] = self._loop.elapsed() + fault.seconds
                self._details[fault.kind] = fault.detail
            case _:
                self.plc.begin(fault.kind, fault.seconds, fault.detail)

    def _step(self) -> None:
        self.plc.advance()
        self.camera.step()
        self._loop.call_later(STEP_S, self._step)

    def _in_view(self) -> Part | None:
        fate = self.plc.station.part
        return fate.part if fate is not None else None

    def _next_part(self, offsets: Offsets) -> Part | None:
        if self._active(FaultKind.NO_MORE_PARTS):
            return None
        serial = None
        if self._twins and self._serials:
            self._twins -= 1
            serial = self._chance.choice(self._serials[-20:])
        part = self._parts.make(offsets, serial)
        self._serials.append(part.serial)
        return self._misread(
            FaultKind.READING_OUT_OF_RANGE, OUT_OF_RANGE, self._misread(FaultKind.READING_NAN, NO_NUMBER, part)
        )

    def _misread(self, kind: FaultKind, shown: Sequence[float], part: Part) -> Part:
        """The part as a sensor that has failed shows it."""
        if not self._active(kind):
            return part
        which, value = divmod(self._details[kind], len(shown))
        readings = part.readings.copy()
        readings[which % len(READINGS)] = shown[value]
        return replace(part, readings=readings)

    def _active(self, kind: FaultKind) -> bool:
        return self._loop.elapsed() < self._until.get(kind, 0.0)
