"""How a beam is machined: pure behaviour, the same parts for the same seed whatever the wall clock does.

What moves the holes, and where it shows:

- a tool wears over about 150 parts: diameters shrink, x drifts, power and vibration rise; the cutting edge of
  every other tool breaks down in the last few parts before the change: it vibrates, and the diameter falls out;
- a new tool sits a little differently: a step in x and diameter;
- temperature makes the beam grow in x;
- clamp pressure holds the beam in y: when the clamp slips, pressure falls for a run of parts and y goes out;
- a recalibration now and then sets an axis anew; a wrong one puts three holes out in x until it is
  corrected, and where a spindle cuts in x shows in its power;
- bars differ in hardness and stress; slow drift nobody explains; and noise, large for holes 3 and 6.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.simulator.part import DEFECTS, HOLES, HOLES_PER_SPINDLE, NOMINAL_DIAMETER_MM, Defect, Event, Part

MACHINE_TAKT_S: Final = 60.0
"""The machine's own time per part; temperatures follow it, not the demo's takt."""
PARTS_PER_BAR: Final = 24
DAY_S: Final = 86_400.0
NOMINAL_CLAMP_BAR: Final = 60.0
X, Y, DIAMETER = 0, 1, 2

NOISE_MM: Final = np.array(
    [
        [0.008, 0.008, 0.0025],
        [0.010, 0.009, 0.0030],
        [0.024, 0.022, 0.0080],
        [0.008, 0.009, 0.0025],
        [0.011, 0.009, 0.0030],
        [0.022, 0.025, 0.0080],
    ]
)
"""[hole, x y diameter]: what neither history nor readings can foretell."""
DRIFT_MM: Final = np.array([0.014, 0.012, 0.0035])
DRIFT_KEPT: Final = 0.97
"""The slow drift is autoregressive: this much is left after one part."""
BAR_MM: Final = np.array([0.006, 0.010, 0.0030])
GROWTH_MM_PER_K: Final = np.array([0.002, 0.004, 0.006, 0.002, 0.004, 0.006])
CLAMP_MM_PER_BAR: Final = np.array([0.013, 0.015, 0.017, 0.017, 0.015, 0.013])
WEAR_X_MM: Final = np.array([0.035, 0.030, 0.025, -0.025, -0.030, -0.035])
WEAR_DIAMETER_MM: Final = -0.016
BREAKDOWN_DIAMETER_MM: Final = -0.075
TOOL_STEP_MM: Final = np.array([0.010, 0.0, 0.005])
RECALIBRATION_MM: Final = 0.025
DEFECT_STREAM: Final = 1
"""Surface defects have random numbers of their own, so that their share changes nothing else."""


@dataclass(slots=True)
class Offsets:
    """Tool offsets in force in µm, [spindle a, spindle b] x [x, y], for the next part on."""

    um: list[list[int]] = field(default_factory=lambda: [[0, 0], [0, 0]])


@dataclass(slots=True)
class _Spindle:
    name: str
    life: int
    age: int
    breakdown: int
    """Parts before the end of its life from which on the cutting edge breaks down; 0 for a tool that lasts."""
    seat_mm: NDArray[np.float64]
    zero_mm: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    wrong_mm: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))

    def displacement_mm(self, offset_um: list[int]) -> NDArray[np.float64]:
        """Where in x and y it cuts, against where it should: its zero point and the offset in force."""
        return np.asarray(self.zero_mm + self.wrong_mm + np.array(offset_um) / 1000)

    @property
    def wear(self) -> float:
        """0 for a new tool, 1 at the end of its life, faster towards the end."""
        share = self.age / self.life
        return 0.6 * share + 0.4 * share**3

    @property
    def breaking(self) -> float:
        """0 for a sound cutting edge; 0.4 on the first part of a breakdown, about 1 afterwards."""
        parts = self.age - (self.life - self.breakdown)
        if not self.breakdown or parts < 0:
            return 0.0
        return 0.4 if parts == 0 else 1.0 + 0.1 * parts


class Process:
    """The machine: makes one part after the other. `defect_share` is the share of parts with a surface defect."""

    def __init__(self, seed: int, defect_share: float = 0.03) -> None:
        self._seed = seed
        self._defect_share = defect_share
        self._random = np.random.default_rng([seed, 0])
        self._number = 0
        self._bar_mm = np.zeros((HOLES, 3))
        self._hardness = 0.0
        self._bar_clamp = 0.0
        self._drift_mm = self._random.normal(0, 1, (HOLES, 3)) * DRIFT_MM
        self._day_phase = self._random.uniform(0, 2 * np.pi)
        self._weather = self._random.normal(0, 0.6)
        self._warmth = self._random.normal(0, 0.5)
        self._spindles = tuple(self._new_tool(name, int(self._random.integers(0, 90))) for name in ("a", "b"))
        self._slip_bar = 0.0
        self._slip_left = 0
        self._next_slip = int(self._random.integers(30, 280))
        self._next_recalibration = int(self._random.integers(20, 110))
        self._next_wrong = int(self._random.integers(60, 360))
        self._wrong: _Spindle | None = None
        self._wrong_left = 0

    def make(self, offsets: Offsets) -> Part:
        """The next part, made with these offsets. Offsets change the part, never the randomness after it."""
        self._number += 1
        events = [*self._change_tools(), *self._clamp(), *self._recalibrate()]
        if (self._number - 1) % PARTS_PER_BAR == 0:
            self._new_bar()
        noise = self._random.normal(0, 1, (HOLES, 3))
        sensor = self._random.normal(0, 1, 7)
        self._drift_mm = DRIFT_KEPT * self._drift_mm + np.sqrt(1 - DRIFT_KEPT**2) * DRIFT_MM * self._random.normal(
            0, 1, (HOLES, 3)
        )
        ambient, coolant = self._temperatures()
        clamp = NOMINAL_CLAMP_BAR + self._bar_clamp - self._slip_bar
        values = self._holes(offsets, coolant, clamp) + NOISE_MM * noise
        return Part(
            number=self._number,
            serial=f"BM-{self._seed % 1_000_000:02d}{self._number:05d}",
            bar=(self._number - 1) // PARTS_PER_BAR + 1,
            made_s=self._number * MACHINE_TAKT_S,
            values=values.reshape(-1),
            readings=self._readings(offsets, ambient, coolant, clamp, sensor),
            defect=self._defect(),
            events=tuple(events),
        )

    def _holes(self, offsets: Offsets, coolant: float, clamp: float) -> NDArray[np.float64]:
        holes = self._drift_mm + self._bar_mm
        holes[:, X] += GROWTH_MM_PER_K * (coolant - 24.0)
        holes[:, Y] += CLAMP_MM_PER_BAR * (NOMINAL_CLAMP_BAR - clamp)
        holes[:, DIAMETER] += NOMINAL_DIAMETER_MM + 0.006
        for index, spindle in enumerate(self._spindles):
            own = slice(index * HOLES_PER_SPINDLE, (index + 1) * HOLES_PER_SPINDLE)
            holes[own] += spindle.seat_mm
            holes[own, :DIAMETER] += spindle.displacement_mm(offsets.um[index])
            holes[own, X] += WEAR_X_MM[own] * (spindle.wear - 0.5)
            holes[own, DIAMETER] += WEAR_DIAMETER_MM * spindle.wear + BREAKDOWN_DIAMETER_MM * spindle.breaking
        return np.asarray(holes)

    def _readings(
        self, offsets: Offsets, ambient: float, coolant: float, clamp: float, sensor: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        power, vibration = [], []
        for spindle, um in zip(self._spindles, offsets.um, strict=True):
            x = spindle.displacement_mm(um)[X]
            power.append(7.4 + 0.1 * self._hardness + 1.0 * spindle.wear + 0.3 * spindle.breaking + 5.0 * x)
            vibration.append(1.5 + 0.9 * spindle.wear + 1.5 * spindle.breaking)
        true = np.array([*power, *vibration, coolant, ambient, clamp])
        shown = true + sensor * np.array([0.12, 0.12, 0.09, 0.09, 0.05, 0.05, 0.3])
        return np.array([*shown, *(s.age for s in self._spindles)], dtype=float)

    def _temperatures(self) -> tuple[float, float]:
        """Ambient and coolant temperature in °C: the day, the weather, and the machine warming its coolant."""
        self._weather = 0.99 * self._weather + 0.08 * float(self._random.normal())
        self._warmth = 0.98 * self._warmth + 0.1 * float(self._random.normal())
        day = np.sin(2 * np.pi * self._number * MACHINE_TAKT_S / DAY_S + self._day_phase)
        ambient = 21.0 + 2.5 * float(day) + self._weather
        return ambient, ambient + 3.0 + self._warmth

    def _new_bar(self) -> None:
        self._bar_mm = self._random.normal(0, 1, (HOLES, 3)) * BAR_MM
        self._hardness = float(self._random.normal())
        self._bar_clamp = float(self._random.normal(0, 0.6))

    def _new_tool(self, name: str, age: int) -> _Spindle:
        random = self._random
        breaks = random.random() < 0.5  # noqa: PLR2004 - as many tools break down as last
        breakdown = int(random.integers(3, 5))
        return _Spindle(
            name=name,
            life=int(random.integers(138, 165)),
            age=age,
            breakdown=breakdown if breaks else 0,
            seat_mm=random.normal(0, 1, 3) * TOOL_STEP_MM,
        )

    def _change_tools(self) -> list[Event]:
        events = []
        for spindle in self._spindles:
            spindle.age += 1
            if spindle.age > spindle.life:
                new = self._new_tool(spindle.name, 0)
                spindle.life, spindle.age, spindle.breakdown = new.life, new.age, new.breakdown
                spindle.seat_mm = new.seat_mm
                events.append(Event(f"spindle {spindle.name.upper()}", "tool changed"))
        return events

    def _clamp(self) -> list[Event]:
        if self._slip_left:
            self._slip_left -= 1
            if not self._slip_left:
                self._slip_bar = 0.0
                return [Event("clamp", "pressure restored")]
        elif self._number >= self._next_slip:
            self._slip_bar = float(self._random.uniform(17, 22))
            self._slip_left = int(self._random.integers(5, 9))
            self._next_slip = self._number + int(self._random.integers(240, 400))
        return []

    def _recalibrate(self) -> list[Event]:
        """Sets an axis anew now and then; a wrong setting lasts 10 to 16 parts and is then corrected."""
        random = self._random
        if self._wrong is not None:
            self._wrong_left -= 1
            if not self._wrong_left:
                name = self._wrong.name.upper()
                self._wrong.wrong_mm = np.zeros(2)
                self._wrong = None
                return [Event(f"spindle {name}", "recalibrated")]
            return []
        wrong = self._number >= self._next_wrong
        if not wrong and self._number < self._next_recalibration:
            return []
        spindle = self._spindles[int(random.integers(0, 2))]
        spindle.zero_mm = random.normal(0, RECALIBRATION_MM, 2)
        self._next_recalibration = self._number + int(random.integers(70, 130))
        if wrong:
            spindle.wrong_mm[X] = random.choice([-1, 1]) * random.uniform(0.28, 0.36)
            self._wrong, self._wrong_left = spindle, int(random.integers(10, 17))
            self._next_wrong = self._number + int(random.integers(330, 520))
        return [Event(f"spindle {spindle.name.upper()}", "recalibrated")]

    def _defect(self) -> Defect | None:
        random = np.random.default_rng([self._seed, DEFECT_STREAM, self._number])
        chance, label, shape = random.random(), random.integers(len(DEFECTS)), random.integers(2**31)
        return Defect(DEFECTS[int(label)], int(shape)) if chance < self._defect_share else None
