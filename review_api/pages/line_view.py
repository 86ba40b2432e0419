"""What the line page says: one sentence for the whole line, and what is not as it should be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from quality.characteristic import Characteristic
from quality.plan import ControlPlan
from records.views import InspectionRow
from review_api.line import LineState, age_s

SILENT_AFTER_S = 5.0
"""The edge shows the line several times a second; from this age on, its news is no news."""
NEAREST = 2
"""So many characteristics are drawn on the line page."""


class Tone(StrEnum):
    """How loud something is shown: grey, amber or red."""

    QUIET = "quiet"
    ATTENTION = "attention"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Headline:
    """The sentence that says whether the line is all right, and the one that says what to do."""

    tone: Tone
    sentence: str
    detail: str


@dataclass(frozen=True, slots=True)
class Chip:
    """One thing that is all right (grey) or not."""

    name: str
    tone: Tone
    detail: str


def headline(state: LineState | None, waiting: int, now: datetime) -> Headline:
    """The line in one sentence; the most serious trouble speaks."""
    if state is None:
        return Headline(
            Tone.ATTENTION, "Nothing is known of the line yet.", "It appears here once the edge process runs."
        )
    trouble = _deaf(state, now) or _standing(state, waiting)
    if trouble is not None:
        return trouble
    if waiting:
        return Headline(Tone.ATTENTION, f"The line runs. {_waits(waiting)}", "")
    return Headline(Tone.QUIET, "The line runs.", "Nothing waits for you.")


def _deaf(state: LineState, now: datetime) -> Headline | None:
    """What keeps us from knowing the line, or the line from hearing us."""
    if not_recorded := state.get("not_recorded"):
        return Headline(Tone.ALARM, "Nothing can be recorded: parts wait at the closed gate.", str(not_recorded))
    silent = age_s(state, now) or 0.0
    if silent > SILENT_AFTER_S:
        return Headline(
            Tone.ALARM,
            f"No news from the line for {silent:.0f} s.",
            "The edge process does not answer. The PLC keeps the gate closed until it does.",
        )
    if not _ok(state.get("plc")):
        return Headline(Tone.ALARM, "The PLC does not answer.", _detail(state.get("plc")))
    if state.get("watchdog_tripped"):
        return Headline(
            Tone.ALARM,
            "The gate stays closed.",
            "The PLC's watchdog has tripped: it does not hear the edge process.",
        )
    return None


def _standing(state: LineState, waiting: int) -> Headline | None:
    """What keeps the line from its work although everything answers."""
    if state.get("line_stopped"):
        held = _count(state.get("held_count"))
        lane = f"{parts(held)} in the hold lane." if held else "The hold lane is empty."
        return Headline(Tone.ALARM, "The line is stopped.", f"{lane} {_waits(waiting)}")
    if state.get("bypass"):
        return Headline(
            Tone.ALARM,
            "Bypass is on.",
            "Parts pass without a verdict until the key-switch at the PLC is turned back.",
        )
    return None


def chips(state: LineState | None, now: datetime) -> tuple[Chip, ...]:
    """What is watched, in the order of a part's way; grey when it is as it should be."""
    if state is None:
        return ()
    silent = (age_s(state, now) or 0.0) > SILENT_AFTER_S
    closed = bool(state.get("gate_closed"))
    shut = closed and bool(state.get("watchdog_tripped"))
    found = [
        Chip("Edge", Tone.ALARM if silent else Tone.QUIET, "silent" if silent else "running"),
        Chip("Gate", Tone.ALARM if shut else Tone.QUIET, "shut by the watchdog" if shut else "works"),
        _device("PLC", state.get("plc")),
    ]
    if state.get("watchdog_tripped"):
        found.append(Chip("Watchdog", Tone.ALARM, "tripped"))
    if state.get("bypass"):
        found.append(Chip("Bypass", Tone.ALARM, "on"))
    found += [_device(f"Camera {camera['name']}", camera) for camera in _mappings(state.get("cameras"))]
    found += [_device(f"Model {model['name']}", model) for model in _mappings(state.get("models"))]
    found.append(_device("Store", state.get("store")))
    return tuple(found)


def nearest_to_limit(recent: Sequence[InspectionRow], plan: ControlPlan) -> tuple[Characteristic, ...]:
    """The characteristics with the highest mean probability of being out over those inspections."""
    total = dict.fromkeys((c.name for c in plan.characteristics), 0.0)
    for row in recent:
        for judgement in row.judgements:
            if judgement.subject in total:
                total[judgement.subject] += judgement.probability
    ranked = sorted(plan.characteristics, key=lambda c: total[c.name], reverse=True)
    return tuple(ranked[:NEAREST])


def parts(count: int) -> str:
    """So many parts, in words."""
    return f"{count} part" if count == 1 else f"{count} parts"


def _waits(waiting: int) -> str:
    if not waiting:
        return "No case is open."
    return f"{parts(waiting)} {'waits' if waiting == 1 else 'wait'} for you."


def _device(name: str, shown: object) -> Chip:
    if _ok(shown):
        return Chip(name, Tone.QUIET, "works")
    return Chip(name, Tone.ALARM, _detail(shown))


def _ok(shown: object) -> bool:
    return isinstance(shown, Mapping) and bool(shown.get("ok"))


def _detail(shown: object) -> str:
    return str(shown.get("detail", "")) if isinstance(shown, Mapping) else "nothing is known of it"


def _mappings(shown: object) -> list[Mapping[str, object]]:
    return [each for each in shown if isinstance(each, Mapping)] if isinstance(shown, list | tuple) else []


def _count(shown: object) -> int:
    return shown if isinstance(shown, int) else 0
