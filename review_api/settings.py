"""What one review station is told at its start."""

from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

from quality.characteristic import LineId, StationId
from quality.plan import ControlPlan
from quality.shift import SHIFTS

SHORTEST_SECRET = 32


@dataclass(frozen=True, slots=True)
class ReviewSettings:
    """One review station.

    `time_zone` is the plant's, in which reports give times. `live_folder` holds the newest picture of each
    camera as `CAMERA.jpg`. `secret` signs sessions and cursors and is never shown. `secure_cookies` is for
    stations behind TLS. `language` is spoken where neither the person nor their browser asked for another.
    `idle_minutes` is how long a tablet that nobody touches stays signed in. Raises ValueError for a secret under
    32 bytes.
    """

    line: LineId
    station: StationId
    time_zone: ZoneInfo
    plan: ControlPlan
    live_folder: Path
    secret: bytes = field(repr=False)
    host: str = "0.0.0.0"  # noqa: S104 - the tablet is another machine
    port: int = 8080
    demo: bool = False
    secure_cookies: bool = False
    language: str = "en"
    idle_minutes: float = 15
    shifts: tuple[time, ...] = SHIFTS

    def __post_init__(self) -> None:
        if len(self.secret) < SHORTEST_SECRET:
            raise ValueError(
                "review settings: the secret needs at least 32 bytes; make one with secrets.token_bytes(32)"
            )
