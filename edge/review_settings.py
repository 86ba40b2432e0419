"""The part of LINE.yaml about the review station: its address, its certificate, and who signs in how."""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from edge.modbus_settings import Section
from quality.plan import Role

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _safe_issuer(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ValueError(f"{address} is not reached over TLS; write the provider's https:// address")
    return address


class TlsSection(Section):
    """The station's certificate, with those that lead to its CA, and its key; PEM files."""

    certificate: Path
    key: Path


class SingleSignOnSection(Section):
    """The plant's OpenID provider. The secret stands in a file of its own, readable by the station alone."""

    title: str = "OpenID"
    issuer: Annotated[str, AfterValidator(_safe_issuer)]
    client_id: Annotated[str, Field(min_length=1)]
    client_secret_file: Path
    claim: str = "groups"
    name_claim: str = "preferred_username"
    roles: Annotated[dict[str, Role], Field(min_length=1)]
    ca: Path | None = None


class ReviewSection(Section):
    """Where the tablet finds the review station, and how people sign in there."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    tls: TlsSection | None = None
    secure_cookies: bool = False
    idle_minutes: Annotated[float, Field(ge=1, le=720)] = 15
    single_sign_on: SingleSignOnSection | None = None
    demo: bool = False
    language: Literal["en", "ja"] = "en"

    @model_validator(mode="after")
    def _no_known_passwords_beside_the_plant(self) -> Self:
        if self.demo and self.single_sign_on is not None:
            raise ValueError("demo has accounts with known passwords; remove it where the plant signs in")
        return self

    def anchored(self, folder: Path) -> "ReviewSection":
        """The same with its files taken from LINE.yaml's folder."""
        tls, plant = self.tls, self.single_sign_on
        if tls is not None:
            tls = tls.model_copy(update={"certificate": folder / tls.certificate, "key": folder / tls.key})
        if plant is not None:
            files = {
                "client_secret_file": folder / plant.client_secret_file,
                "ca": None if plant.ca is None else folder / plant.ca,
            }
            plant = plant.model_copy(update=files)
        return self.model_copy(update={"tls": tls, "single_sign_on": plant})
