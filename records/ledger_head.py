"""The ledger's head in a file outside the database: it shows a tail that was cut, and an older store put back."""

import os
from collections.abc import Iterable
from pathlib import Path

from records.database import Database
from records.ledger import LedgerHead, contains, head


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


def newest_kept(files: Iterable[Path]) -> LedgerHead | None:
    """The newest head kept in those files, None when none is. Raises ValueError and OSError."""
    heads = [kept for file in files if (kept := read_head(file)) is not None]
    return max(heads, key=lambda kept: kept.sequence, default=None)


def keep_head(database: Database, file: Path) -> str:
    """Keeps the newest head in that file. Raises OSError, and ValueError when the file holds something else.

    When the head kept there before is not in the ledger, it stays, and the answer says what that means; otherwise
    it is empty. So the file goes on telling of it until a person has looked.
    """
    before = read_head(file)
    if before is not None and not contains(database, before):
        newest = head(database)
        return (
            f"The ledger ends with entry {newest.sequence} and does not contain entry {before.sequence} as"
            f" {file} has it: an older store was put back, or records were cut off. Look for the newer store, and"
            f" for held parts without a case; once you know why, remove {file}."
        )
    newest = head(database)
    if newest != before:
        write_head(file, newest)
    return ""


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
