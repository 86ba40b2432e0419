"""Times as the store keeps them: whole microseconds since 1970 in UTC, which sort and compare everywhere alike."""

from datetime import UTC, datetime


def micros(moment: datetime) -> int:
    """Microseconds since 1970 (UTC) of an aware time. Raises ValueError for one without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"time {moment}: it has no zone; the store keeps aware times.")
    # A float of seconds resolves a quarter of a microsecond until 2100, and is twice as quick as a difference.
    return round(moment.timestamp() * 1e6)


def moment(micros: int) -> datetime:
    """The aware UTC time of that many microseconds since 1970."""
    return datetime.fromtimestamp(micros / 1e6, UTC)
