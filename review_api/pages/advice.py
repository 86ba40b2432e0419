"""What is suggested for a case, and the actions in the order they are offered: the suggested one first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quality.case import Case, CaseKind, DecisionKind
from quality.judgement import Judgement, ReasonCode, Verdict
from quality.plan import ControlPlan
from quality.recommend import Recommendation
from quality.saying import Saying, saying
from quality.wording import number, sentence
from records.views import EarlierCase
from review_api.pages.words import capital, unit


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do first and why; `kind` is None when looking comes before deciding."""

    kind: DecisionKind | None
    what: Saying
    why: Saying


@dataclass(frozen=True, slots=True)
class Action:
    """One button of the case: the first touch, which opens its sheet. `key` does the same on a keyboard."""

    kind: DecisionKind
    label: Saying
    small: str
    suggested: bool
    key: str


def advise(
    case: Case,
    suspicions: Sequence[Judgement],
    recommendation: Recommendation | None,
    plan: ControlPlan,
    measured: Mapping[str, float],
) -> Advice:
    """The first thing to do about the worst suspicion, or about the part once it is measured."""
    if case.kind is CaseKind.ESCAPE:
        return Advice(
            DecisionKind.CONFIRM_HOLD,
            saying("find the part and say what becomes of it"),
            saying("It has left through the gate."),
        )
    if suspicions and _is_cleared(suspicions, measured, plan):
        return Advice(
            DecisionKind.RELEASE,
            saying("release the part"),
            saying("Every characteristic was measured within its limits."),
        )
    worst = suspicions[0] if suspicions else None
    source = worst.subject.partition(":")[0] if worst is not None else ""
    if source == "surface" and worst is not None:
        return _about_a_face(worst)
    unusual = next((r for r in worst.reasons if r.code is ReasonCode.READING_UNUSUAL), None) if worst else None
    if unusual is not None:
        return Advice(
            None,
            saying("look at the {reading} before you adjust", reading=unusual.values["reading"]),
            saying("{unusual} An offset would be wrong once it is back.", unusual=sentence(unusual)),
        )
    if source == "evidence":
        return Advice(
            DecisionKind.MEASURE,
            saying("measure this part"),
            saying("What is missing cannot be judged; a gauge can."),
        )
    return _about_a_forecast(recommendation, plan)


def _about_a_forecast(recommendation: Recommendation | None, plan: ControlPlan) -> Advice:
    if recommendation is not None:
        return Advice(DecisionKind.ADJUST_PARAMETER, _change(recommendation), _effect(recommendation, plan))
    return Advice(
        DecisionKind.MEASURE, saying("measure this part"), saying("The forecast alone does not decide it.")
    )


def _is_cleared(suspicions: Sequence[Judgement], measured: Mapping[str, float], plan: ControlPlan) -> bool:
    """True when nothing but characteristics was suspected, and the gauge found every one within its limits."""
    names = {c.name for c in plan.characteristics}
    return all(suspicion.subject in names for suspicion in suspicions) and all(
        c.name in measured and c.limits.contain(measured[c.name]) for c in plan.characteristics
    )


def _about_a_face(worst: Judgement) -> Advice:
    if worst.verdict is Verdict.HOLD:
        return Advice(
            DecisionKind.CONFIRM_HOLD,
            saying("confirm the hold"),
            saying("If you too see the defect where it is marked."),
        )
    return Advice(
        None,
        saying("look at the marked place beside a good part"),
        saying("The model is not sure; then release or confirm."),
    )


def actions(
    case: Case, advice: Advice, recommendation: Recommendation | None, *, adjustable: bool
) -> list[Action]:
    """What can be decided on the case, the suggested first and stopping the line always last."""
    offered: list[tuple[DecisionKind, Saying, str, str]] = []
    if adjustable:
        suggested = recommendation if advice.kind is DecisionKind.ADJUST_PARAMETER else None
        label: Saying = saying("Adjust")
        small: str = saying("a machine parameter")
        if suggested is not None:
            label, small = saying("Adjust {step}", step=_step(suggested)), suggested.rule.title
        offered.append((DecisionKind.ADJUST_PARAMETER, label, small, "A"))
    if case.kind is CaseKind.SUSPECT_PART:
        offered.append((DecisionKind.MEASURE, saying("Measure"), saying("ask the gauge"), "M"))
        offered.append((DecisionKind.RELEASE, saying("Release"), saying("the part passes"), "R"))
    offered.append((DecisionKind.CONFIRM_HOLD, saying("Confirm hold"), saying("rework · repair · scrap"), "H"))
    offered.sort(key=lambda each: each[0] is not advice.kind)
    offered.append((DecisionKind.STOP_LINE, saying("Stop the line"), saying("no new part enters"), "S"))
    return [
        Action(kind, label, small, suggested=kind is advice.kind, key=key) for kind, label, small, key in offered
    ]


def precedent(advice: Advice, alike: Sequence[EarlierCase]) -> Saying | None:
    """How often the same was done on the cases most alike, or how often they were released."""
    if not alike:
        return None
    kind = advice.kind
    if kind is None or kind is DecisionKind.RELEASE:
        released = sum(_has(each, DecisionKind.RELEASE) for each in alike)
        return saying("Of the {all} most alike, {some} were released.", all=len(alike), some=released)
    blanks = {"all": len(alike), "some": sum(_has(each, kind) for each in alike)}
    match kind:
        case DecisionKind.ADJUST_PARAMETER:
            return saying("Of the {all} most alike, {some} were adjusted.", **blanks)
        case DecisionKind.MEASURE:
            return saying("Of the {all} most alike, {some} were measured.", **blanks)
        case _:
            return saying("Of the {all} most alike, {some} stayed held.", **blanks)


def _has(earlier: EarlierCase, kind: DecisionKind) -> bool:
    return any(decision.kind is kind for decision in earlier.decisions)


def _step(recommendation: Recommendation) -> str:
    return f"{number(recommendation.step, signed=True)} {unit(recommendation.rule.unit)}"


def _change(recommendation: Recommendation) -> Saying:
    return saying(
        "{parameter} {step}, from {current} to {value}",
        parameter=recommendation.rule.title,
        step=_step(recommendation),
        current=_set(recommendation.current),
        value=_set(recommendation.value),
    )


def _set(value: float) -> str:
    return number(value, signed=value != 0)


def _effect(recommendation: Recommendation, plan: ControlPlan) -> Saying:
    first = recommendation.effects[0]
    moved = plan.characteristic(first.characteristic)
    return saying(
        "{characteristic} of the next parts: forecast {mean} ± {scale} {unit}.",
        characteristic=capital(moved.label),
        mean=number(first.mean_after, first.scale, signed=True),
        scale=number(first.scale, first.scale),
        unit=moved.unit,
    )
