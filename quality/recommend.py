"""The adjustment that would bring the line back to its target, within what the control plan allows."""

from collections.abc import Mapping
from dataclasses import dataclass

from quality.judge import probability_outside
from quality.plan import ControlPlan, ParameterRule

WORTH_A_STEP = 0.5
"""A correction smaller than this many standard deviations of the forecast is noise, not a reason to adjust."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What one characteristic is forecast at once the parameter is moved, in its unit."""

    characteristic: str
    mean_before: float
    mean_after: float
    scale: float


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Set `rule`'s parameter from `current` to `value` (its unit). The first of `effects` is what it is for."""

    rule: ParameterRule
    current: float
    value: float
    effects: tuple[Effect, ...]

    @property
    def step(self) -> float:
        """Value minus current."""
        return self.value - self.current


def as_made_now(
    forecasts: Mapping[str, tuple[float, float]],
    readings: Mapping[str, float],
    plan: ControlPlan,
    parameters: Mapping[str, float],
) -> dict[str, tuple[float, float]]:
    """Mean and scale of a part like that one if it were made with the parameters in force now.

    What was adjusted since that part was made has moved the next ones already; suggesting it again would
    overshoot. A parameter's value when it was made is among its `readings`.
    """
    moved: dict[str, float] = {}
    for rule in plan.parameters:
        if rule.name in parameters and rule.name in readings:
            change = parameters[rule.name] - readings[rule.name]
            for name, gain in rule.moves.items():
                moved[name] = moved.get(name, 0.0) + gain * change
    return {name: (mean + moved.get(name, 0.0), scale) for name, (mean, scale) in forecasts.items()}


def effects_of(
    rule: ParameterRule, change: float, forecasts: Mapping[str, tuple[float, float]]
) -> tuple[Effect, ...]:
    """What a change of that parameter (its unit) does to the forecasts of what it moves, in the plan's order."""
    return tuple(
        Effect(name, forecasts[name][0], forecasts[name][0] + change * gain, forecasts[name][1])
        for name, gain in rule.moves.items()
        if name in forecasts and gain != 0
    )


def recommend(
    forecasts: Mapping[str, tuple[float, float]], plan: ControlPlan, parameters: Mapping[str, float]
) -> Recommendation | None:
    """The one adjustment that helps the characteristic most likely to be out, or None when none would.

    `forecasts` maps a characteristic to its mean and scale, `parameters` a parameter to its value in force.
    The step is the least-squares one over all the characteristics that the parameter moves, each weighted by
    its precision, so that mending one hole does not push its neighbours out; then it is cut to the largest
    step and the limits and rounded to a whole number.
    """
    risky = sorted(
        (c for c in plan.characteristics if c.name in forecasts),
        key=lambda c: probability_outside(*forecasts[c.name], c.limits),
        reverse=True,
    )
    if not risky:
        return None
    worst = risky[0].name
    for rule in plan.parameters:
        if worst in rule.moves and rule.name in parameters:
            return _adjustment(rule, worst, forecasts, plan, parameters[rule.name])
    return None


def _adjustment(
    rule: ParameterRule,
    worst: str,
    forecasts: Mapping[str, tuple[float, float]],
    plan: ControlPlan,
    current: float,
) -> Recommendation | None:
    moved = {name: gain for name, gain in rule.moves.items() if name in forecasts and gain != 0}
    numerator = denominator = 0.0
    for name, gain in moved.items():
        mean, scale = forecasts[name]
        distance = plan.characteristic(name).target - mean
        numerator += gain * distance / scale**2
        denominator += (gain / scale) ** 2
    wanted = numerator / denominator
    step = max(-rule.largest_step, min(rule.largest_step, wanted))
    value = float(round(max(rule.limits.lower, min(rule.limits.upper, current + step))))
    change = value - current
    if abs(change * moved[worst]) < WORTH_A_STEP * forecasts[worst][1]:
        return None
    effects = sorted(effects_of(rule, change, forecasts), key=lambda effect: effect.characteristic != worst)
    return Recommendation(rule, current, value, tuple(effects))
