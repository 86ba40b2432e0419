"""What the alarm pages and the handover say of alarms: kinds and sources in words, and the rate as a drawing."""

from collections.abc import Mapping
from dataclasses import dataclass

from quality.alarm import FLOOD_FROM, TARGET_RATE, TEN_MINUTES, AlarmRate, Priority
from quality.saying import N_
from review_api.language import Language

PRIORITIES: Mapping[int, str] = {
    Priority.URGENT: N_("Urgent"),
    Priority.HIGH: N_("High"),
    Priority.LOW: N_("Low"),
}
KINDS: Mapping[str, str] = {
    "bundle refused": N_("bundle refused"),
    "bypass": N_("bypass on"),
    "camera": N_("camera"),
    "coverage": N_("forecast misses its interval"),
    "cycle counted twice": N_("cycle counted twice"),
    "cycles missed": N_("parts never seen"),
    "disk full": N_("disk full"),
    "disk nearly full": N_("disk nearly full"),
    "drift": N_("drift"),
    "files changed": N_("model files changed"),
    "heartbeat frozen": N_("heartbeat stands"),
    "hold lost": N_("hold lost"),
    "holds not acknowledged": N_("holds not acknowledged"),
    "ledger cut": N_("ledger cut"),
    "ledger head not kept": N_("ledger head not kept"),
    "line stopped": N_("line stopped"),
    "no answer": N_("no answer"),
    "no evidence": N_("no evidence"),
    "no measurement": N_("no measurement"),
    "not writable": N_("store not writable"),
    "order not acknowledged": N_("order not acknowledged"),
    "overdue": N_("answers overdue"),
    "pictures not kept": N_("pictures not kept"),
    "set": N_("was set"),
    "silent": N_("sensor silent"),
    "unknown part held": N_("unknown part held"),
    "verdict not acknowledged": N_("verdict not acknowledged"),
    "verdict refused": N_("verdict refused"),
    "watchdog": N_("watchdog tripped"),
}
SOURCES: Mapping[str, str] = {
    "cases": N_("cases"),
    "clock": N_("clock"),
    "forecast": N_("forecast"),
    "gauge": N_("gauge"),
    "line": N_("line"),
    "plc": N_("PLC"),
    "station": N_("station"),
    "store": N_("store"),
}
NAMED_SOURCES: Mapping[str, str] = {
    "model": N_("model {name}"),
    "part": N_("part {name}"),
    "reading": N_("reading {name}"),
    "surface": N_("surface {name}"),
}

WIDTH, HEIGHT = 480, 150
LEFT, FOOT = 30, 24
LEAST_SHOWN = FLOOD_FROM + 2


@dataclass(frozen=True, slots=True)
class Bar:
    """Ten minutes of the drawing."""

    x: float
    y: float
    width: float
    height: float
    flood: bool


@dataclass(frozen=True, slots=True)
class RateDrawing:
    """A rate as an SVG of `WIDTH` by `HEIGHT`: its bars, and where the lines it is held against lie."""

    bars: tuple[Bar, ...]
    target: float
    flood: float
    hours: tuple[tuple[float, str], ...]
    floods_now: bool
    above_target: bool


def draw_rate(language: Language, rate: AlarmRate) -> RateDrawing:
    """The rate, drawn: a bar for each ten minutes, and every second hour's time below."""
    top = max(LEAST_SHOWN, rate.most)
    each = (WIDTH - LEFT) / max(1, len(rate.counts))

    def level(count: float) -> float:
        return round((HEIGHT - FOOT) * (1 - count / top), 1)

    bars = tuple(
        Bar(
            round(LEFT + i * each + 0.5, 1),
            level(n),
            round(each - 1, 1),
            round(HEIGHT - FOOT - level(n), 1),
            flood,
        )
        for i, (n, flood) in enumerate(zip(rate.counts, rate.floods, strict=True))
        if n
    )
    step = max(1, len(rate.counts) // 4)
    hours = tuple(
        (round(LEFT + i * each, 1), language.time(rate.since + i * TEN_MINUTES)[:5])
        for i in range(0, len(rate.counts), step)
    )
    return RateDrawing(
        bars=bars,
        target=level(TARGET_RATE),
        flood=level(FLOOD_FROM),
        hours=hours,
        floods_now=bool(rate.floods) and rate.floods[-1],
        above_target=rate.average > TARGET_RATE,
    )


def source_words(language: Language, source: str) -> str:
    """What a person calls the source; a device by its own name."""
    if source in SOURCES:
        return language.gettext(SOURCES[source])
    kind, _, name = source.partition(" ")
    if name and kind in NAMED_SOURCES:
        return language.gettext(NAMED_SOURCES[kind]).format(name=name)
    return source


def kind_words(language: Language, kind: str) -> str:
    """What a person calls the kind."""
    return language.gettext(KINDS.get(kind, kind))


def priority_words(language: Language, priority: int) -> str:
    """What a person calls the priority."""
    return language.gettext(PRIORITIES[priority])


def shelf_words(language: Language, reason: str) -> str:
    """Why alarms are out of sight: the usual reason in the reader's language, and what was written with it."""
    usual, colon, note = reason.partition(": ")
    return language.gettext(usual) + colon + note


SHELF_MINUTES = (15, 60, 240, 480)
SHELF_REASONS: tuple[str, ...] = (
    N_("Known fault, spare part ordered"),
    N_("Maintenance is at it"),
    N_("Set-up or test"),
    N_("Another reason"),
)
"""What is usually said; each is one touch, and a note can be added."""
