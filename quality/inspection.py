"""The immutable record of one cycle: what was known, what was thought, what was decided about the part."""

from dataclasses import dataclass
from datetime import datetime

from quality.characteristic import LineId, PartSerial, StationId
from quality.evidence import Finding, Forecast, Frame, NoEvidence, Reading
from quality.judgement import Judgement, Verdict


@dataclass(frozen=True, slots=True)
class Cycle:
    """One passage of a part through a station, as the PLC counts it within one of its boots."""

    line: LineId
    station: StationId
    boot_count: int
    sequence: int
    serial: PartSerial
    triggered_at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """All that came in for one cycle. `missing` lists what should have come and did not."""

    readings: tuple[Reading, ...] = ()
    frames: tuple[Frame, ...] = ()
    forecast: Forecast | None = None
    findings: tuple[Finding, ...] = ()
    missing: tuple[NoEvidence, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """One cycle judged. `models` are the digests of the bundles that took part, `plan_version` the plan's."""

    cycle: Cycle
    evidence: Evidence
    judgements: tuple[Judgement, ...]
    verdict: Verdict
    judged_at: datetime
    plan_version: str
    models: tuple[str, ...]
