"""The parts of a trial: cheap, drawn from its seed, and of a kind that the plan treats in one known way."""

from collections.abc import Mapping
from enum import StrEnum
from random import Random
from types import MappingProxyType
from typing import Final

import numpy as np

from edge.simulator.part import CHARACTERISTICS as SHOWN_BY_GAUGE
from edge.simulator.part import NOMINAL, Defect, Part
from edge.simulator.part import READINGS as SHOWN_BY_PLC
from edge.simulator.process import Offsets
from edge.trial.line import TAKT_S

USUAL_POWER_KW: Final = 10.0
MM_PER_KW: Final = 0.1
"""How a deviation of a spindle's power shows in the position that it mills; the forecast model knows it."""
OUT_MM: Final = 0.32
"""So far out that no adjustment the plan allows makes the part conform."""


class Kind(StrEnum):
    """What a part is, and so what the plan makes of it when all the evidence is there."""

    GOOD = "good"
    """Conforms; passes."""
    OUT = "out"
    """Out of limits, and its readings say so; held."""
    DEFECT = "defect"
    """Its face is damaged; held."""
    DOUBTFUL = "doubtful"
    """Its face may be damaged; a person is asked."""


_SHARES: Final[Mapping[Kind, float]] = MappingProxyType(
    {Kind.GOOD: 0.92, Kind.OUT: 0.03, Kind.DEFECT: 0.03, Kind.DOUBTFUL: 0.02}
)
_LABELS: Final[Mapping[Kind, str]] = MappingProxyType({Kind.DEFECT: "chip", Kind.DOUBTFUL: "scratch"})
_KINDS: Final[Mapping[str, Kind]] = MappingProxyType({label: kind for kind, label in _LABELS.items()})


def kind_of(part: Part) -> Kind:
    """The kind as it can be read off the part."""
    if part.defect is not None:
        return _KINDS[part.defect.label]
    return Kind.OUT if part.out else Kind.GOOD


class PartMaker:
    """The machine: each call mills one part, with the offsets in force."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._made = 0

    def make(self, offsets: Offsets, serial: str | None = None) -> Part:
        """The next part. `serial` is that of an earlier part when the marking went wrong."""
        random = self._random
        self._made += 1
        kind = random.choices(tuple(_SHARES), tuple(_SHARES.values()))[0]
        power = [USUAL_POWER_KW + random.uniform(-0.4, 0.4) for _ in range(2)]
        if kind is Kind.OUT:
            power[random.randrange(2)] = USUAL_POWER_KW + random.choice((-1, 1)) * OUT_MM / MM_PER_KW
        readings = np.zeros(len(SHOWN_BY_PLC))
        readings[:2] = power
        readings[2] = random.uniform(1.0, 2.0)
        values = NOMINAL.copy()
        for axis in range(2):
            values[axis] = (power[axis] - USUAL_POWER_KW) * MM_PER_KW + 0.001 * offsets.um[0][axis]
        label = _LABELS.get(kind)
        return Part(
            number=self._made,
            serial=serial or f"TR-{self._made:06d}",
            bar=1,
            made_s=TAKT_S * self._made,
            values=values[: len(SHOWN_BY_GAUGE)],
            readings=readings,
            defect=Defect(label, self._made) if label else None,
            events=(),
        )
