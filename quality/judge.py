"""From evidence to verdict: how likely a part is nonconforming, and what the control plan makes of that.

Missing evidence is judged too, and always to a hold: silence means hold.
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from quality.characteristic import Characteristic, Limits
from quality.evidence import Finding, Forecast, Measurement, NoEvidence, Reading
from quality.judgement import Judgement, Reason, ReasonCode, Verdict
from quality.plan import ControlPlan, Thresholds
from quality.saying import saying, spread

RANK = {Verdict.PASS: 0, Verdict.REVIEW: 1, Verdict.HOLD: 2}
TREND_FROM = 4
"""A rise or fall is mentioned from this many parts in a row."""
UNUSUAL_FROM = 6.0
USUAL_NEEDS = 20
TOOL_LIFE_FROM = 0.8
"""A tool is mentioned from this share of its life."""


def probability_outside(mean: float, scale: float, limits: Limits) -> float:
    """The probability that a normal value with that mean and standard deviation lies outside the limits.

    NaN or a scale that is not positive gives 1: what is not known is not trusted.
    """
    if not (math.isfinite(mean) and math.isfinite(scale) and scale > 0):
        return 1.0
    spread = scale * math.sqrt(2)
    below = 0.5 * math.erfc((mean - limits.lower) / spread)
    above = 0.5 * math.erfc((limits.upper - mean) / spread)
    return min(1.0, below + above)


def judge_forecast(
    forecast: Forecast,
    plan: ControlPlan,
    readings: Mapping[str, float] | None = None,
    recent: Mapping[str, Sequence[float]] | None = None,
) -> tuple[Judgement, ...]:
    """One judgement for each characteristic of the plan.

    `readings` are the part's own, `recent` the means forecast for the parts before it, oldest first; both
    serve the reasons only. A characteristic that the forecast does not cover is missing evidence.
    """
    covered = set(forecast.characteristics)
    return tuple(
        _judge_characteristic(characteristic, forecast, plan, readings or {}, recent or {})
        if characteristic.name in covered
        else judge_missing(
            NoEvidence(
                saying("forecast {model}", model=forecast.model[:12]),
                saying("it does not cover {characteristic}", characteristic=characteristic.name),
                saying("train a bundle on a recording that has it"),
            )
        )
        for characteristic in plan.characteristics
    )


def _judge_characteristic(
    characteristic: Characteristic,
    forecast: Forecast,
    plan: ControlPlan,
    readings: Mapping[str, float],
    recent: Mapping[str, Sequence[float]],
) -> Judgement:
    mean, scale = forecast.of(characteristic.name)
    probability = probability_outside(mean, scale, characteristic.limits)
    verdict = verdict_at(probability, plan.forecast)
    reasons: tuple[Reason, ...] = ()
    if verdict is not Verdict.PASS:
        reasons = (
            _near_limit(characteristic, mean, scale, probability),
            *_trend(characteristic.label, (*recent.get(characteristic.name, ()), mean)),
            *_tool_life(characteristic.name, plan, readings),
        )
    return Judgement(characteristic.name, probability, verdict, verdict is Verdict.REVIEW, reasons)


def judge_finding(finding: Finding, plan: ControlPlan) -> Judgement:
    """The judgement of one face from the surface model's score."""
    subject = f"surface:{finding.camera}"
    if not math.isfinite(finding.score):
        return judge_missing(
            NoEvidence(
                saying("surface model {model}", model=finding.model[:12]),
                saying("its score is not a number"),
                saying("roll the bundle back"),
            )
        )
    verdict = verdict_at(finding.score, plan.surface)
    reasons: tuple[Reason, ...] = ()
    if verdict is not Verdict.PASS:
        values: dict[str, str | float | int] = {"camera": finding.camera, "probability": finding.score}
        if finding.boxes:
            worst = max(finding.boxes, key=lambda box: box.score)
            values |= {
                "boxes": len(finding.boxes),
                "left": worst.left,
                "top": worst.top,
                "width": worst.width,
                "height": worst.height,
            }
            if finding.mm_per_pixel is not None:
                values |= {
                    "width_mm": round(worst.width * finding.mm_per_pixel, 3),
                    "height_mm": round(worst.height * finding.mm_per_pixel, 3),
                }
        reasons = (Reason(ReasonCode.SURFACE_DEFECT, values),)
    return Judgement(subject, finding.score, verdict, verdict is Verdict.REVIEW, reasons)


def judge_missing(missing: NoEvidence, code: ReasonCode = ReasonCode.NO_EVIDENCE) -> Judgement:
    """A hold for what could not be known."""
    values = {
        **spread("device", missing.device),
        **spread("problem", missing.problem),
        **spread("mend", missing.mend),
    }
    return Judgement(
        f"evidence:{missing.device}", 1.0, Verdict.HOLD, marginal=False, reasons=(Reason(code, values),)
    )


def verdict_at(probability: float, thresholds: Thresholds) -> Verdict:
    """What the plan makes of a probability; NaN is a hold."""
    if not probability < thresholds.hold:
        return Verdict.HOLD
    return Verdict.REVIEW if probability >= thresholds.review else Verdict.PASS


def verdict_of(judgements: Iterable[Judgement]) -> Verdict:
    """The worst of the judgements; a part about which nothing was judged is held."""
    return max((judgement.verdict for judgement in judgements), key=RANK.__getitem__, default=Verdict.HOLD)


def leading(judgements: Sequence[Judgement]) -> tuple[Judgement, ...]:
    """What is worth recording, the worst first: all that does not pass, otherwise the one nearest to it."""
    worst_first = sorted(judgements, key=lambda j: (RANK[j.verdict], j.probability), reverse=True)
    suspect = tuple(judgement for judgement in worst_first if judgement.verdict is not Verdict.PASS)
    return suspect or tuple(worst_first[:1])


def main_reason(judgements: Sequence[Judgement]) -> ReasonCode | None:
    """The first reason of the worst judgement, which the PLC is told."""
    for judgement in leading(judgements):
        for reason in judgement.reasons:
            return reason.code
    return None


def unusual_readings(readings: Iterable[Reading], recent: Mapping[str, Sequence[float]]) -> tuple[Reason, ...]:
    """The readings far from what was usual on the parts before, the farthest first.

    Far is `UNUSUAL_FROM` robust standard deviations (1.4826 times the median absolute deviation) from the
    median of `recent`, which needs at least `USUAL_NEEDS` values.
    """
    found: list[tuple[float, Reason]] = []
    for reading in readings:
        before = np.asarray(recent.get(reading.name, ()), float)
        if before.size < USUAL_NEEDS:
            continue
        usual = float(np.median(before))
        spread = 1.4826 * float(np.median(np.abs(before - usual)))
        distance = abs(reading.value - usual)
        if spread > 0 and distance >= UNUSUAL_FROM * spread:
            name = reading.name.removesuffix("_" + reading.unit.lower().lstrip("°").replace("/", "_"))
            values: dict[str, str | float | int] = {
                "reading": name.replace("_", " "),
                "value": reading.value,
                "usual": usual,
                "unit": reading.unit,
            }
            found.append((distance / spread, Reason(ReasonCode.READING_UNUSUAL, values)))
    return tuple(reason for _, reason in sorted(found, key=lambda pair: pair[0], reverse=True))


def explained(judgements: Sequence[Judgement], reasons: tuple[Reason, ...]) -> tuple[Judgement, ...]:
    """The judgements, with those reasons added to the gravest that does not pass."""
    gravest = leading(judgements)[:1]
    return tuple(
        replace(j, reasons=(*j.reasons, *reasons)) if j in gravest and j.verdict is not Verdict.PASS else j
        for j in judgements
    )


def outside(measurements: Iterable[Measurement], plan: ControlPlan) -> tuple[Measurement, ...]:
    """The measurements that do not conform to the plan."""
    limits = {characteristic.name: characteristic.limits for characteristic in plan.characteristics}
    return tuple(
        m for m in measurements if m.characteristic in limits and not limits[m.characteristic].contain(m.value)
    )


def _near_limit(characteristic: Characteristic, mean: float, scale: float, probability: float) -> Reason:
    limits = characteristic.limits
    upper_is_nearer = abs(limits.upper - mean) <= abs(mean - limits.lower)
    return Reason(
        ReasonCode.FORECAST_NEAR_LIMIT,
        {
            "characteristic": characteristic.label,
            "unit": characteristic.unit,
            "mean": mean,
            "scale": scale,
            "side": "upper" if upper_is_nearer else "lower",
            "limit": limits.upper if upper_is_nearer else limits.lower,
            "probability": probability,
        },
    )


def _trend(label: str, values: Sequence[float]) -> tuple[Reason, ...]:
    """How many parts in a row the value has risen (or fallen) up to this part."""
    steps = [later - earlier for earlier, later in itertools.pairwise(values)]
    run = 0
    for step in reversed(steps):
        if step == 0 or step * steps[-1] < 0:
            break
        run += 1
    if run < TREND_FROM:
        return ()
    direction = "rising" if steps[-1] > 0 else "falling"
    return (Reason(ReasonCode.TREND, {"characteristic": label, "parts": run, "direction": direction}),)


def _tool_life(characteristic: str, plan: ControlPlan, readings: Mapping[str, float]) -> tuple[Reason, ...]:
    reasons = []
    for tool in plan.tools:
        used = readings.get(tool.reading, 0.0) / tool.life
        if characteristic in tool.characteristics and used >= TOOL_LIFE_FROM:
            reasons.append(Reason(ReasonCode.TOOL_LIFE, {"tool": tool.title, "share": used}))
    return tuple(reasons)
