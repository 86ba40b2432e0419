"""The part of LINE.yaml that speaks Modbus: PLC, gauge and further devices, and where each of them answers."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

Port = Annotated[int, Field(ge=1, le=65535)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Address = Annotated[int, Field(ge=0, le=65535)]
WordOrder = Literal["big", "little"]
TagType = Literal["int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64", "bit", "ascii"]

MODBUS_PORT = 502
SECURE_PORT = 802
ANY_UNIT = 255
STATUS_WORDS = 32
"""The PLC's status block, which is read by one request."""


def _addressed(unit: int) -> int:
    if not (1 <= unit <= 247 or unit == ANY_UNIT):  # noqa: PLR2004 - Modbus keeps 0 for broadcast and 248 to 254 for nobody
        raise ValueError(f"unit {unit} cannot be asked; write 1 to 247, or 255 for a device reached by TCP alone")
    return unit


Unit = Annotated[int, AfterValidator(_addressed)]


class Section(BaseModel):
    """A section of LINE.yaml: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TlsSettings(Section):
    """Modbus/TCP Security: PEM files, and the name in the device's certificate where it is not the host."""

    ca: Path
    certificate: Path
    key: Path
    server_name: str | None = None


def _usual_port(validated: dict[str, Any]) -> int:
    return SECURE_PORT if validated.get("tls") else MODBUS_PORT


class Reach(Section):
    """Where a Modbus device answers, and how much it takes at once: over TCP by `host`, over RTU by `serial`."""

    host: str | None = None
    tls: TlsSettings | None = None
    port: Annotated[int, Field(ge=1, le=65535, default_factory=_usual_port)]
    serial: str | None = None
    baud: Annotated[int, Field(ge=300, le=4_000_000)] = 19200
    parity: Literal["N", "E", "O"] = "E"
    stop_bits: Literal[1, 2] = 1
    unit: Unit = 1
    max_registers: Annotated[int, Field(ge=4, le=125)] = 125
    max_gap: Annotated[int, Field(ge=0, le=123)] = 16

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.host is None and self.serial is None:
            raise ValueError(
                "it does not say where the device answers; write host: for Modbus TCP, or serial: (a path like"
                " /dev/ttyUSB0) for Modbus RTU"
            )
        if self.host is not None and self.serial is not None:
            raise ValueError(
                "it names both host and serial; keep host: for Modbus TCP, or serial: for Modbus RTU, and remove"
                " the other"
            )
        others = ("baud", "parity", "stop_bits") if self.serial is None else ("port", "tls")
        if strangers := [name for name in others if name in self.model_fields_set]:
            way, mend = ("host", "serial") if self.serial is None else ("serial", "host")
            named = " and ".join(strangers)
            raise ValueError(f"beside {way}, {named} means nothing; remove it, or write {mend}: instead")
        if self.serial is not None and self.unit == ANY_UNIT:
            raise ValueError(f"unit {ANY_UNIT} is for TCP alone; write the device's own unit, 1 to 247")
        return self


class TagSettings(Section):
    """One value in the PLC's registers."""

    name: Name
    address: Address
    type: TagType
    unit: str
    range: tuple[float, float]
    title: str = ""
    scale: float = 1.0
    offset: float = 0.0
    word_order: WordOrder | None = None
    bit: Annotated[int, Field(ge=0, le=15)] = 0
    length: Annotated[int, Field(ge=1, le=64)] = 1

    @field_validator("range")
    @classmethod
    def _not_empty(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not value[0] < value[1]:
            raise ValueError(f"the physical range [{value[0]:g}, {value[1]:g}] is empty; write [lowest, highest]")
        return value


class CoilsSettings(Section):
    """The smaller profile: three coils, and the registers that say which part is in the station."""

    cycle_address: Address
    cycle_type: Literal["uint16", "uint32"] = "uint32"
    serial_address: Address | None = None
    serial_length: Annotated[int, Field(ge=1, le=16)] = 16
    boot_address: Address | None = None
    hold: Address = 0
    heartbeat: Address = 1
    acknowledge: Address | None = 2


class PlcSettings(Reach):
    """The line's PLC and where its blocks lie."""

    profile: Literal["block", "coils"] = "block"
    word_order: WordOrder = "big"
    status_address: Address = 0
    command_address: Address = 200
    order_address: Address = 220
    coils: CoilsSettings | None = None
    scan_ms: Annotated[float, Field(ge=1, le=1000)] = 20
    timeout_ms: Annotated[float, Field(ge=10, le=2000)] = 500
    readings: tuple[TagSettings, ...] = ()
    parameters: tuple[TagSettings, ...] = ()

    @property
    def counts_to(self) -> int:
        """The greatest number of the PLC's cycle counter, which starts again at 1 after it."""
        short = self.profile == "coils" and self.coils is not None and self.coils.cycle_type == "uint16"
        return 0xFFFF if short else 0xFFFF_FFFF

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.profile == "coils" and self.coils is None:
            raise ValueError("the coils profile needs a section `coils:` with at least cycle_address")
        if self.profile == "block" and self.max_registers < STATUS_WORDS:
            raise ValueError(
                f"the status block is {STATUS_WORDS} registers, read by one request; a PLC that gives"
                f" {self.max_registers} at once needs profile: coils"
            )
        return self


class GaugeSettings(Reach):
    """The measuring station."""

    request_address: Address = 0
    answer_address: Address = 20
    timeout_s: Annotated[float, Field(gt=0, le=3600)] = 30


class CycleSettings(Section):
    """Where a device says of which cycle its readings are; a uint16 has the lower half of the cycle sequence."""

    address: Address
    type: Literal["uint16", "uint32"] = "uint32"


class DeviceSettings(Reach):
    """A further device that brings readings of the part in the station.

    A reply may take `timeout_ms`, and all of its readings of one part `within_ms`.
    """

    name: Name
    word_order: WordOrder = "big"
    timeout_ms: Annotated[float, Field(ge=10, le=2000)] = 300
    within_ms: Annotated[float, Field(ge=10, le=10000)] = 1000
    cycle: CycleSettings | None = None
    readings: Annotated[tuple[TagSettings, ...], Field(min_length=1)]
