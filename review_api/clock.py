"""The time of the machine, for the station in service; tests bring their own."""

import asyncio
import time
from datetime import UTC, datetime


class SystemClock:
    """A `quality.ports.Clock` on the machine's own time."""

    def now(self) -> datetime:
        """Wall time, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Returns after that many seconds."""
        await asyncio.sleep(seconds)
