"""Why a forecast is what it is: what hiding each input from the graph itself moves its mean by.

Occlusion (Zeiler and Fergus, 2014) on the graph that judged. Its shapes are fixed, so the inputs are hidden one
after the other; that takes some tens of runs and belongs after the verdict.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.session import Session
from quality.influence import Influence

PARTS_HIDDEN = 40
"""So many of the newest measured parts are hidden, one at a time; older ones move next to nothing each."""


def explain_mean(
    session: Session,
    feed: Mapping[str, NDArray[Any]],
    *,
    column: int,
    readings: Sequence[str],
    serials: Sequence[str | None],
    most: int,
) -> tuple[Influence, ...]:
    """What moved the mean of the characteristic in that column, the greatest first, at most so many.

    `feed` is what the graph took for the part, `serials` name the rows of its history. Raises what the graph's run
    raises.
    """

    def mean(**hidden: NDArray[Any]) -> float:
        return float(session.run(["mean"], {**feed, **hidden})[0][column])

    as_forecast = mean()
    found = []
    for index, name in enumerate(readings):
        before = feed["history_readings"][:, index]
        if not np.isfinite(before).any():
            continue
        usual = np.nanmedian(before)
        now = feed["readings"].copy()
        now[index] = usual
        moved = as_forecast - mean(readings=now)
        found.append(Influence(name, float(feed["readings"][index]), float(usual), moved))
    measured = np.flatnonzero(np.isfinite(feed["history"]).any(axis=1))
    for row in measured[-PARTS_HIDDEN:]:
        history = feed["history"].copy()
        value = float(history[row, column])
        history[row] = np.nan
        known = value if np.isfinite(value) else None
        found.append(Influence(serials[row] or "", known, None, as_forecast - mean(history=history)))
    found.sort(key=lambda influence: abs(influence.moved), reverse=True)
    return tuple(influence for influence in found[:most] if influence.moved)
