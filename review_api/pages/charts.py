"""What a history chart shows: the tolerance band, what was measured, what was forecast."""

import math
from collections.abc import Sequence

from quality.characteristic import Characteristic
from records.views import HistoryPoint
from review_api.pages.words import capital

Z90 = 1.6448536269514722
"""Half the width of a standard normal distribution's central 90 %."""


def history_chart(
    characteristic: Characteristic, points: Sequence[HistoryPoint], *, ring_last: bool
) -> dict[str, object]:
    """The chart's content, ready to be JSON: columns over the cycle sequence, in the characteristic's unit.

    `ring_last` marks the newest point as the part the page is about. A limit that is infinite is None.
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
    }


def _away(point: HistoryPoint, scales: float) -> float | None:
    """The forecast that many standard deviations from its mean."""
    if point.mean is None or point.scale is None:
        return None
    return point.mean + scales * point.scale


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
