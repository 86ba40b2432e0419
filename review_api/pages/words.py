"""The words of the pages for the codes of the records."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from quality.case import CaseState, Disposition
from quality.judgement import Judgement
from quality.naming import CALLED
from quality.plan import ControlPlan
from quality.reasons import choice
from quality.saying import saying
from records.views import DecisionView
from review_api.language import Language

_WORDS: Mapping[StrEnum, str] = CALLED | {
    CaseState.OPEN: saying("waits for an answer"),
    CaseState.PROPOSED: saying("waits for a second person"),
    CaseState.ANSWERED: saying("answered, waits for the PLC"),
    CaseState.CLOSED: saying("closed"),
    Disposition.USE_AS_IS: saying("use as is"),
    Disposition.REWORK: saying("rework"),
    Disposition.REPAIR: saying("repair"),
    Disposition.SCRAP: saying("scrap"),
}

_READING_UNITS = {"kw": "kW", "um": "µm", "mm_s": "mm/s", "c": "°C", "bar": "bar", "parts": "parts"}


def word(language: Language, code: StrEnum) -> str:
    """What a page calls that code."""
    return language.say(_WORDS[code])


def because(language: Language, decision: DecisionView, plan: ControlPlan) -> str:
    """Why it was decided: the reason that was chosen, and what was written."""
    code = decision.reason_code
    chosen = None if code is None else choice(plan, decision.kind, code)
    said = code if chosen is None else chosen.text(language.code)
    return ". ".join(part for part in (said, decision.reason) if part)


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


def parameter_unit(name: str, plan: ControlPlan) -> str:
    """The parameter's unit; nothing when the plan of today no longer has it."""
    return next((unit(rule.unit) for rule in plan.parameters if rule.name == name), "")
