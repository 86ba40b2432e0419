"""What the admin's page shows of the equipment: each device with what is wrong with it, if anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from quality.saying import N_, gathered
from review_api.line import LineState

SINGLE = (("plc", N_("PLC")), ("store", N_("Store")))
SEVERAL = (("cameras", N_("Camera")), ("devices", N_("Device")), ("models", N_("Model")))


@dataclass(frozen=True, slots=True)
class Equipment:
    """One device: its sort (to be translated) and name, whether it is all right, and what is known of it."""

    sort: str
    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class About:
    """The edge process as it last showed itself. `wary` says that something drifts."""

    plan_version: str
    runs_since: datetime | None
    wary: bool


def about(state: LineState | None) -> About | None:
    """None when it never showed itself."""
    if state is None:
        return None
    since, drift = state.get("edge_started_at"), state.get("drift")
    return About(
        plan_version=str(state.get("plan_version", "")),
        runs_since=datetime.fromisoformat(since) if isinstance(since, str) else None,
        wary=isinstance(drift, Mapping) and bool(drift.get("wary")),
    )


def devices(state: LineState | None) -> list[Equipment]:
    """Everything that the edge showed, in the order of a part's way."""
    known = state or {}
    found = [(sort, known[key]) for key, sort in SINGLE if key in known]
    for key, sort in SEVERAL:
        several = known.get(key)
        found += [(sort, each) for each in several] if isinstance(several, list) else []
    return [
        Equipment(sort, str(each.get("name", "")), bool(each.get("ok")), _detail(each))
        for sort, each in found
        if isinstance(each, Mapping)
    ]


def _detail(shown: Mapping[str, object]) -> str:
    plain = {key: value for key, value in shown.items() if isinstance(value, str | int | float)}
    said = gathered("detail", plain) if any(key.startswith("detail") for key in plain) else ""
    return str(said) if not isinstance(said, str) else said
