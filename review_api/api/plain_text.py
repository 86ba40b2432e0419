"""Text in a request: harmless, or refused with its place."""

from typing import Annotated

from pydantic import AfterValidator, Field

from quality.text import LONGEST_REASON, plain

PlainText = Annotated[str, AfterValidator(plain)]
"""Without control characters and what cannot be seen."""
FreeText = Annotated[PlainText, Field(max_length=LONGEST_REASON)]
"""What a person says in their words."""
