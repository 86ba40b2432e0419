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
    effects = tuple(
        Effect(name, forecasts[name][0], forecasts[name][0] + change * moved[name], forecasts[name][1])
        for name in sorted(moved, key=lambda name: name != worst)
    )
    return Recommendation(rule, current, value, effects)
