"""Control plans for people: their fields in words, their values as text, and the facts of one version."""

from collections.abc import Mapping
from dataclasses import dataclass

from quality.plan_diff import NAMED_BY, Different, differences
from quality.saying import N_
from review_api.language import Language

FIELDS: Mapping[str, str] = {
    "alone_within": N_("alone up to"),
    "characteristics": N_("characteristics"),
    "code": N_("code"),
    "critical": N_("critical"),
    "decide_within_s": N_("seconds to decide"),
    "en": N_("in English"),
    "escalate_to": N_("asked next"),
    "forecast": N_("forecast"),
    "hold": N_("held from"),
    "ja": N_("in Japanese"),
    "kind": N_("kind"),
    "largest_step": N_("largest step"),
    "life": N_("life"),
    "limits": N_("limits"),
    "lower": N_("lower"),
    "measure_every": N_("measured: every so many parts"),
    "measure_share": N_("measured: share of the parts"),
    "moves": N_("moves"),
    "name": N_("name"),
    "nominal": N_("nominal"),
    "parameters": N_("parameters"),
    "part": N_("part"),
    "reaction": N_("reaction"),
    "reasons": N_("reasons"),
    "reading": N_("reading"),
    "review": N_("reviewed from"),
    "signed": N_("signed"),
    "surface": N_("surface"),
    "target": N_("number in the PLC"),
    "title": N_("title"),
    "tools": N_("tools"),
    "unit": N_("unit"),
    "upper": N_("upper"),
    "who": N_("asked first"),
}
HOWS: Mapping[Different, str] = {
    Different.ADDED: N_("added"),
    Different.REMOVED: N_("removed"),
    Different.CHANGED: N_("changed"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One difference as a page writes it; `before` and `after` are empty where there is nothing."""

    where: str
    how: str
    before: str
    after: str


def lines(language: Language, before: Mapping[str, object], after: Mapping[str, object]) -> list[Line]:
    """What differs between two plans, in words."""
    return [
        Line(
            where=" › ".join(field(language, part) for part in each.path),
            how=language.gettext(HOWS[each.how]),
            before="" if each.how is Different.ADDED else text(language, each.before),
            after="" if each.how is Different.REMOVED else text(language, each.after),
        )
        for each in differences(before, after)
    ]


def facts(language: Language, content: Mapping[str, object]) -> list[Line]:
    """All that one plan says, an item of a list on a line of its own."""
    empty: dict[str, object] = {name: {} for name, value in content.items() if isinstance(value, Mapping | list)}
    return lines(language, empty, content)


def field(language: Language, name: str) -> str:
    """What a field is called; an item by its own name."""
    return language.gettext(FIELDS[name]) if name in FIELDS else name


def text(language: Language, value: object) -> str:
    """A value of the plan, written out: an item as its fields with their values."""
    match value:
        case None | "":
            return "–"
        case bool():
            return language.gettext("yes") if value else language.gettext("no")
        case int() | float():
            return language.number(value)
        case Mapping():
            # An item's own name stands before it.
            said = {name: text(language, each) for name, each in value.items() if name not in NAMED_BY}
            return ", ".join(f"{field(language, str(name))} {each}" for name, each in said.items())
        case list() | tuple():
            return ", ".join(text(language, each) for each in value) or "–"
        case _:
            return str(value)
