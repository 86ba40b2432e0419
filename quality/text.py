"""Text that people type: kept as they meant it, with nothing in it that hides or breaks something elsewhere."""

import unicodedata
from typing import Final

LONGEST_REASON: Final = 500
"""Characters of the free text of a decision."""

_UNSEEN: Final = dict.fromkeys(
    (0x061C, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
)
"""Bidirectional controls (Unicode Annex 9), which make a text read as another one, and blanks without a width."""
_BREAKS: Final = dict.fromkeys(map(ord, "\t\n\r\u2028\u2029"), " ")
_REFUSED: Final = {"Cc": "a control character", "Cs": "half of a character"}


def plain(text: str) -> str:
    """The text on one line, without bidirectional controls and blanks at its ends.

    Raises ValueError for control characters, NUL among them, and halves of surrogate pairs, which no store takes.
    """
    tidy = text.translate(_BREAKS).translate(_UNSEEN).strip(" ")
    for at, character in enumerate(tidy):
        if (what := _REFUSED.get(unicodedata.category(character))) is not None:
            raise ValueError(f"character {at + 1} is {what} (U+{ord(character):04X}); remove it")
    return tidy


def plain_lines(text: str) -> str:
    """As `plain`, with its lines kept. Raises ValueError as `plain` does."""
    return "\n".join(plain(line) for line in text.splitlines()).strip("\n")
