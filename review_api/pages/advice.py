"""What is suggested for a case, and the actions in the order they are offered: the suggested one first."""

from collections.abc import Sequence
from dataclasses import dataclass

from quality.case import Case, CaseKind, DecisionKind
from quality.judgement import Judgement, ReasonCode, Verdict
from quality.plan import ControlPlan
from quality.recommend import Recommendation
from quality.wording import number, sentence
from review_api.pages.words import capital, unit


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do first and why; `kind` is None when looking comes before deciding."""

    kind: DecisionKind | None
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Action:
    """One button of the case: the first touch, which opens its sheet."""

    kind: DecisionKind
    label: str
    small: str
    sheet: str
    suggested: bool


def advise(
    case: Case, suspicions: Sequence[Judgement], recommendation: Recommendation | None, plan: ControlPlan
) -> Advice:
    """The first thing to do about the worst suspicion."""
    if case.kind is CaseKind.ESCAPE:
        return Advice(
            DecisionKind.CONFIRM_HOLD, "find the part and say what becomes of it", "It has left through the gate."
        )
    worst = suspicions[0] if suspicions else None
    source = worst.subject.partition(":")[0] if worst is not None else ""
    if source == "surface" and worst is not None:
        return _about_a_face(worst)
    unusual = next((r for r in worst.reasons if r.code is ReasonCode.READING_UNUSUAL), None) if worst else None
    if unusual is not None:
        return Advice(
            None,
            f"look at the {unusual.values['reading']} before you adjust",
            f"{sentence(unusual)} An offset would be wrong once it is back.",
        )
    if recommendation is not None and source != "evidence":
        return Advice(DecisionKind.ADJUST_PARAMETER, _change(recommendation), _effect(recommendation, plan))
    if source == "evidence":
        return Advice(DecisionKind.MEASURE, "measure this part", "What is missing cannot be judged; a gauge can.")
    return Advice(DecisionKind.MEASURE, "measure this part", "The forecast alone does not decide it.")


def _about_a_face(worst: Judgement) -> Advice:
    if worst.verdict is Verdict.HOLD:
        return Advice(
            DecisionKind.CONFIRM_HOLD, "confirm the hold", "If you too see the defect where it is marked."
        )
    return Advice(
        None, "look at the marked place beside a good part", "The model is not sure; then release or confirm."
    )


def actions(
    case: Case, advice: Advice, recommendation: Recommendation | None, *, adjustable: bool
) -> list[Action]:
    """What can be decided on the case, the suggested first and stopping the line always last."""
    offered = []
    if adjustable:
        suggested = recommendation if advice.kind is DecisionKind.ADJUST_PARAMETER else None
        label = "Adjust" if suggested is None else f"Adjust {_step(suggested)}"
        small = "a machine parameter" if suggested is None else suggested.rule.title
        offered.append((DecisionKind.ADJUST_PARAMETER, label, small, "sheet-adjust"))
    if case.kind is CaseKind.SUSPECT_PART:
        offered.append((DecisionKind.MEASURE, "Measure", "ask the gauge", "sheet-measure"))
        offered.append((DecisionKind.RELEASE, "Release", "the part passes", "sheet-release"))
    offered.append((DecisionKind.CONFIRM_HOLD, "Confirm hold", "rework · repair · scrap", "sheet-hold"))
    offered.sort(key=lambda each: each[0] is not advice.kind)
    offered.append((DecisionKind.STOP_LINE, "Stop the line", "no new part enters", "sheet-stop"))
    return [Action(*each, suggested=each[0] is advice.kind) for each in offered]


def _step(recommendation: Recommendation) -> str:
    return f"{number(recommendation.step, signed=True)} {unit(recommendation.rule.unit)}"


def _change(recommendation: Recommendation) -> str:
    return (
        f"{recommendation.rule.title} {_step(recommendation)}, from {number(recommendation.current, signed=True)}"
        f" to {number(recommendation.value, signed=True)}"
    )


def _effect(recommendation: Recommendation, plan: ControlPlan) -> str:
    first = recommendation.effects[0]
    moved = plan.characteristic(first.characteristic)
    return (
        f"{capital(moved.label)} of the next parts then {number(first.mean_after, first.scale, signed=True)}"
        f" ± {number(first.scale, first.scale)} {moved.unit}."
    )
