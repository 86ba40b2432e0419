"""The line's live state, as the edge process last showed it, and how far it may be trusted."""

from collections.abc import Mapping
from datetime import datetime

PARAMETERS_GOOD_FOR_S = 10.0

LineState = Mapping[str, object]


def age_s(state: LineState | None, now: datetime) -> float | None:
    """How many seconds ago the edge showed the line, or None when it never did."""
    if state is None:
        return None
    return (now - datetime.fromisoformat(str(state["shown_at"]))).total_seconds()


def parameter_in_force(state: LineState | None, name: str, now: datetime) -> float | None:
    """The parameter's value in the PLC, in its unit.

    None when it is not known: never read, read too long ago, or the PLC does not answer the edge.
    """
    age = age_s(state, now)
    if state is None or age is None or age > PARAMETERS_GOOD_FOR_S:
        return None
    plc = state.get("plc")
    if isinstance(plc, Mapping) and plc.get("ok") is False:
        return None
    parameters = state.get("parameters")
    value = parameters.get(name) if isinstance(parameters, Mapping) else None
    return float(value) if isinstance(value, int | float) else None
