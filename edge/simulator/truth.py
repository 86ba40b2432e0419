"""What became of each part, and whether that was right: known to the simulator alone, asked for to score."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from edge.simulator.part import CHARACTERISTICS, READINGS, Part

VERDICTS: Final = {1: "PASS", 2: "REVIEW", 3: "HOLD"}


@dataclass(slots=True, eq=False)
class Fate:
    """A part on its way through the station. `sequence` and `boot` are those of its last entry.

    `measured` is what the gauge showed of it, each time it was asked.
    """

    part: Part
    sequence: int
    boot: int
    verdict: str | None = None
    passed_by: str | None = None
    held: bool = False
    diverted: bool = False
    measured: list[list[float]] = field(default_factory=list)


def truth(fates: Iterable[Fate]) -> dict[str, object]:
    """The whole truth, ready for JSON; lengths in mm."""
    return {
        "parts": [
            {
                "sequence": fate.sequence,
                "boot": fate.boot,
                "serial": fate.part.serial,
                "conforming": fate.part.conforming,
                "out": list(fate.part.out),
                "defect": fate.part.defect.label if fate.part.defect else None,
                "verdict": fate.verdict,
                "passed_by": fate.passed_by,
                "held": fate.held,
                "diverted": fate.diverted,
                "readings": dict(zip(READINGS, fate.part.readings.tolist(), strict=True)),
                "measured": fate.measured,
                "values": dict(zip(CHARACTERISTICS, fate.part.values.tolist(), strict=True)),
            }
            for fate in fates
        ]
    }
