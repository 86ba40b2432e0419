"""Retention: which pictures go when they are too old or too many. Records and the ledger stay for ever."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select

from quality.case import CaseState
from records.database import Database
from records.moments import micros
from records.pictures import Pictures
from records.tables import cases, frames

SWEEP_AFTER = timedelta(hours=1)
"""A picture that no record cites is left alone for so long: its record may still be on the way."""

_UNCLOSED = (
    select(cases.c.number)
    .where(cases.c.inspection_id == frames.c.inspection_id, cases.c.state != CaseState.CLOSED.value)
    .exists()
)
_IN_OPEN_CASE = _UNCLOSED.label("in_open_case")
_LEAVE = delete(frames).where(frames.c.id == bindparam("leaving"), ~_UNCLOSED)


def prune(database: Database, pictures: Pictures, now: datetime, *, keep_days: float, keep_bytes: int) -> int:
    """Takes away pictures older than `keep_days`, then the oldest until `keep_bytes` hold the rest.

    Pictures of cases that are not closed stay, whatever their age. Returns how many files went. A picture's row
    goes first: should the process die in between, the file that is left is swept the next time.
    """
    too_old = micros(now - timedelta(days=keep_days))
    with database.read() as connection:
        leaving = _leaving(connection, too_old, keep_bytes)
    if leaving:
        # Looked for without holding writers up; what a case was opened for meanwhile stays.
        with database.write() as connection:
            connection.execute(_LEAVE, [{"leaving": row.id} for row in leaving])
    with database.read() as connection:
        cited = set(connection.execute(select(frames.c.sha256)).scalars())
    going = {row.sha256 for row in leaving} - cited
    for sha256 in going:
        pictures.remove(sha256)
    return len(going) + _sweep(pictures, cited, now)


def make_room(database: Database, pictures: Pictures, wanted: int) -> int:
    """Takes the oldest pictures away, but for open cases', until that many bytes are freed; returns how many went.

    For a disk that is full: no row goes, since that would need room. Those rows go when their time has come.
    """
    oldest_first = select(frames.c.sha256, frames.c.size).where(~_UNCLOSED).order_by(frames.c.captured_at)
    freed, went = 0, 0
    with database.read() as connection:
        for row in connection.execute(oldest_first):
            if freed >= wanted:
                break
            if pictures.path(row.sha256) is not None:
                pictures.remove(row.sha256)
                freed += row.size
                went += 1
    return went


def _leaving(connection: Connection, too_old: int, keep_bytes: int) -> list[Row[Any]]:
    kept_bytes, leaving = 0, []
    newest_first = select(frames.c.id, frames.c.sha256, frames.c.size, frames.c.captured_at, _IN_OPEN_CASE)
    for row in connection.execute(newest_first.order_by(frames.c.captured_at.desc())):
        if row.in_open_case or (row.captured_at >= too_old and kept_bytes + row.size <= keep_bytes):
            kept_bytes += row.size
        else:
            leaving.append(row)
    return leaving


def _sweep(pictures: Pictures, cited: set[str], now: datetime) -> int:
    """Files that no record cites, long after they were written."""
    swept = 0
    before = (now - SWEEP_AFTER).timestamp()
    for file in pictures.files():
        if file.stem not in cited and file.stat().st_mtime < before:
            file.unlink(missing_ok=True)
            swept += 1
    return swept
