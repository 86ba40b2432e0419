"""Reasons in an engineer's words, as sayings.

Records keep codes and values; the sentence is made where it is shown, in the reader's language.
"""

import math
from collections.abc import Callable, Mapping

from quality.judgement import Reason, ReasonCode
from quality.saying import Saying, gathered, joined, saying

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


def percent(probability: float) -> Saying:
    """A probability for people: never 0 % or 100 % unless it is."""
    if 0 < probability < 0.01:  # noqa: PLR2004 - one percent
        return saying("under 1 %")
    if 0.99 < probability < 1:  # noqa: PLR2004 - ninety-nine percent
        return saying("over 99 %")
    return saying("{share} %", share=f"{probability * 100:.0f}")


def _near_limit(values: Values) -> Saying:
    mean, scale, limit = float(values["mean"]), float(values["scale"]), float(values["limit"])
    blanks = {
        "characteristic": _capital(str(values["characteristic"])),
        "mean": number(mean, scale, signed=True),
        "scale": number(scale, scale),
        "unit": values["unit"],
        "limit": number(limit, signed=True),
        "chance": percent(float(values["probability"])),
    }
    if values["side"] == "upper":
        return saying(
            "{characteristic} is forecast at {mean} ± {scale} {unit}; the upper limit is {limit}."
            " Chance of being out: {chance}.",
            **blanks,
        )
    return saying(
        "{characteristic} is forecast at {mean} ± {scale} {unit}; the lower limit is {limit}."
        " Chance of being out: {chance}.",
        **blanks,
    )


def _trend(values: Values) -> Saying:
    characteristic, parts = _capital(str(values["characteristic"])), values["parts"]
    if values["direction"] == "rising":
        return saying(
            "{characteristic} has been rising for {parts} parts.", characteristic=characteristic, parts=parts
        )
    return saying(
        "{characteristic} has been falling for {parts} parts.", characteristic=characteristic, parts=parts
    )


def _tool_life(values: Values) -> Saying:
    return saying(
        "The {tool} is at {share} of its life.", tool=values["tool"], share=percent(float(values["share"]))
    )


def _reading_unusual(values: Values) -> Saying:
    return saying(
        "{reading} is {value} {unit}, usually {usual}.",
        reading=_capital(str(values["reading"])),
        value=number(float(values["value"])),
        unit=values["unit"],
        usual=number(float(values["usual"])),
    )


def _surface(values: Values) -> Saying:
    seen = saying(
        "The {camera} camera sees a probable defect. Chance: {chance}.",
        camera=values["camera"],
        chance=percent(float(values["probability"])),
    )
    if "boxes" not in values:
        return seen
    if values["boxes"] == 1:
        marked = saying("1 place is marked on the picture.")
    else:
        marked = saying("{count} places are marked on the picture.", count=values["boxes"])
    if "width_mm" not in values:
        return joined(" ", (seen, marked))
    size = saying(
        "The most suspect one is {width} × {height} mm.",
        width=number(float(values["width_mm"])),
        height=number(float(values["height_mm"])),
    )
    return joined(" ", (seen, marked, size))


def _measured_out(values: Values) -> Saying:
    return saying(
        "{characteristic} was measured at {value} {unit}, outside {lower} to {upper}.",
        characteristic=_capital(str(values["characteristic"])),
        value=number(float(values["value"]), signed=True),
        unit=values["unit"],
        lower=number(float(values["lower"]), signed=True),
        upper=number(float(values["upper"]), signed=True),
    )


def _no_evidence(values: Values) -> Saying:
    blanks = {"device": gathered("device", values), "problem": gathered("problem", values)}
    if values.get("mend"):
        mend = gathered("mend", values)
        return saying("No evidence from {device}: {problem}. Mend: {mend}.", mend=mend, **blanks)
    return saying("No evidence from {device}: {problem}.", **blanks)


def _overflow(values: Values) -> Saying:
    return saying(
        "The part came before the one ahead of it was judged ({device}): {problem}.",
        device=gathered("device", values),
        problem=gathered("problem", values),
    )


_SENTENCES: dict[ReasonCode, Callable[[Values], Saying]] = {
    ReasonCode.FORECAST_NEAR_LIMIT: _near_limit,
    ReasonCode.TREND: _trend,
    ReasonCode.TOOL_LIFE: _tool_life,
    ReasonCode.READING_UNUSUAL: _reading_unusual,
    ReasonCode.SURFACE_DEFECT: _surface,
    ReasonCode.MEASURED_OUT: _measured_out,
    ReasonCode.NO_EVIDENCE: _no_evidence,
    ReasonCode.OVERFLOW: _overflow,
}


def sentence(reason: Reason) -> Saying:
    """The reason as one sentence or two."""
    return _SENTENCES[reason.code](reason.values)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
