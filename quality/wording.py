"""Reasons, results and refusals in an engineer's words.

Records keep codes and values; the sentence is made where it is shown, so that another language
is another set of sentences.
"""

import math
from collections.abc import Callable, Mapping

from quality.judgement import Reason, ReasonCode

Values = Mapping[str, str | float | int]


def number(value: float, like: float | None = None, *, signed: bool = False) -> str:
    """A number with a true minus: to two significant digits of `like` (its uncertainty), else at its shortest."""
    if not math.isfinite(value):
        return "unknown"
    sign = "+" if signed else ""
    if like is None:
        text = f"{value:{sign}.4g}"
    else:
        decimals = 0 if like == 0 else max(0, 1 - math.floor(math.log10(abs(like))))
        text = f"{value:{sign}.{decimals}f}"
    return text.replace("-", "−")


def percent(probability: float) -> str:
    """A probability for people: never 0 % or 100 % unless it is."""
    if 0 < probability < 0.01:  # noqa: PLR2004 - one percent
        return "under 1 %"
    if 0.99 < probability < 1:  # noqa: PLR2004 - ninety-nine percent
        return "over 99 %"
    return f"{probability * 100:.0f} %"


def _near_limit(values: Values) -> str:
    mean, scale, limit = float(values["mean"]), float(values["scale"]), float(values["limit"])
    return (
        f"{_capital(str(values['characteristic']))} is forecast at {number(mean, scale, signed=True)}"
        f" ± {number(scale, scale)} {values['unit']}; the {values['side']} limit is {number(limit, signed=True)}."
        f" Chance of being out: {percent(float(values['probability']))}."
    )


def _trend(values: Values) -> str:
    return f"{_capital(str(values['characteristic']))} has been {values['direction']} for {values['parts']} parts."


def _tool_life(values: Values) -> str:
    return f"The {values['tool']} is at {percent(float(values['share']))} of its life."


def _reading_unusual(values: Values) -> str:
    return (
        f"{_capital(str(values['reading']))} is {number(float(values['value']))} {values['unit']},"
        f" usually {number(float(values['usual']))}."
    )


def _surface(values: Values) -> str:
    chance = percent(float(values["probability"]))
    text = f"The {values['camera']} camera sees a probable defect. Chance: {chance}."
    if "boxes" in values:
        text += f" {_count(int(values['boxes']), 'place is', 'places are')} marked on the picture."
    return text


def _measured_out(values: Values) -> str:
    return (
        f"{_capital(str(values['characteristic']))} was measured at"
        f" {number(float(values['value']), signed=True)} {values['unit']},"
        f" outside {number(float(values['lower']), signed=True)} to {number(float(values['upper']), signed=True)}."
    )


def _no_evidence(values: Values) -> str:
    mend = f" Mend: {values['mend']}." if values.get("mend") else ""
    return f"No evidence from {values['device']}: {values['problem']}.{mend}"


def _overflow(values: Values) -> str:
    return f"The part came before the one ahead of it was judged ({values['device']}): {values['problem']}."


_SENTENCES: dict[ReasonCode, Callable[[Values], str]] = {
    ReasonCode.FORECAST_NEAR_LIMIT: _near_limit,
    ReasonCode.TREND: _trend,
    ReasonCode.TOOL_LIFE: _tool_life,
    ReasonCode.READING_UNUSUAL: _reading_unusual,
    ReasonCode.SURFACE_DEFECT: _surface,
    ReasonCode.MEASURED_OUT: _measured_out,
    ReasonCode.NO_EVIDENCE: _no_evidence,
    ReasonCode.OVERFLOW: _overflow,
}


def sentence(reason: Reason) -> str:
    """The reason as one sentence or two."""
    return _SENTENCES[reason.code](reason.values)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _count(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
