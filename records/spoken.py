"""The column type of what is said to people: text that may know its template, to be read in any language."""

import json
from collections.abc import Mapping

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

from quality.saying import Saying, gathered, spread

_SAID = "said"
_START = f'{{"{_SAID}":'


class Spoken(TypeDecorator[str]):
    """A sentence: a saying is kept as flat JSON of its English text, its template and what is in its blanks.

    Other text is kept as it is, and so is every sentence from before there were languages.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - its signature
        """What the row holds."""
        if not isinstance(value, Saying):
            return value
        return json.dumps(spread(_SAID, value), ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - its signature
        """What was said."""
        if value is None or not value.startswith(_START):
            return value
        flat: Mapping[str, str | float | int] = json.loads(value)
        return str(found) if not isinstance(found := gathered(_SAID, flat), Saying) else found
