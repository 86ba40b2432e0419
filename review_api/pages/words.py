"""The words of the pages for the codes of the records."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from quality.case import CaseState, DecisionKind, Disposition
from quality.judgement import Judgement, Verdict
from quality.plan import ControlPlan, Role
from review_api.language import N_, Language

_WORDS: dict[StrEnum, str] = {
    Verdict.PASS: N_("passed"),
    Verdict.REVIEW: N_("held for review"),
    Verdict.HOLD: N_("held"),
    CaseState.OPEN: N_("waits for an answer"),
    CaseState.ANSWERED: N_("answered, waits for the PLC"),
    CaseState.CLOSED: N_("closed"),
    DecisionKind.RELEASE: N_("Release"),
    DecisionKind.CONFIRM_HOLD: N_("Confirm hold"),
    DecisionKind.STOP_LINE: N_("Stop the line"),
    DecisionKind.RESUME: N_("Resume the line"),
    DecisionKind.ADJUST_PARAMETER: N_("Adjust"),
    DecisionKind.MEASURE: N_("Measure"),
    Disposition.USE_AS_IS: N_("use as is"),
    Disposition.REWORK: N_("rework"),
    Disposition.REPAIR: N_("repair"),
    Disposition.SCRAP: N_("scrap"),
    Role.OPERATOR: N_("operator"),
    Role.ENGINEER: N_("engineer"),
    Role.SUPERVISOR: N_("supervisor"),
    Role.IT: N_("plant IT"),
}

REASONS: Mapping[str, tuple[str, ...]] = {
    DecisionKind.RELEASE: (
        N_("Measured, within limits"),
        N_("Looked at, no defect"),
        N_("False alarm of the model"),
    ),
    DecisionKind.CONFIRM_HOLD: (N_("Defect seen"), N_("Measured out of limits"), N_("Cannot be judged here")),
    DecisionKind.ADJUST_PARAMETER: (N_("Drifts towards the limit"), N_("Tool wears"), N_("After a tool change")),
    DecisionKind.MEASURE: (N_("Forecast is uncertain"), N_("Model and eye disagree"), N_("After an adjustment")),
    DecisionKind.STOP_LINE: (N_("Same fault on several parts"), N_("Tool damaged"), N_("Wrong material")),
    DecisionKind.RESUME: (N_("Cause removed"), N_("Hold lane cleared"), N_("Stopped by mistake")),
}
"""What is usually said; each is one touch, and free text can be added or stand alone."""

_READING_UNITS = {"kw": "kW", "um": "µm", "mm_s": "mm/s", "c": "°C", "bar": "bar", "parts": "parts"}


def word(language: Language, code: StrEnum) -> str:
    """What a page calls that code."""
    return language.gettext(_WORDS[code])


def countdown(language: Language, deadline: datetime, now: datetime) -> str:
    """How long is left, as minutes and seconds; `overdue` and how long once nothing is."""
    left = round((deadline - now).total_seconds())
    minutes, seconds = divmod(abs(left), 60)
    hours, minutes = divmod(minutes, 60)
    span = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    return span if left >= 0 else language.gettext("overdue {span}").format(span=span)


def subject(language: Language, judgement: Judgement, plan: ControlPlan) -> str:
    """What a judgement is about, for people."""
    kind, separator, device = judgement.subject.partition(":")
    if separator:
        about = {
            "surface": language.gettext("{camera} camera").format(camera=device),
            "evidence": language.gettext("no evidence from {device}").format(device=device),
        }
        return about.get(kind, judgement.subject)
    for characteristic in plan.characteristics:
        if characteristic.name == judgement.subject:
            return characteristic.label
    return judgement.subject


def capital(text: str) -> str:
    """The text with a capital first letter; the rest as it is."""
    return text[:1].upper() + text[1:]


def signed(language: Language, value: float) -> str:
    """A value that is set, with its sign; nothing is added to zero."""
    return language.number(value, signed=value != 0)


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
