"""What the line page says: one sentence for the whole line, and what is not as it should be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from quality.characteristic import Characteristic
from quality.judgement import Verdict
from quality.plan import ControlPlan
from quality.saying import gathered
from records.views import InspectionRow
from review_api.language import N_, Language
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


@dataclass(frozen=True, slots=True)
class Today:
    """What the line made since midnight: `share` of it passed at once; `hourly` parts came in the last hour."""

    parts: int
    share: float | None
    hourly: int

    @classmethod
    def of(cls, counts: Mapping[Verdict, int], hourly: int) -> "Today":
        """The figures from today's verdicts."""
        made = sum(counts.values())
        return cls(made, counts[Verdict.PASS] / made if made else None, hourly)


def headline(language: Language, state: LineState | None, waiting: int, now: datetime) -> Headline:
    """The line in one sentence; the most serious trouble speaks."""
    _ = language.gettext
    if state is None:
        return Headline(
            Tone.ATTENTION,
            _("Nothing is known of the line yet."),
            _("It appears here once the edge process runs."),
        )
    trouble = _deaf(language, state, now) or _standing(language, state, waiting)
    if trouble is not None:
        return trouble
    if waiting:
        said = _("The line runs. {waits}").format(waits=_waits(language, waiting))
        return Headline(Tone.ATTENTION, said, "")
    return Headline(Tone.QUIET, _("The line runs."), _("Nothing waits for you."))


def _deaf(language: Language, state: LineState, now: datetime) -> Headline | None:
    """What keeps us from knowing the line, or the line from hearing us."""
    _ = language.gettext
    if not_recorded := state.get("not_recorded"):
        return Headline(
            Tone.ALARM,
            _("Nothing can be recorded: parts wait at the closed gate."),
            language.say(not_recorded) if isinstance(not_recorded, str) else "",
        )
    silent = age_s(state, now) or 0.0
    if silent > SILENT_AFTER_S:
        return Headline(
            Tone.ALARM,
            _("No news from the line for {span}.").format(span=language.duration(silent)),
            _("The edge process does not answer. The PLC keeps the gate closed until it does."),
        )
    if not _ok(state.get("plc")):
        return Headline(Tone.ALARM, _("The PLC does not answer."), _detail(language, state.get("plc")))
    if state.get("watchdog_tripped"):
        return Headline(
            Tone.ALARM,
            _("The gate stays closed."),
            _("The PLC's watchdog has tripped: it does not hear the edge process."),
        )
    return None


def _standing(language: Language, state: LineState, waiting: int) -> Headline | None:
    """What keeps the line from its work although everything answers."""
    _ = language.gettext
    if state.get("line_stopped"):
        held = _count(state.get("held_count"))
        lane = _("The hold lane is empty.")
        if held:
            lane = language.ngettext(
                "{count} part in the hold lane.", "{count} parts in the hold lane.", held
            ).format(count=held)
        return Headline(Tone.ALARM, _("The line is stopped."), f"{lane} {_waits(language, waiting)}")
    if state.get("bypass"):
        return Headline(
            Tone.ALARM,
            _("Bypass is on."),
            _("Parts pass without a verdict until the key-switch at the PLC is turned back."),
        )
    return None


def watched(language: Language, state: LineState | None, now: datetime) -> tuple[Chip, ...]:
    """What is watched, in the order of a part's way; grey when it is as it should be.

    Several cameras or models are one chip, named after the one that is not all right when one is not. What can
    only be wrong (the edge process silent, the watchdog tripped, bypass on) is shown only then.
    """
    if state is None:
        return ()
    _ = language.gettext
    found = []
    silent = age_s(state, now) or 0.0
    if silent > SILENT_AFTER_S:
        found.append(Chip(_("Edge"), Tone.ALARM, _("silent for {span}").format(span=language.duration(silent))))
    found.append(_gate(language, state))
    if state.get("bypass"):
        found.append(Chip(_("Bypass"), Tone.ALARM, _("on")))
    found.append(_device(language, _("PLC"), state.get("plc")))
    found += _group(language, _("Cameras"), N_("Camera {name}"), state.get("cameras"))
    found += _group(language, _("Models"), N_("Model {name}"), state.get("models"))
    found.append(_device(language, _("Disk"), state.get("store")))
    if "plant" in state:
        found.append(_device(language, _("Plant"), state.get("plant")))
    return tuple(found)


def _gate(language: Language, state: LineState) -> Chip:
    _ = language.gettext
    if state.get("watchdog_tripped"):
        return Chip(_("Gate"), Tone.ALARM, _("shut by the watchdog"))
    if state.get("line_stopped"):
        return Chip(_("Gate"), Tone.ALARM, _("the line is stopped"))
    return Chip(_("Gate"), Tone.QUIET, _("works"))


def nearest_to_limit(recent: Sequence[InspectionRow], plan: ControlPlan) -> tuple[Characteristic, ...]:
    """The characteristics with the highest mean probability of being out over those inspections."""
    total = dict.fromkeys((c.name for c in plan.characteristics), 0.0)
    for row in recent:
        for judgement in row.judgements:
            if judgement.subject in total:
                total[judgement.subject] += judgement.probability
    ranked = sorted(plan.characteristics, key=lambda c: total[c.name], reverse=True)
    return tuple(ranked[:NEAREST])


def _waits(language: Language, waiting: int) -> str:
    if not waiting:
        return language.gettext("No case is open.")
    said = language.ngettext("{count} part waits for you.", "{count} parts wait for you.", waiting)
    return said.format(count=waiting)


def _group(language: Language, together: str, one: str, shown: object) -> list[Chip]:
    """One chip for all of a kind while they work; else one for each that does not."""
    devices = _mappings(shown)
    if not devices:
        return []
    broken = [
        _device(language, language.gettext(one).format(name=device.get("name", "")), device)
        for device in devices
        if not _ok(device)
    ]
    names = ", ".join(str(device.get("name", "")) for device in devices)
    return broken or [Chip(together, Tone.QUIET, language.gettext("{names}: all right").format(names=names))]


def _device(language: Language, name: str, shown: object) -> Chip:
    if _ok(shown):
        return Chip(name, Tone.QUIET, language.gettext("works"))
    return Chip(name, Tone.ALARM, _detail(language, shown))


def _ok(shown: object) -> bool:
    return isinstance(shown, Mapping) and bool(shown.get("ok"))


def _detail(language: Language, shown: object) -> str:
    if isinstance(shown, Mapping) and "detail" in shown:
        said = gathered("detail", shown)
        return language.say(said) if isinstance(said, str) else ""
    return language.gettext("nothing is known of it")


def _mappings(shown: object) -> list[Mapping[str, object]]:
    return [each for each in shown if isinstance(each, Mapping)] if isinstance(shown, list | tuple) else []


def _count(shown: object) -> int:
    return shown if isinstance(shown, int) else 0
