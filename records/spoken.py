"""The column type of what is said to people: text that may know its template, to be read in any language."""

import json
from collections.abc import Mapping

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

from quality.saying import Saying, gathered, spread

_SAID = "said"
_START = f'{{"{_SAID}":'


def to_text(said: str) -> str:
    """The sentence as one text: a saying as flat JSON of its English, its template and what is in its blanks."""
    if not isinstance(said, Saying):
        return said
    return json.dumps(spread(_SAID, said), ensure_ascii=False, separators=(",", ":"))


def from_text(text: str) -> str:
    """What `to_text` wrote; other text as it is, such as every sentence from before there were languages."""
    if not text.startswith(_START):
        return text
    flat: Mapping[str, str | float | int] = json.loads(text)
    found = gathered(_SAID, flat)
    return found if isinstance(found, Saying) else str(found)


class Spoken(TypeDecorator[str]):
    """A column of sentences."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - its signature
        """What the row holds."""
        return None if value is None else to_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - its signature
        """What was said."""
        return None if value is None else from_text(value)
