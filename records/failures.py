"""What a database's own error means for whoever wrote: full, locked by somebody, or broken; each with the mend."""

import errno
import shutil
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError

from quality.ports import StoreBroken, StoreBusy, StoreError, StoreFull
from quality.saying import saying

NO_ROOM = 64 * 1024
"""Bytes free on a disk below which it counts as full, whatever the library says of its failed write."""

_BUSY, _LOCKED, _READ_ONLY, _IO, _CORRUPT, _FULL, _CANNOT_OPEN, _PROTOCOL, _NO_DATABASE = (
    5,
    6,
    8,
    10,
    11,
    13,
    14,
    15,
    26,
)
"""SQLite's primary result codes (https://sqlite.org/rescode.html)."""
_POSTGRES_FULL, _POSTGRES_LOCKED = "53100", "55P03"


def store_error(error: Exception, place: str, file: Path | None) -> StoreError | None:
    """The error as the port's; None when it is no trouble of the store but of the statement.

    `place` names the store in the sentence; `file` is SQLite's file.
    """
    raised: Any = error.orig if isinstance(error, DBAPIError) else error
    if file is None:
        return _of_postgres(raised, place)
    code = getattr(raised, "sqlite_errorcode", 0) & 0xFF
    if code == _FULL or (code in {_IO, _CANNOT_OPEN} and has_no_room(file.parent)):
        return no_room(place)
    if code in {_BUSY, _LOCKED, _PROTOCOL}:
        return StoreBusy(
            saying(
                "Store {place}: another program keeps it locked. Close what has it open, a backup tool or a"
                " database browser; nothing else is needed.",
                place=place,
            )
        )
    if code in {_CORRUPT, _NO_DATABASE}:
        return StoreBroken(
            saying(
                "Store {place}: it is damaged ({raised}). Stop Jidoka, keep the file for a look at it, and put"
                " the newest backup in its place with jidoka restore.",
                place=place,
                raised=str(raised),
            )
        )
    if code in {_IO, _READ_ONLY, _CANNOT_OPEN}:
        return failing_disk(place, raised)
    return None


def disk_error(error: OSError, place: str) -> StoreError:
    """What the system said of a file of the store."""
    return no_room(place) if error.errno == errno.ENOSPC else failing_disk(place, error)


def failing_disk(place: str, error: object) -> StoreBroken:
    """The disk does not do what it is told."""
    return StoreBroken(
        saying(
            "Store {place}: its disk fails ({error}). Look at the disk; the kernel's log says more.",
            place=place,
            error=str(error),
        )
    )


def no_room(place: str) -> StoreFull:
    """The disk is full."""
    return StoreFull(
        saying(
            "Store {place}: its disk is full. Delete or move away what does not belong there; nothing else"
            " is needed.",
            place=place,
        )
    )


def has_no_room(folder: Path) -> bool:
    """True when that folder's disk is full, or cannot say."""
    try:
        return shutil.disk_usage(folder).free < NO_ROOM
    except OSError as error:
        return error.errno == errno.ENOSPC


def _of_postgres(raised: Any, place: str) -> StoreError | None:
    state = getattr(raised, "sqlstate", None)
    if state == _POSTGRES_FULL:
        return no_room(place)
    if state == _POSTGRES_LOCKED:
        return StoreBusy(
            saying("Store {place}: another program keeps it locked. Close what has it open.", place=place)
        )
    # Not imported: the driver is there only where PostgreSQL is used.
    if any(kind.__name__ == "OperationalError" for kind in type(raised).__mro__):
        return StoreBroken(
            saying(
                "Store {place}: it does not answer ({raised}). Look at its server and the network.",
                place=place,
                raised=str(raised),
            )
        )
    return None
