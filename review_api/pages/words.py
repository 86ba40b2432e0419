"""The words of the pages for the codes of the records."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from quality.case import CaseState, DecisionKind, Disposition
from quality.judgement import Judgement, Verdict
from quality.plan import ControlPlan, Role
from quality.wording import number

_WORDS: dict[StrEnum, str] = {
    Verdict.PASS: "passed",
    Verdict.REVIEW: "held for review",
    Verdict.HOLD: "held",
    CaseState.OPEN: "waits for an answer",
    CaseState.ANSWERED: "answered, waits for the PLC",
    CaseState.CLOSED: "closed",
    DecisionKind.RELEASE: "Release",
    DecisionKind.CONFIRM_HOLD: "Confirm hold",
    DecisionKind.STOP_LINE: "Stop the line",
    DecisionKind.RESUME: "Resume the line",
    DecisionKind.ADJUST_PARAMETER: "Adjust",
    DecisionKind.MEASURE: "Measure",
    Disposition.USE_AS_IS: "use as is",
    Disposition.REWORK: "rework",
    Disposition.REPAIR: "repair",
    Disposition.SCRAP: "scrap",
    Role.OPERATOR: "operator",
    Role.ENGINEER: "engineer",
    Role.SUPERVISOR: "supervisor",
    Role.IT: "plant IT",
}

REASONS: Mapping[str, tuple[str, ...]] = {
    DecisionKind.RELEASE: ("Measured, within limits", "Looked at, no defect", "False alarm of the model"),
    DecisionKind.CONFIRM_HOLD: ("Defect seen", "Measured out of limits", "Cannot be judged here"),
    DecisionKind.ADJUST_PARAMETER: ("Drifts towards the limit", "Tool wears", "After a tool change"),
    DecisionKind.MEASURE: ("Forecast is uncertain", "Model and eye disagree", "After an adjustment"),
    DecisionKind.STOP_LINE: ("Same fault on several parts", "Tool damaged", "Wrong material"),
    DecisionKind.RESUME: ("Cause removed", "Hold lane cleared", "Stopped by mistake"),
}
"""What is usually said; each is one touch, and free text can be added or stand alone."""

_READING_UNITS = {"kw": "kW", "um": "µm", "mm_s": "mm/s", "c": "°C", "bar": "bar", "parts": "parts"}


def word(code: StrEnum) -> str:
    """What a page calls that code."""
    return _WORDS[code]


def countdown(deadline: datetime, now: datetime) -> str:
    """How long is left, as minutes and seconds; `overdue` and how long once nothing is."""
    left = round((deadline - now).total_seconds())
    minutes, seconds = divmod(abs(left), 60)
    hours, minutes = divmod(minutes, 60)
    span = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    return span if left >= 0 else f"overdue {span}"


def subject(judgement: Judgement, plan: ControlPlan) -> str:
    """What a judgement is about, for people."""
    kind, separator, device = judgement.subject.partition(":")
    if separator:
        return {"surface": f"{device} camera", "evidence": f"no evidence from {device}"}.get(
            kind, judgement.subject
        )
    for characteristic in plan.characteristics:
        if characteristic.name == judgement.subject:
            return characteristic.label
    return judgement.subject


def capital(text: str) -> str:
    """The text with a capital first letter; the rest as it is."""
    return text[:1].upper() + text[1:]


def signed(value: float) -> str:
    """A value that is set, with its sign; nothing is added to zero."""
    return number(value, signed=value != 0)


def reading(name: str) -> tuple[str, str]:
    """A reading's name for people and its unit, which is the last part of the name."""
    for suffix, symbol in _READING_UNITS.items():
        if name.endswith(f"_{suffix}"):
            return capital(name.removesuffix(f"_{suffix}").replace("_", " ")), symbol
    return capital(name.replace("_", " ")), ""


def line_title(line: str) -> str:
    """The line's name as people say it: files write `beam-line-3`."""
    return capital(line.replace("-", " ").replace("_", " "))


def unit(symbol: str) -> str:
    """The unit with its proper sign: files write `um` and `C`, people read µm and °C."""
    return {"um": "µm", "C": "°C", "degC": "°C"}.get(symbol, symbol)


def parameter_title(name: str, plan: ControlPlan) -> str:
    """What an engineer calls the parameter; its name when the plan of today no longer has it."""
    return next((rule.title for rule in plan.parameters if rule.name == name), name)
