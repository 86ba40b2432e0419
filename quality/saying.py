"""Sayings: what a room says to a person before a language is chosen.

Rooms speak to people through refusals, alarms and reasons, and none of them knows who will read. So a sentence
remembers its English template and what went into its blanks; the review station says it in the reader's language.
"""

from collections.abc import Mapping, Sequence
from typing import Self, TypeAlias

SayingValue: TypeAlias = str | float | int
"""What goes into a blank; a saying, being text, may stand in another and is then said in the same language."""

_TEMPLATE = "template"  # no blank is called so


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


def N_(template: str) -> str:  # noqa: N802 - gettext's own name for it
    """Marks a text for translation where it is written; it is translated where it is shown."""
    return template


def saying(template: str, /, **values: SayingValue) -> Saying:
    """A saying; the template is written out where this is called, so that `make strings` finds it."""
    return Saying(template, values)


def joined(separator: str, said: Sequence[str]) -> Saying:
    """Several in a row, each said in the reader's language."""
    blanks = (f"{{each_{i}}}" for i in range(len(said)))
    return Saying(separator.join(blanks), {f"each_{i}": each for i, each in enumerate(said)})


def told(error: Exception) -> str:
    """What an exception was raised with, which may be a saying; `str(error)` would forget that."""
    first = error.args[0] if error.args else ""
    return first if isinstance(first, str) else str(error)


def spread(name: str, said: SayingValue) -> dict[str, SayingValue]:
    """The value under that name for a flat record: a saying's template and blanks beside it, as `name.blank`."""
    if not isinstance(said, Saying):
        return {name: said}
    flat: dict[str, SayingValue] = {name: str(said), f"{name}.{_TEMPLATE}": said.template}
    for blank, value in said.values.items():
        flat |= spread(f"{name}.{blank}", value)
    return flat


def gathered(name: str, flat: Mapping[str, SayingValue]) -> SayingValue:
    """What `spread` wrote under that name. Raises KeyError when nothing is there."""
    template = flat.get(f"{name}.{_TEMPLATE}")
    if template is None:
        return flat[name]
    start = f"{name}."
    blanks = [key.removeprefix(start) for key in flat if key.startswith(start)]
    return Saying(
        str(template),
        {blank: gathered(start + blank, flat) for blank in blanks if "." not in blank and blank != _TEMPLATE},
    )
