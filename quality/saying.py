"""Sayings: what a room says to a person before a language is chosen.

Rooms speak to people through refusals, alarms and reasons, and none of them knows who will read. So they keep the
English sentence with its blanks beside what goes into them; the review station says it in the reader's language.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

SayingValue: TypeAlias = "str | float | int | Saying"


@dataclass(frozen=True, slots=True)
class Saying:
    """A sentence with blanks: `template` in English with `{name}` fields, and the values of those fields.

    Numbers arrive as text with their digits and unit, unless the template formats them. A value that is a saying
    itself is said in the same language.
    """

    template: str
    values: Mapping[str, SayingValue] = field(default_factory=dict)

    def __str__(self) -> str:
        """The sentence in English."""
        return self.template.format(**self.values)


def saying(template: str, /, **values: SayingValue) -> Saying:
    """A saying; the template is written out where this is called, so that `make strings` finds it."""
    return Saying(template, values)


def sayings(each: Sequence[Saying]) -> Saying:
    """Several sentences, one after the other."""
    return Saying(" ".join(f"{{s{i}}}" for i in range(len(each))), {f"s{i}": said for i, said in enumerate(each)})


def saying_to_plain(said: Saying) -> dict[str, object]:
    """The saying as plain values for JSON; `saying_from_plain` reads it."""
    return {
        "template": said.template,
        "values": {
            name: saying_to_plain(value) if isinstance(value, Saying) else value
            for name, value in said.values.items()
        },
    }


def saying_from_plain(plain: Mapping[str, object]) -> Saying:
    """The saying that `saying_to_plain` wrote. Raises TypeError for anything else."""
    template, values = plain["template"], plain["values"]
    if not isinstance(template, str) or not isinstance(values, Mapping):
        raise TypeError(f"{plain!r} is not a saying: template and values are wanted")
    read: dict[str, SayingValue] = {}
    for name, value in values.items():
        if not isinstance(value, str | int | float | Mapping):
            raise TypeError(f"{value!r} is no value of a saying: text, a number or a saying is wanted")
        read[str(name)] = saying_from_plain(value) if isinstance(value, Mapping) else value
    return Saying(template, read)
