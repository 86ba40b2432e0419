"""Cases and the decisions that answer them: the core of the review flow.

`answer` is the only way a case moves by a person's hand. It is pure: the same case and decision
always give the same next case or the same refusal, so the rule can be tested without a store.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from quality.characteristic import LineId, PartSerial, StationId
from quality.plan import ControlPlan, Role
from quality.saying import Saying, saying


class CaseKind(StrEnum):
    """What the question is about."""

    SUSPECT_PART = "SUSPECT_PART"
    """The part is held and a person says what becomes of it."""
    ESCAPE = "ESCAPE"
    """The part has passed and its measurement says that it should not have."""


class CaseState(StrEnum):
    """OPEN waits for a person, ANSWERED waits for the PLC to carry the answer out, CLOSED is done."""

    OPEN = "OPEN"
    ANSWERED = "ANSWERED"
    CLOSED = "CLOSED"


class DecisionKind(StrEnum):
    """What a person can decide."""

    RELEASE = "RELEASE"
    CONFIRM_HOLD = "CONFIRM_HOLD"
    STOP_LINE = "STOP_LINE"
    RESUME = "RESUME"
    ADJUST_PARAMETER = "ADJUST_PARAMETER"
    MEASURE = "MEASURE"


class Disposition(StrEnum):
    """What becomes of nonconforming material (ISO 9000 words)."""

    USE_AS_IS = "USE_AS_IS"
    REWORK = "REWORK"
    REPAIR = "REPAIR"
    SCRAP = "SCRAP"


DECIDING_ROLES = frozenset({Role.ENGINEER, Role.SUPERVISOR})
LINE_DECISIONS = frozenset({DecisionKind.STOP_LINE, DecisionKind.RESUME, DecisionKind.ADJUST_PARAMETER})
FINAL_DECISIONS = frozenset({DecisionKind.RELEASE, DecisionKind.CONFIRM_HOLD})


@dataclass(frozen=True, slots=True)
class Case:
    """An open question for a person. `version` grows by one with everything that happens to it."""

    id: UUID
    kind: CaseKind
    line: LineId
    station: StationId
    boot_count: int
    cycle_sequence: int
    serial: PartSerial
    opened_at: datetime
    deadline: datetime
    asked: Role
    state: CaseState = CaseState.OPEN
    version: int = 1
    escalated: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided, under an id that their tablet made.

    `case_id` and `case_version` are None for decisions about the line as a whole. `parameter` and `value`
    (in the parameter's unit) belong to ADJUST_PARAMETER, `disposition` to CONFIRM_HOLD.
    """

    id: UUID
    kind: DecisionKind
    line: LineId
    decided_by: str
    role: Role
    decided_at: datetime
    reason: str
    case_id: UUID | None = None
    case_version: int | None = None
    disposition: Disposition | None = None
    parameter: str | None = None
    value: float | None = None


class RefusalCode(StrEnum):
    """Why a decision was not taken."""

    STALE = "STALE"
    NOT_ALLOWED = "NOT_ALLOWED"
    ALREADY_ANSWERED = "ALREADY_ANSWERED"
    INCOMPLETE = "INCOMPLETE"
    OUT_OF_LIMITS = "OUT_OF_LIMITS"
    REUSED_ID = "REUSED_ID"
    """The id belongs to another decision already; the tablet made it twice."""


@dataclass(slots=True, eq=False)
class Refusal(Exception):  # noqa: N818 - a refusal is an answer, and it is raised only across rooms
    """A decision that was not taken: the code for programs and what is said to the person.

    Not frozen: a context manager that an exception passes through sets its traceback.
    """

    code: RefusalCode
    said: Saying

    @property
    def sentence(self) -> str:
        """What is said, in English."""
        return str(self.said)


def check(decision: Decision, plan: ControlPlan, current: float | None = None) -> None:
    """Refuses a decision that is incomplete, not the person's to make, or outside the plan's limits.

    `current` is the parameter's value in force, in its unit; without it a step cannot be judged and the
    adjustment is refused. Raises Refusal.
    """
    if decision.role not in DECIDING_ROLES:
        raise Refusal(
            RefusalCode.NOT_ALLOWED,
            saying("The role {role} does not decide; ask an engineer.", role=decision.role),
        )
    if not decision.reason.strip():
        raise Refusal(RefusalCode.INCOMPLETE, saying("Say why: a decision needs a reason."))
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
        _check_adjustment(decision, plan, current)


def _check_adjustment(decision: Decision, plan: ControlPlan, current: float | None) -> None:
    if decision.parameter is None or decision.value is None:
        raise Refusal(RefusalCode.INCOMPLETE, saying("Say which parameter, and to which value."))
    try:
        rule = plan.parameter(decision.parameter)
    except KeyError:
        raise Refusal(
            RefusalCode.OUT_OF_LIMITS,
            saying("The control plan has no parameter {parameter}.", parameter=decision.parameter),
        ) from None
    if not rule.limits.contain(decision.value) or decision.value != round(decision.value):
        raise Refusal(
            RefusalCode.OUT_OF_LIMITS,
            saying(
                "{parameter}: {value} {unit} must be a whole number from {lower} to {upper}.",
                parameter=rule.title,
                value=f"{decision.value:g}",
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
    if abs(decision.value - current) > rule.largest_step:
        raise Refusal(
            RefusalCode.OUT_OF_LIMITS,
            saying(
                "{parameter}: from {current} to {value} {unit} is more than the largest step of {step}.",
                parameter=rule.title,
                current=f"{current:g}",
                value=f"{decision.value:g}",
                unit=rule.unit,
                step=f"{rule.largest_step:g}",
            ),
        )


def answer(case: Case, decision: Decision) -> Case:
    """The case after the decision. Raises Refusal when the case moved on or no longer waits.

    Release and confirm hold end the question and wait for the PLC; the other decisions leave it open
    under a new version.
    """
    if decision.case_version != case.version:
        raise Refusal(
            RefusalCode.STALE,
            saying(
                "The case has moved on: you answered version {answered}, it is now {version}."
                " Look again and decide again.",
                answered=str(decision.case_version),
                version=case.version,
            ),
        )
    if case.state is not CaseState.OPEN:
        raise Refusal(
            RefusalCode.ALREADY_ANSWERED, saying("The case has been answered already; nothing was changed.")
        )
    if case.kind is CaseKind.ESCAPE and decision.kind is DecisionKind.RELEASE:
        raise Refusal(
            RefusalCode.NOT_ALLOWED, saying("The part has already passed; confirm it with a disposition.")
        )
    state = CaseState.ANSWERED if decision.kind in FINAL_DECISIONS else CaseState.OPEN
    return replace(case, state=state, version=case.version + 1)


def settle(case: Case, *, applied: bool) -> Case:
    """The case after the PLC's answer to a final decision: closed, or open again when it was not applied."""
    state = CaseState.CLOSED if applied else CaseState.OPEN
    return replace(case, state=state, version=case.version + 1)


def escalate(case: Case, now: datetime, to: Role) -> Case:
    """The case when its deadline has passed unanswered: the next role is asked, the hold stays.

    The version stays too, so that an answer already on its way is still good.
    """
    if case.state is CaseState.OPEN and not case.escalated and now >= case.deadline:
        return replace(case, escalated=True, asked=to)
    return case
