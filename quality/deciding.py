"""What a decision has to be before it is taken: complete, within the plan, signed, by two where that says so."""

from collections.abc import Collection, Iterable, Mapping

from quality.case import (
    DECIDING_ROLES,
    LINE_DECISIONS,
    Decision,
    DecisionKind,
    Disposition,
    Refusal,
    RefusalCode,
    Second,
)
from quality.judgement import Judgement, Verdict
from quality.plan import ControlPlan, Role
from quality.reasons import choice
from quality.saying import saying


def lets_go(kind: DecisionKind, disposition: Disposition | None) -> bool:
    """True for what lets a suspect part go on as a good one: a release, or to use it as it is."""
    return kind is DecisionKind.RELEASE or (
        kind is DecisionKind.CONFIRM_HOLD and disposition is Disposition.USE_AS_IS
    )


def suspect_in(
    judgements: Iterable[Judgement], measured: Mapping[str, float], plan: ControlPlan
) -> frozenset[str]:
    """The characteristics in which a part is suspect: judged against, or measured out of limits."""
    judged = {judgement.subject for judgement in judgements if judgement.verdict is not Verdict.PASS}
    return frozenset(
        c.name
        for c in plan.characteristics
        if c.name in judged or (c.name in measured and not c.limits.contain(measured[c.name]))
    )


def needs_second(
    plan: ControlPlan,
    kind: DecisionKind,
    disposition: Disposition | None = None,
    *,
    suspect: Collection[str] = (),
    step: tuple[str, float, float] | None = None,
) -> bool:
    """True when one person alone may not decide this.

    `suspect` are the characteristics that the part is suspect in (`suspect_in`): one that is critical takes two
    people to let the part go. `step` is a parameter with its value in force and its new one: a step beyond what
    the plan lets one person do takes two.
    """
    if lets_go(kind, disposition):
        return any(c.critical for c in plan.characteristics if c.name in suspect)
    if kind is DecisionKind.ADJUST_PARAMETER and step is not None:
        name, current, value = step
        alone_within = plan.parameter(name).alone_within
        return alone_within is not None and abs(value - current) > alone_within
    return False


def must_be_signed(plan: ControlPlan, kind: DecisionKind, disposition: Disposition | None = None) -> bool:
    """True when the plan wants a person to prove anew who they are for this. To use as it is releases too."""
    signed = plan.reaction.signed
    return kind in signed or (lets_go(kind, disposition) and DecisionKind.RELEASE in signed)


def check(decision: Decision, plan: ControlPlan, current: float | None = None) -> None:
    """Refuses a decision that is incomplete, not the person's to make, outside the plan's limits, or not signed.

    `current` is the parameter's value in force, in its unit; without it a step cannot be judged and the
    adjustment is refused. Raises Refusal.
    """
    _must_decide(decision.role)
    _check_reason(decision, plan)
    if decision.case_id is None and decision.kind not in LINE_DECISIONS:
        raise Refusal(
            RefusalCode.INCOMPLETE,
            saying("{kind} answers a case; name the case and its version.", kind=decision.kind),
        )
    if decision.kind is DecisionKind.CONFIRM_HOLD and decision.disposition is None:
        raise Refusal(
            RefusalCode.INCOMPLETE, saying("Say what becomes of the part: use as is, rework, repair or scrap.")
        )
    if decision.kind is DecisionKind.ADJUST_PARAMETER:
        check_adjustment(decision.parameter, decision.value, plan, current)
    if must_be_signed(plan, decision.kind, decision.disposition) and decision.signed_at is None:
        raise _not_signed()


def check_second(decision: Decision, opinion: Second, plan: ControlPlan, current: float | None = None) -> None:
    """Refuses an answer to somebody's decision that is not this person's to give, or no longer within the plan.

    Who proposed may not agree with themselves, but may take it back. `current` as in `check`. Raises Refusal.
    """
    _must_decide(opinion.role)
    if not opinion.agrees:
        if not opinion.reason:
            raise Refusal(RefusalCode.INCOMPLETE, saying("Say why you do not agree."))
        return
    if opinion.by == decision.decided_by:
        raise Refusal(
            RefusalCode.NOT_ALLOWED,
            saying("You proposed this yourself; another person has to agree, or you take it back."),
        )
    if decision.kind is DecisionKind.ADJUST_PARAMETER:
        check_adjustment(decision.parameter, decision.value, plan, current)
    if must_be_signed(plan, decision.kind, decision.disposition) and opinion.signed_at is None:
        raise _not_signed()


def check_adjustment(parameter: str | None, value: float | None, plan: ControlPlan, current: float | None) -> None:
    """Refuses a value outside the parameter's limits, or farther than its largest step. Raises Refusal."""
    if parameter is None or value is None:
        raise Refusal(RefusalCode.INCOMPLETE, saying("Say which parameter, and to which value."))
    try:
        rule = plan.parameter(parameter)
    except KeyError:
        raise Refusal(
            RefusalCode.OUT_OF_LIMITS,
            saying("The control plan has no parameter {parameter}.", parameter=parameter),
        ) from None
    if not rule.limits.contain(value) or value != round(value):
        raise Refusal(
            RefusalCode.OUT_OF_LIMITS,
            saying(
                "{parameter}: {value} {unit} must be a whole number from {lower} to {upper}.",
                parameter=rule.title,
                value=f"{value:g}",
                unit=rule.unit,
                lower=f"{rule.limits.lower:g}",
                upper=f"{rule.limits.upper:g}",
            ),
        )
    if current is None:
        raise Refusal(
            RefusalCode.OUT_OF_LIMITS,
            saying(
                "{parameter}: its value in force is not known; wait for the PLC to answer.", parameter=rule.title
            ),
        )
    if abs(value - current) > rule.largest_step:
        raise Refusal(
            RefusalCode.OUT_OF_LIMITS,
            saying(
                "{parameter}: from {current} to {value} {unit} is more than the largest step of {step}.",
                parameter=rule.title,
                current=f"{current:g}",
                value=f"{value:g}",
                unit=rule.unit,
                step=f"{rule.largest_step:g}",
            ),
        )


def _must_decide(role: Role) -> None:
    if role not in DECIDING_ROLES:
        raise Refusal(
            RefusalCode.NOT_ALLOWED, saying("The role {role} does not decide; ask an engineer.", role=role)
        )


def _check_reason(decision: Decision, plan: ControlPlan) -> None:
    code = decision.reason_code
    if code is None and not decision.reason.strip():
        raise Refusal(RefusalCode.INCOMPLETE, saying("Say why: a decision needs a reason."))
    if code is not None and choice(plan, decision.kind, code) is None:
        raise Refusal(
            RefusalCode.INCOMPLETE,
            saying("The control plan has no reason {code} for this; choose one that it has.", code=code),
        )


def _not_signed() -> Refusal:
    return Refusal(RefusalCode.SIGNATURE, saying("This has to be signed: enter your PIN or password for it."))
