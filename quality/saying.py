"""Sayings: what a room says to a person before a language is chosen.

Rooms speak to people through refusals, alarms and reasons, and none of them knows who will read. So a sentence
remembers its English template and what went into its blanks; the review station says it in the reader's language.
"""

from collections.abc import Mapping, Sequence
from typing import Self, TypeAlias

SayingValue: TypeAlias = str | float | int
"""What goes into a blank; a saying, being text, may stand in another and is then said in the same language."""


class Saying(str):
    """A sentence in English that knows its `template`, with `{name}` blanks, and the `values` in them.

    It is plain text for whoever needs no other language: logs, programs, tests. Numbers arrive as text with their
    digits and unit, unless the template formats them.
    """

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, SayingValue]

    def __new__(cls, template: str, values: Mapping[str, SayingValue] | None = None) -> Self:
        """Fills the blanks. Raises KeyError for one that has no value."""
        filled = dict(values or {})
        made = super().__new__(cls, template.format(**filled))
        made.template = template
        made.values = filled
        return made

    def __getnewargs__(self) -> tuple[str, Mapping[str, SayingValue]]:  # type: ignore[override]  # str's has one
        """What a copy is made of, in this process or another."""
        return self.template, self.values


def saying(template: str, /, **values: SayingValue) -> Saying:
    """A saying; the template is written out where this is called, so that `make strings` finds it."""
    return Saying(template, values)


def joined(separator: str, said: Sequence[str]) -> Saying:
    """Several in a row, each said in the reader's language."""
    blanks = (f"{{each_{i}}}" for i in range(len(said)))
    return Saying(separator.join(blanks), {f"each_{i}": each for i, each in enumerate(said)})


def saying_to_plain(said: str) -> object:
    """The text as plain values for JSON: a saying as its template and values; `saying_from_plain` reads it."""
    if not isinstance(said, Saying):
        return said
    values = {
        name: saying_to_plain(value) if isinstance(value, str) else value for name, value in said.values.items()
    }
    return {"template": said.template, "values": values}


def saying_from_plain(plain: object) -> SayingValue:
    """What `saying_to_plain` wrote; text and numbers as they are. Raises TypeError for anything else."""
    match plain:
        case str() | int() | float():
            return plain
        case {"template": str(template), "values": Mapping() as values}:
            return Saying(template, {str(name): saying_from_plain(value) for name, value in values.items()})
    raise TypeError(f"{plain!r} is no saying: text, or template and values are wanted")
