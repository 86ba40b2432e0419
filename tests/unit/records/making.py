"""Parts, cases and decisions to put into a store, small and all alike unless a test says otherwise."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import numpy as np

from quality.case import Case, CaseKind, Decision, DecisionKind, Second
from quality.characteristic import Characteristic, Limits, LineId, PartSerial, StationId
from quality.evidence import Box, Finding, Forecast, Frame, Measurement, Reading
from quality.inspection import Cycle, Evidence, Inspection
from quality.judgement import Judgement, Reason, ReasonCode, Verdict
from quality.plan import ControlPlan, ParameterRule, ReactionPlan, Role, Thresholds

LINE = LineId("line-3")
STATION = StationId("milling-1")
START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HOLE = "hole_1_x_mm"

PLAN = ControlPlan(
    part="bumper beam",
    characteristics=(
        Characteristic(HOLE, "mm", Limits(-0.18, 0.18), nominal=0.0, title="hole 1 x"),
        Characteristic("hole_2_x_mm", "mm", Limits(-0.18, 0.18), nominal=0.0, title="hole 2 x"),
    ),
    forecast=Thresholds(0.2, 0.6),
    surface=Thresholds(0.3, 0.7),
    measure_every=5,
    reaction=ReactionPlan(),
    parameters=(ParameterRule("offset_um", "spindle offset", "um", 1, Limits(-150, 150), 100, {HOLE: 0.001}),),
)

SUSPECT = (
    Judgement(
        HOLE,
        0.4,
        Verdict.REVIEW,
        marginal=True,
        reasons=(Reason(ReasonCode.TREND, {"characteristic": "hole 4 x", "direction": "rising", "parts": 9}),),
    ),
)


def frame(content: bytes = b"picture", at: datetime = START, camera: str = "face") -> Frame:
    return Frame(camera, at, hashlib.sha256(content).hexdigest(), content, np.zeros((8, 10), np.uint8))


def cycle(sequence: int, boot: int = 1, serial: str | None = None) -> Cycle:
    at = START + timedelta(minutes=sequence)
    return Cycle(LINE, STATION, boot, sequence, PartSerial(serial or f"BEAM-{sequence:05d}"), at)


def inspection(
    sequence: int,
    *,
    boot: int = 1,
    serial: str | None = None,
    verdict: Verdict = Verdict.PASS,
    judgements: tuple[Judgement, ...] | None = None,
    frames: tuple[Frame, ...] = (),
    line: str = LINE,
) -> Inspection:
    made = cycle(sequence, boot, serial)
    made = Cycle(LineId(line), made.station, boot, sequence, made.serial, made.triggered_at)
    if judgements is None:
        judgements = () if verdict is Verdict.PASS else SUSPECT
    evidence = Evidence(
        readings=(
            Reading("spindle_a_power_kw", 12.5 + sequence, "kW", made.triggered_at),
            Reading("coolant_c", 21.25, "C", made.triggered_at),
        ),
        frames=frames,
        forecast=Forecast((HOLE, "hole_2_x_mm"), np.array([0.17, 0.01]), np.array([0.02, 0.03]), "f" * 64),
        findings=tuple(
            Finding(each.camera, 0.8, np.full((100, 200), 0.5, np.float32), (Box(1, 2, 3, 4, 0.9),), "s" * 64)
            for each in frames
        ),
    )
    judged_at = made.triggered_at + timedelta(milliseconds=9)
    return Inspection(made, evidence, judgements, verdict, judged_at, PLAN.version, ("f" * 64,))


def case(sequence: int, *, kind: CaseKind = CaseKind.SUSPECT_PART, case_id: UUID | None = None) -> Case:
    made = cycle(sequence)
    return Case(
        id=case_id or uuid4(),
        kind=kind,
        line=LINE,
        station=STATION,
        boot_count=1,
        cycle_sequence=sequence,
        serial=made.serial,
        opened_at=made.triggered_at,
        deadline=made.triggered_at + timedelta(minutes=5),
        asked=Role.ENGINEER,
    )


def decision(about: Case | None, kind: DecisionKind = DecisionKind.RELEASE, **fields: object) -> Decision:
    values: dict[str, object] = {
        "id": uuid4(),
        "kind": kind,
        "line": LINE,
        "decided_by": "mia",
        "role": Role.ENGINEER,
        "decided_at": START + timedelta(hours=1),
        "reason": "measured by hand",
        "case_id": about.id if about else None,
        "case_version": about.version if about else None,
    }
    return Decision(**{**values, **fields})


def measurement(sequence: int, value: float, characteristic: str = HOLE) -> Measurement:
    made = cycle(sequence)
    at = made.triggered_at + timedelta(minutes=30)
    return Measurement(characteristic, value, made.serial, sequence, at)


def strict(plan: ControlPlan = PLAN) -> ControlPlan:
    """The plan with hole 1 critical, and larger steps than 20 for two people."""
    hole, *others = plan.characteristics
    return replace(
        plan,
        characteristics=(replace(hole, critical=True), *others),
        parameters=(replace(plan.parameters[0], alone_within=20.0),),
    )


def opinion(by: str = "ben", *, agrees: bool = True, **fields: object) -> Second:
    """What a second person says, an hour and a minute after the start."""
    reason = "" if agrees else "the burr is still there"
    values: dict[str, object] = {"by": by, "role": Role.ENGINEER, "at": START + timedelta(minutes=61)}
    return Second(**{**values, "agrees": agrees, "reason": reason, **fields})
