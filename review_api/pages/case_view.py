"""What the case page says about one case: the matter, the evidence, and what can be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quality.case import Case, CaseKind, CaseState, DecisionKind, Disposition
from quality.characteristic import Characteristic
from quality.judge import leading
from quality.judgement import Judgement, Reason, ReasonCode, Verdict
from quality.order import OrderState
from quality.plan import ControlPlan, ParameterRule
from quality.recommend import Recommendation, as_made_now, recommend
from quality.saying import Saying, joined, saying
from quality.wording import number, sentence
from records.views import CaseDetail, DecisionView, FindingView, FrameView, InspectionDetail
from review_api.pages.words import capital, reading

INFLUENCES = 3
"""So many of the inputs that moved a forecast are told."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One camera's picture with what the model saw on it, beside the newest good part's."""

    frame: FrameView
    finding: FindingView | None
    good: FrameView | None


@dataclass(frozen=True, slots=True)
class Moved:
    """A characteristic that a parameter moves by `gain` (its unit) for each unit of the parameter."""

    name: str
    label: str
    unit: str
    gain: float
    mean: float
    scale: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Adjustable:
    """A parameter as the adjust sheet offers it: from `lowest` to `highest` in one step, `value` filled in."""

    rule: ParameterRule
    current: float
    value: float
    lowest: float
    highest: float
    moved: tuple[Moved, ...]


def matter(case: Case, plan: ControlPlan, outcome: Saying | None = None) -> Saying:
    """The case in one short sentence; `outcome` says how it ended, if it has."""
    blanks = {"part": capital(plan.part), "serial": case.serial}
    if case.state is CaseState.CLOSED:
        return saying("{part} {serial} is {outcome}", **blanks, outcome=outcome or saying("decided"))
    if case.kind is CaseKind.ESCAPE:
        return saying("{part} {serial} passed, and measures out", **blanks)
    return saying("{part} {serial} is held", **blanks)


def proposal_of(detail: CaseDetail) -> DecisionView | None:
    """The decision on the case that waits for a second person."""
    return next((d for d in reversed(detail.decisions) if d.travel is OrderState.PROPOSED), None)


def suspicions(judgements: Sequence[Judgement]) -> tuple[Judgement, ...]:
    """The judgements that opened the case, the worst first."""
    return tuple(j for j in leading(judgements) if j.verdict is not Verdict.PASS)


def why(
    case: Case, judgements: Sequence[Judgement], measured: Mapping[str, float], plan: ControlPlan
) -> list[Saying]:
    """Every reason in words, the most important first; what has been measured comes before what was thought of it.

    What the gauge has cleared comes after what it has not: a defect seen is not headed by a good measurement.
    """
    within = _measured_within(measured, plan)
    suspected = suspicions(judgements)
    standing = [judgement for judgement in suspected if judgement.subject not in within]
    cleared = [judgement for judgement in suspected if judgement.subject in within]
    said = _measured_out(measured, plan)
    said += [sentence(reason) for judgement in standing for reason in judgement.reasons]
    said += [within[judgement.subject] for judgement in cleared]
    said += [sentence(reason) for judgement in cleared for reason in judgement.reasons]
    if not said and case.kind is CaseKind.ESCAPE:
        said = [saying("Its measurement is outside the limits, and the gate had let it pass.")]
    return said or [saying("No reason was recorded; look at the part.")]


def moved_by(inspection: InspectionDetail, plan: ControlPlan) -> list[Saying]:
    """What moved the forecast most, each in a sentence; nothing that moved it by less than its uncertainty."""
    scale = next((f.scale for f in inspection.forecasts if f.characteristic == inspection.moved), None)
    if inspection.moved is None or scale is None:
        return []
    unit_of = {c.name: c.unit for c in plan.characteristics}.get(inspection.moved, "")
    said = []
    for influence in inspection.influences[:INFLUENCES]:
        if abs(influence.moved) < scale:
            continue
        blanks = {"by": f"{number(influence.moved, scale, signed=True)} {unit_of}"}
        if influence.usual is not None and influence.value is not None:
            title, symbol = reading(influence.source)
            blanks |= {"reading": title, "value": f"{number(influence.value)} {symbol}".strip()}
            said.append(
                saying("{reading} is {value}, usually {usual}: {by}.", **blanks, usual=number(influence.usual))
            )
        elif influence.usual is None:
            said.append(saying("Part {serial} as it was measured: {by}.", **blanks, serial=influence.source))
    return said


def leading_characteristic(
    judgements: Sequence[Judgement], measured: Mapping[str, float], plan: ControlPlan
) -> Characteristic | None:
    """The characteristic the case is about: measured out, else the one most likely to be out."""
    outside = _outside(measured, plan)
    if outside:
        return outside[0][0]
    names = {c.name for c in plan.characteristics}
    about = [j for j in judgements if j.subject in names]
    return plan.characteristic(max(about, key=lambda j: j.probability).subject) if about else None


def pictures(inspection: InspectionDetail, good: Mapping[str, FrameView | None]) -> tuple[Picture, ...]:
    """Each kept picture with its finding; the face that looks worst first."""
    findings = {finding.camera: finding for finding in inspection.findings}
    kept = [
        Picture(frame, findings.get(frame.camera), good.get(frame.camera))
        for frame in inspection.frames
        if frame.kept
    ]
    return tuple(sorted(kept, key=lambda p: p.finding.score if p.finding else 0.0, reverse=True))


def recommended(
    inspection: InspectionDetail, plan: ControlPlan, parameters: Mapping[str, float]
) -> Recommendation | None:
    """The adjustment that would bring the forecast back to nominal, if one is worth making."""
    return recommend(_forecasts(inspection, plan, parameters), plan, parameters)


def adjustables(
    inspection: InspectionDetail | None,
    plan: ControlPlan,
    parameters: Mapping[str, float],
    suggestion: Recommendation | None,
) -> tuple[Adjustable, ...]:
    """Every parameter whose value in force is known, the suggested one first and filled in."""
    forecasts = _forecasts(inspection, plan, parameters) if inspection is not None else {}
    offered = []
    for rule in plan.parameters:
        if rule.name not in parameters:
            continue
        current = parameters[rule.name]
        suggested = suggestion is not None and suggestion.rule.name == rule.name
        offered.append(
            Adjustable(
                rule,
                current,
                suggestion.value if suggestion is not None and suggested else current,
                max(rule.limits.lower, current - rule.largest_step),
                min(rule.limits.upper, current + rule.largest_step),
                tuple(_moved(rule, plan, forecasts)),
            )
        )
    return tuple(sorted(offered, key=lambda a: suggestion is None or a.rule.name != suggestion.rule.name))


def outcome(decisions: Sequence[DecisionView]) -> Saying:
    """How an earlier case ended, in a few words."""
    for decision in reversed(decisions):
        if decision.kind is DecisionKind.RELEASE:
            return saying("released")
        if decision.kind is DecisionKind.CONFIRM_HOLD and decision.disposition is not None:
            return _HELD[decision.disposition]
    return saying("decided")


def decided(decisions: Sequence[DecisionView]) -> Saying:
    """What was decided on an earlier case: what was done on the way, and how it ended."""
    kinds = {decision.kind for decision in decisions}
    on_the_way = [said for kind, said in _ON_THE_WAY.items() if kind in kinds]
    return joined(", ", [*on_the_way, outcome(decisions)])


_HELD = {
    Disposition.USE_AS_IS: saying("held, use as is"),
    Disposition.REWORK: saying("held, rework"),
    Disposition.REPAIR: saying("held, repair"),
    Disposition.SCRAP: saying("held, scrap"),
}
_ON_THE_WAY = {
    DecisionKind.MEASURE: saying("measured"),
    DecisionKind.ADJUST_PARAMETER: saying("adjusted"),
    DecisionKind.STOP_LINE: saying("line stopped"),
}


def _measured_out(measured: Mapping[str, float], plan: ControlPlan) -> list[Saying]:
    said = []
    for c, value in _outside(measured, plan):
        values: dict[str, str | float | int] = {
            "characteristic": c.label,
            "unit": c.unit,
            "value": value,
            "lower": c.limits.lower,
            "upper": c.limits.upper,
        }
        said.append(sentence(Reason(ReasonCode.MEASURED_OUT, values)))
    return said


def _measured_within(measured: Mapping[str, float], plan: ControlPlan) -> dict[str, Saying]:
    """What is said of each characteristic that was measured within its limits, by its name."""
    return {
        c.name: saying(
            "{characteristic} was measured at {value} {unit}, within its limits.",
            characteristic=capital(c.label),
            value=number(measured[c.name], signed=True),
            unit=c.unit,
        )
        for c in plan.characteristics
        if c.name in measured and c.limits.contain(measured[c.name])
    }


def _outside(measured: Mapping[str, float], plan: ControlPlan) -> list[tuple[Characteristic, float]]:
    """What was measured out of its limits, the farthest out first, by the width of the limits."""
    out = [
        (c, measured[c.name])
        for c in plan.characteristics
        if c.name in measured and not c.limits.contain(measured[c.name])
    ]
    return sorted(out, key=lambda each: abs(each[1] - each[0].target) / each[0].limits.width, reverse=True)


def _forecasts(
    inspection: InspectionDetail, plan: ControlPlan, parameters: Mapping[str, float]
) -> dict[str, tuple[float, float]]:
    """Mean and scale of such a part if it were made now."""
    said = {f.characteristic: (f.mean, f.scale) for f in inspection.forecasts}
    return as_made_now(said, inspection.readings, plan, parameters)


def _moved(rule: ParameterRule, plan: ControlPlan, forecasts: Mapping[str, tuple[float, float]]) -> list[Moved]:
    moved = []
    for c in plan.characteristics:
        if c.name in rule.moves and c.name in forecasts:
            mean, scale = forecasts[c.name]
            moved.append(
                Moved(c.name, c.label, c.unit, rule.moves[c.name], mean, scale, c.limits.lower, c.limits.upper)
            )
    return sorted(moved, key=lambda m: min(m.upper - m.mean, m.mean - m.lower))
