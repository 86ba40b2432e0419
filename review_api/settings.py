"""What one review station is told at its start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

from quality.characteristic import LineId, StationId
from quality.plan import ControlPlan, Role
from quality.shift import SHIFTS

SHORTEST_SECRET = 32


@dataclass(frozen=True, slots=True)
class SingleSignOn:
    """The plant's OpenID provider, and who of its people may do what here.

    `claim` names what in the ID token says which groups somebody is in, `name_claim` what they are called; the
    first of `roles` that is among their groups is theirs. `ca` is the file of the CA that signed the provider's
    certificate, None for those that the system trusts.
    """

    title: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    roles: Mapping[str, Role]
    claim: str = "groups"
    name_claim: str = "preferred_username"
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The station's certificate with those that lead to its CA, and its private key without a password, in PEM."""

    certificate: Path
    key: Path


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
    single_sign_on: SingleSignOn | None = None
    tls: TlsFiles | None = None
    shifts: tuple[time, ...] = SHIFTS

    @property
    def secure(self) -> bool:
        """Whether the tablets come over TLS, here or before."""
        return self.secure_cookies or self.tls is not None

    def __post_init__(self) -> None:
        if len(self.secret) < SHORTEST_SECRET:
            raise ValueError(
                "review settings: the secret needs at least 32 bytes; make one with secrets.token_bytes(32)"
            )
