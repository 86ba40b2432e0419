"""What a history chart shows: the tolerance band, what was measured, what was forecast, what comes next."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from quality.characteristic import Characteristic
from quality.spc import baseline
from records.views import HistoryPoint
from review_api.pages.words import capital

Z90 = 1.6448536269514722
"""Half the width of a standard normal distribution's central 90 %."""
CONTROL_NEEDS = 12
"""Control limits are drawn from so many measured parts on."""
CONTROL_SIGMAS = 3.0


@dataclass(frozen=True, slots=True)
class Next:
    """What the next parts would be forecast at, in the characteristic's unit; `label` says on what condition."""

    label: str
    mean: float
    scale: float
    after: bool
    """True when something is changed first."""


def history_chart(
    characteristic: Characteristic,
    points: Sequence[HistoryPoint],
    *,
    ring_last: bool,
    control: bool = False,
    following: Sequence[Next] = (),
) -> dict[str, object]:
    """The chart's content, ready to be JSON: columns over the cycle sequence, in the characteristic's unit.

    `ring_last` marks the newest point as the part the page is about. A limit that is infinite is None. `control`
    draws the limits [lower, upper] of the individual values, once enough were measured. `following` come after the
    last part.
    """
    return {
        "title": f"{capital(characteristic.label)}, {characteristic.unit}",
        "at": [point.cycle_sequence for point in points],
        "measured": [point.measured for point in points],
        "mean": [point.mean for point in points],
        "low": [_away(point, -Z90) for point in points],
        "high": [_away(point, Z90) for point in points],
        "lower": _finite(characteristic.limits.lower),
        "upper": _finite(characteristic.limits.upper),
        "target": characteristic.target,
        "ring": len(points) - 1 if ring_last and points else None,
        "control": _control([p.measured for p in points if p.measured is not None]) if control else None,
        "next": [
            {
                "label": each.label,
                "mean": each.mean,
                "low": each.mean - Z90 * each.scale,
                "high": each.mean + Z90 * each.scale,
                "after": each.after,
            }
            for each in following
        ],
    }


def _control(measured: Sequence[float]) -> list[float] | None:
    """Between which the process keeps of itself, from the moving ranges of what was measured."""
    if len(measured) < CONTROL_NEEDS:
        return None
    found = baseline(measured, 1)
    return [found.centre - CONTROL_SIGMAS * found.sigma, found.centre + CONTROL_SIGMAS * found.sigma]


def _away(point: HistoryPoint, scales: float) -> float | None:
    """The forecast that many standard deviations from its mean."""
    if point.mean is None or point.scale is None:
        return None
    return point.mean + scales * point.scale


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
