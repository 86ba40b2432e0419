"""A shop for the review station to look at: a real store, and the edge's part played by calling its records."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import cv2
import numpy as np

from quality.case import Case, CaseKind, Decision, DecisionKind
from quality.characteristic import Characteristic, Limits, LineId, PartSerial, StationId
from quality.evidence import Box, Finding, Forecast, Frame, Measurement, NoEvidence, Reading
from quality.inspection import Cycle, Evidence, Inspection
from quality.judge import judge_finding, judge_forecast, judge_missing, verdict_of
from quality.judgement import Verdict
from quality.order import OrderCode, OrderResult, OrderState
from quality.plan import ControlPlan, ParameterRule, ReactionPlan, Thresholds, ToolLife
from quality.saying import saying
from quality.station import VerdictAnswer
from records.database import Database
from records.edge_records import EdgeRecords
from records.pictures import Pictures
from records.review_records import ReviewRecords

LINE = LineId("beam-line-3")
STATION = StationId("milling-1")
MODELS = ("f0ca57" + "0" * 58, "5afce0" + "0" * 58)
SCALE_MM = 0.02


def _plan() -> ControlPlan:
    holes = range(1, 7)
    characteristics = [
        Characteristic(f"hole_{hole}_{axis}_mm", "mm", Limits(-0.18, 0.18), 0.0, f"hole {hole} {axis}")
        for hole in holes
        for axis in "xy"
    ]
    parameters = [
        ParameterRule(
            f"spindle_{spindle.lower()}_{axis}_offset_um",
            f"spindle {spindle} {axis} offset",
            "µm",
            number,
            Limits(-150, 150),
            100,
            {f"hole_{hole}_{axis}_mm": 0.001 for hole in moved},
        )
        for number, (spindle, axis, moved) in enumerate(
            [("A", "x", (1, 2, 3)), ("A", "y", (1, 2, 3)), ("B", "x", (4, 5, 6)), ("B", "y", (4, 5, 6))], start=1
        )
    ]
    made_by_b = tuple(f"hole_{hole}_{axis}_mm" for hole in (4, 5, 6) for axis in "xy")
    return ControlPlan(
        part="bumper beam",
        characteristics=tuple(characteristics),
        forecast=Thresholds(0.25, 0.6),
        surface=Thresholds(0.3, 0.7),
        measure_every=5,
        reaction=ReactionPlan(),
        parameters=tuple(parameters),
        tools=(ToolLife("tool_life_b_parts", "tool of spindle B", 150, made_by_b),),
    )


PLAN = _plan()


class Shop:
    """A line that makes the parts it is told to make."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.live_folder = folder / "live"
        self.live_folder.mkdir(parents=True)
        self.database = Database.open(f"sqlite:///{folder / 'jidoka.db'}", ledger_key=bytes(32), checkpoint=True)
        self.database.migrate()
        self.pictures = Pictures(folder / "frames")
        self.edge = EdgeRecords(self.database, self.pictures, LINE, STATION)
        self.records = ReviewRecords(self.database, self.pictures)
        self.parameters = {rule.name: 0.0 for rule in PLAN.parameters}
        self.stopped = False
        self.sequence = 0
        self._differently: dict[str, object] = {}
        self._recent: dict[str, list[float]] = {}

    def close(self) -> None:
        self.edge.close()
        self.database.close()

    def show(self, **differently: object) -> None:
        """Shows the line's state, and keeps to it when it is shown again."""
        self._differently = differently
        self.show_again()

    def show_again(self) -> None:
        """Shows the line's state as the edge does twice a second."""
        fine = {"ok": True, "detail": ""}
        state: dict[str, object] = {
            "at": datetime.now(UTC).isoformat(),
            "plc": fine,
            "cameras": [fine | {"name": "face"}],
            "models": [
                fine | {"name": "forecast", "digest": MODELS[0]},
                fine | {"name": "surface", "digest": MODELS[1]},
            ],
            "store": fine,
            "gate_closed": True,
            "line_stopped": self.stopped,
            "watchdog_tripped": False,
            "bypass": False,
            "part_present": True,
            "cycle_sequence": self.sequence,
            "serial": f"BM-{self.sequence:05d}",
            "held_count": len(self.edge.open_cases()),
            "parameters": self.parameters,
            "readings": {"spindle_b_power_kw": 7.4},
            "latency_ms": {"p50": 41.0, "p95": 63.0, "p99": 88.0},
            "parts": self.sequence,
        }
        self.edge.show_line(state | self._differently)

    def make(
        self,
        means: Mapping[str, float],
        picture: bytes | None = None,
        *,
        score: float = 0.02,
        box: Box | None = None,
        heat: np.ndarray | None = None,
        serial: str | None = None,
        readings: Mapping[str, float] | None = None,
        ago: timedelta = timedelta(),
    ) -> Inspection:
        """One part: forecast at `means` (mm, the rest at 0), and its picture, if the camera gave one."""
        self.sequence += 1
        at = datetime.now(UTC) - ago
        part = PartSerial(serial or f"BM-{self.sequence:05d}")
        cycle = Cycle(LINE, STATION, 1, self.sequence, part, at)
        names = tuple(c.name for c in PLAN.characteristics)
        forecast = Forecast(
            names, np.array([means.get(n, 0.0) for n in names]), np.full(len(names), SCALE_MM), MODELS[0]
        )
        known = dict(readings or {"spindle_b_power_kw": 7.4, "tool_life_b_parts": 40.0}) | self.parameters
        judgements = list(judge_forecast(forecast, PLAN, known, self._recent))
        frames: tuple[Frame, ...] = ()
        findings: tuple[Finding, ...] = ()
        missing: tuple[NoEvidence, ...] = ()
        if picture is None:
            missing = (
                NoEvidence(
                    "face",
                    saying("no picture newer than the trigger came within {within} s", within="1"),
                    saying("Check the camera's power, cable and address"),
                ),
            )
            judgements.append(judge_missing(missing[0]))
        else:
            pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
            frames = (
                Frame("face", at, hashlib.sha256(picture).hexdigest(), picture, np.asarray(pixels, np.uint8)),
            )
            seen = np.zeros((32, 40), np.float32) if heat is None else heat
            findings = (Finding("face", score, seen, () if box is None else (box,), MODELS[1]),)
            judgements.append(judge_finding(findings[0], PLAN))
        for name in names:
            self._recent.setdefault(name, []).append(means.get(name, 0.0))
        verdict = verdict_of(judgements)
        inspection = Inspection(
            cycle,
            Evidence(tuple(Reading(n, v, "", at) for n, v in known.items()), frames, forecast, findings, missing),
            tuple(judgements),
            verdict,
            at,
            PLAN.version,
            MODELS,
        )
        case = None
        if verdict is not Verdict.PASS:
            deadline = at + timedelta(seconds=PLAN.reaction.decide_within_s)
            case = Case(
                uuid4(),
                CaseKind.SUSPECT_PART,
                LINE,
                STATION,
                1,
                self.sequence,
                part,
                at,
                deadline,
                PLAN.reaction.who,
            )
        self.edge.record(inspection, case, frames)
        self.edge.verdict_answered(cycle, VerdictAnswer.ACCEPTED, at)
        return inspection

    def measure(
        self, inspection: Inspection, values: Mapping[str, float], decision: Decision | None = None
    ) -> None:
        """The gauge's answer for that part, and to the decision that asked for it."""
        cycle = inspection.cycle
        measured = [Measurement(n, v, cycle.serial, cycle.sequence, cycle.triggered_at) for n, v in values.items()]
        conforming = all(PLAN.characteristic(m.characteristic).limits.contain(m.value) for m in measured)
        self.edge.record_measurements(
            measured,
            conforming=conforming,
            decision_id=decision and decision.id,
            detail=saying("Measured: every characteristic conforms.") if decision else "",
        )

    def send_pending(self) -> Sequence[int]:
        """Takes up every decision as the edge does and writes its order; nothing is acknowledged yet."""
        sent = []
        for decision in self.edge.pending_decisions():
            code, target, value = self._order(decision)
            order = self.edge.record_order(decision, code, target, value)
            self.edge.order_sent(order.sequence, 1)
            sent.append(order.sequence)
        return sent

    def acknowledge(self, sequence: int) -> None:
        """The PLC's answer: done."""
        order = next(o for o in self.edge.open_orders() if o.sequence == sequence)
        if order.code is OrderCode.SET_PARAMETER:
            self.parameters[PLAN.parameters[order.target - 1].name] = float(order.value)
        if order.code in (OrderCode.STOP_LINE, OrderCode.RESUME):
            self.stopped = order.code is OrderCode.STOP_LINE
        self.edge.settle_order(sequence, OrderState.DONE, OrderResult.DONE, saying("Acknowledged by the PLC."))

    def _order(self, decision: Decision) -> tuple[OrderCode, int, int]:
        if decision.kind is DecisionKind.ADJUST_PARAMETER:
            return (
                OrderCode.SET_PARAMETER,
                PLAN.parameter(str(decision.parameter)).target,
                int(decision.value or 0),
            )
        cases = {case.id: case for case in self.edge.open_cases()}
        target = cases[decision.case_id].cycle_sequence if decision.case_id is not None else 0
        code = {
            DecisionKind.RELEASE: OrderCode.RELEASE_PART,
            DecisionKind.CONFIRM_HOLD: OrderCode.DIVERT,
            DecisionKind.STOP_LINE: OrderCode.STOP_LINE,
            DecisionKind.RESUME: OrderCode.RESUME,
        }[decision.kind]
        return code, target, 0
