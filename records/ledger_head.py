"""The ledger's head in a file outside the database: it shows a tail that was cut, and an older store put back."""

import os
from pathlib import Path

from records.ledger import LedgerHead


def head_from(text: str) -> LedgerHead:
    """A head written as `SEQUENCE:CODE`. Raises ValueError when it is none."""
    sequence, _, code = text.strip().partition(":")
    if not sequence.isdecimal() or not code:
        raise ValueError(f"{text!r} is no head; it looks like 1234:ab12…, as `jidoka ledger verify` prints it")
    return LedgerHead(int(sequence), code)


def read_head(file: Path) -> LedgerHead | None:
    """The head kept in that file, or None when there is no file. Raises ValueError when it is none, OSError."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return head_from(text)


def write_head(file: Path, head: LedgerHead) -> None:
    """Keeps the head in the place of an older one; a power cut leaves the one or the other. Raises OSError."""
    beside = file.with_name(file.name + ".unfinished")
    with beside.open("w", encoding="utf-8") as unfinished:
        unfinished.write(f"{head.sequence}:{head.mac}\n")
        unfinished.flush()
        os.fsync(unfinished.fileno())
    beside.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
