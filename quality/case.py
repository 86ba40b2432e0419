"""Cases and the decisions that answer them: the core of the review flow.

`answer` and `second` are the only ways a case moves by a person's hand. They are pure: the same case and decision
always give the same next case or the same refusal, so the rules can be tested without a store.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from quality.characteristic import LineId, PartSerial, StationId
from quality.plan import DecisionKind as DecisionKind  # noqa: PLC0414 - it belongs to decisions and is found here
from quality.plan import Role
from quality.saying import Saying, saying


class CaseKind(StrEnum):
    """What the question is about."""

    SUSPECT_PART = "SUSPECT_PART"
    """The part is held and a person says what becomes of it."""
    ESCAPE = "ESCAPE"
    """The part has passed and its measurement says that it should not have."""


class CaseState(StrEnum):
    """OPEN waits for a person, PROPOSED for a second one to agree with the first, ANSWERED for the PLC to carry it
    out; CLOSED is done.
    """

    OPEN = "OPEN"
    PROPOSED = "PROPOSED"
    ANSWERED = "ANSWERED"
    CLOSED = "CLOSED"


class Disposition(StrEnum):
    """What becomes of nonconforming material (ISO 9000 words)."""

    USE_AS_IS = "USE_AS_IS"
    REWORK = "REWORK"
    REPAIR = "REPAIR"
    SCRAP = "SCRAP"


DECIDING_ROLES = frozenset({Role.ENGINEER, Role.SUPERVISOR})
LINE_DECISIONS = frozenset({DecisionKind.STOP_LINE, DecisionKind.RESUME, DecisionKind.ADJUST_PARAMETER})
FINAL_DECISIONS = frozenset({DecisionKind.RELEASE, DecisionKind.CONFIRM_HOLD})
ASKING = frozenset({CaseState.OPEN, CaseState.PROPOSED})
"""States in which somebody is asked: the part is held, and nothing has been decided about it yet."""


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
    (in the parameter's unit) belong to ADJUST_PARAMETER, `disposition` to CONFIRM_HOLD. `reason` is free text,
    `reason_code` one of the plan's reasons; one of the two is there. `signed_at` is when the person proved anew
    who they are, for this very decision.
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
    reason_code: str | None = None
    signed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Second:
    """What the second person says of a decision that needs two. `reason` may be empty when they agree."""

    by: str
    role: Role
    at: datetime
    agrees: bool
    reason: str = ""
    signed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A decision that was there first. `waits` for a second person, or `second` is what they said, or neither."""

    decision: Decision
    waits: bool = False
    second: Second | None = None


class RefusalCode(StrEnum):
    """Why a decision was not taken."""

    STALE = "STALE"
    NOT_ALLOWED = "NOT_ALLOWED"
    ALREADY_ANSWERED = "ALREADY_ANSWERED"
    INCOMPLETE = "INCOMPLETE"
    OUT_OF_LIMITS = "OUT_OF_LIMITS"
    PROPOSED = "PROPOSED"
    """Somebody's decision on the case waits for a second person; this is not that person's answer to it."""
    SIGNATURE = "SIGNATURE"
    """The plan wants it signed, and it is not, or for something else."""
    REUSED_ID = "REUSED_ID"
    """The id belongs to another decision already; the tablet made it twice."""


@dataclass(slots=True, eq=False)
class Refusal(Exception):  # noqa: N818 - a refusal is an answer, and it is raised only across rooms
    """A decision that was not taken: the code for programs, what is said to the person, and what was there first.

    Not frozen: a context manager that an exception passes through sets its traceback.
    """

    code: RefusalCode
    said: Saying
    first: Taken | None = None

    @property
    def sentence(self) -> str:
        """What is said, in English."""
        return str(self.said)


def answer(case: Case, decision: Decision, *, needs_second: bool = False, first: Taken | None = None) -> Case:
    """The case after the decision. Raises Refusal when the case moved on or no longer waits.

    Release and confirm hold end the question and wait for the PLC, the other decisions leave it open under a new
    version; one that needs a second person waits for them. `first` is the newest decision on the case: whoever
    comes too late is told of it.
    """
    if decision.case_version != case.version:
        raise Refusal(RefusalCode.STALE, _moved_on(case, decision, first), first)
    if case.state is not CaseState.OPEN:
        raise _too_late(case, decision.decided_at, first)
    if case.kind is CaseKind.ESCAPE and decision.kind is DecisionKind.RELEASE:
        raise Refusal(
            RefusalCode.NOT_ALLOWED, saying("The part has already passed; confirm it with a disposition.")
        )
    return replace(case, state=CaseState.PROPOSED if needs_second else _after(decision), version=case.version + 1)


def second(case: Case, decision: Decision, opinion: Second, *, first: Taken | None = None) -> Case:
    """The case after the second person's answer to the decision it waits for: decided, or open again.

    Raises Refusal when it does not wait for that; `first` as in `answer`.
    """
    if case.state is not CaseState.PROPOSED or decision.case_version != case.version - 1:
        raise _too_late(case, opinion.at, first)
    return replace(case, state=_after(decision) if opinion.agrees else CaseState.OPEN, version=case.version + 1)


def settle(case: Case, *, applied: bool) -> Case:
    """The case after the PLC's answer to a final decision: closed, or open again when it was not applied."""
    state = CaseState.CLOSED if applied else CaseState.OPEN
    return replace(case, state=state, version=case.version + 1)


def escalate(case: Case, now: datetime, to: Role) -> Case:
    """The case when its deadline has passed undecided: the next role is asked, the hold stays.

    The version stays too, so that an answer already on its way is still good.
    """
    if case.state in ASKING and not case.escalated and now >= case.deadline:
        return replace(case, escalated=True, asked=to)
    return case


def who_decided_what(taken: Taken, now: datetime) -> Saying:
    """Who decided or proposed what, how long ago, and what the second person said of it, if one was asked."""
    decision, opinion = taken.decision, taken.second
    what = _what(decision)
    if opinion is None:
        ago = _ago(decision.decided_at, now)
        if taken.waits:
            return saying(
                "{person} proposed {ago}: {what}. A second person is asked.",
                person=decision.decided_by,
                ago=ago,
                what=what,
            )
        return saying("{person} decided {ago}: {what}.", person=decision.decided_by, ago=ago, what=what)
    ago = _ago(opinion.at, now)
    if opinion.agrees:
        return saying(
            "{second} agreed {ago} with {person}: {what}.",
            second=opinion.by,
            ago=ago,
            person=decision.decided_by,
            what=what,
        )
    return saying(
        "{second} did not agree {ago} with {person}: {what}.",
        second=opinion.by,
        ago=ago,
        person=decision.decided_by,
        what=what,
    )


def _after(decision: Decision) -> CaseState:
    return CaseState.ANSWERED if decision.kind in FINAL_DECISIONS else CaseState.OPEN


def _moved_on(case: Case, decision: Decision, first: Taken | None) -> Saying:
    if first is not None:
        return saying(
            "The case has moved on. {first} Look again and decide again.",
            first=who_decided_what(first, decision.decided_at),
        )
    return saying(
        "The case has moved on: you answered version {answered}, it is now {version}."
        " Look again and decide again.",
        answered=str(decision.case_version),
        version=case.version,
    )


def _too_late(case: Case, now: datetime, first: Taken | None) -> Refusal:
    if first is None:
        said = saying("The case has been answered already; nothing was changed.")
    else:
        said = saying("{first} Nothing was changed.", first=who_decided_what(first, now))
    code = RefusalCode.PROPOSED if case.state is CaseState.PROPOSED else RefusalCode.ALREADY_ANSWERED
    return Refusal(code, said, first)


def _what(decision: Decision) -> Saying:
    match decision.kind:
        case DecisionKind.RELEASE:
            return saying("release the part")
        case DecisionKind.CONFIRM_HOLD:
            return _DISPOSED[decision.disposition or Disposition.SCRAP]
        case DecisionKind.MEASURE:
            return saying("measure the part")
        case DecisionKind.STOP_LINE:
            return saying("stop the line")
        case DecisionKind.RESUME:
            return saying("resume the line")
        case DecisionKind.ADJUST_PARAMETER:
            return saying(
                "set {parameter} to {value}", parameter=decision.parameter or "", value=f"{decision.value or 0:g}"
            )


_DISPOSED = {
    Disposition.USE_AS_IS: saying("confirm the hold, use the part as it is"),
    Disposition.REWORK: saying("confirm the hold, rework the part"),
    Disposition.REPAIR: saying("confirm the hold, repair the part"),
    Disposition.SCRAP: saying("confirm the hold, scrap the part"),
}


def _ago(at: datetime, now: datetime) -> Saying:
    seconds = max(0, round((now - at).total_seconds()))
    if seconds < 2 * 60:
        return saying("{seconds} s ago", seconds=seconds)
    if seconds < 2 * 3600:
        return saying("{minutes} min ago", minutes=seconds // 60)
    return saying("{hours} h ago", hours=seconds // 3600)
