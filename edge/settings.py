"""LINE.yaml as frozen settings: everything a plant says about one line, and nothing it did not say.

Unknown keys are refused. Every mistake is reported with its line in the file and the mend.
"""

from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from quality.characteristic import Characteristic, Limits
from quality.plan import ControlPlan, ParameterRule, ReactionPlan, Role, Thresholds, ToolLife

Port = Annotated[int, Field(ge=1, le=65535)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Address = Annotated[int, Field(ge=0, le=65535)]
WordOrder = Literal["big", "little"]
TagType = Literal["int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64", "bit", "ascii"]


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"no time zone is called {name!r}; write one like Europe/Berlin or Asia/Tokyo")
    return name


def _addressed(unit: int) -> int:
    if not (1 <= unit <= 247 or unit == 255):  # noqa: PLR2004 - Modbus keeps 0 for broadcast and 248 to 254 for nobody
        raise ValueError(f"unit {unit} cannot be asked; write 1 to 247, or 255 for a device reached by TCP alone")
    return unit


Unit = Annotated[int, AfterValidator(_addressed)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StoreSettings(_Settings):
    """Where records and pictures are kept, and for how long."""

    url: str = "sqlite:///var/jidoka.db"
    frames: Path = Path("var/frames")
    ledger_key: Path = Path("var/ledger.key")
    keep_passed_every: Annotated[int, Field(ge=1)] = 20
    keep_days: Annotated[float, Field(gt=0)] = 30
    keep_gigabytes: Annotated[float, Field(gt=0)] = 20

    @field_validator("url")
    @classmethod
    def _known_store(cls, url: str) -> str:
        if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("the store is sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME")
        return url


class TagSettings(_Settings):
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


class CoilsSettings(_Settings):
    """The smaller profile: three coils, and the registers that say which part is in the station."""

    cycle_address: Address
    cycle_type: Literal["uint16", "uint32"] = "uint32"
    serial_address: Address | None = None
    serial_length: Annotated[int, Field(ge=1, le=16)] = 16
    boot_address: Address | None = None
    hold: Address = 0
    heartbeat: Address = 1
    acknowledge: Address | None = 2


class PlcSettings(_Settings):
    """The line's PLC and where its blocks lie."""

    host: str
    port: Port = 502
    unit: Unit = 1
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

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.profile == "coils" and self.coils is None:
            raise ValueError("the coils profile needs a section `coils:` with at least cycle_address")
        return self


class GaugeSettings(_Settings):
    """The measuring station."""

    host: str
    port: Port = 502
    unit: Unit = 1
    request_address: Address = 0
    answer_address: Address = 20
    timeout_s: Annotated[float, Field(gt=0, le=3600)] = 30


class CameraSection(_Settings):
    """One camera."""

    name: Name
    kind: Literal["mjpeg", "rtsp", "v4l2", "folder"]
    source: str
    width: Annotated[int, Field(ge=16, le=16384)]
    height: Annotated[int, Field(ge=16, le=16384)]
    clock: Literal["camera", "arrival"] = "arrival"
    timeout_ms: Annotated[float, Field(ge=20, le=60000)] = 1000
    latency_ms: Annotated[float, Field(ge=0, le=5000)] = 0


class ModelsSettings(_Settings):
    """Which bundles judge: folders, or builtin:NAME for a shipped one; and how long one may take for a part."""

    forecast: str | None = None
    surface: dict[str, str] = {}
    deadline_ms: Annotated[float, Field(ge=10, le=60000)] = 2000


class CharacteristicSettings(_Settings):
    """One controlled characteristic."""

    name: Name
    unit: str
    lower: float
    upper: float
    nominal: float | None = None
    title: str = ""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.lower < self.upper:
            raise ValueError(f"lower {self.lower:g} is not below upper {self.upper:g}; swap or mend them")
        if self.nominal is not None and not self.lower <= self.nominal <= self.upper:
            raise ValueError(f"nominal {self.nominal:g} lies outside {self.lower:g}..{self.upper:g}")
        return self


class ThresholdSettings(_Settings):
    """Probabilities of nonconformance from which a part is reviewed and held."""

    review: Annotated[float, Field(gt=0, le=1)]
    hold: Annotated[float, Field(gt=0, le=1)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.review > self.hold:
            raise ValueError(f"review {self.review:g} must not be above hold {self.hold:g}")
        return self


class ReactionSettings(_Settings):
    """Who decides, how long they have, and who is asked next."""

    decide_within_s: Annotated[float, Field(gt=0, le=86400)] = 300
    who: Role = Role.ENGINEER
    escalate_to: Role = Role.SUPERVISOR


class ParameterSettings(_Settings):
    """What a decision may adjust, and how far."""

    name: Name
    unit: str
    target: Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
    lower: float
    upper: float
    largest_step: Annotated[float, Field(gt=0)]
    moves: dict[str, float]
    title: str = ""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.lower < self.upper:
            raise ValueError(f"lower {self.lower:g} is not below upper {self.upper:g}; swap or mend them")
        return self


class ToolSettings(_Settings):
    """A tool whose wear a reading counts."""

    reading: Name
    title: str
    life: Annotated[float, Field(gt=0)]
    characteristics: tuple[str, ...]


class PlanSettings(_Settings):
    """The control plan."""

    part: str
    characteristics: Annotated[tuple[CharacteristicSettings, ...], Field(min_length=1)]
    forecast: ThresholdSettings
    surface: ThresholdSettings
    measure_every: Annotated[int, Field(ge=1)] = 5
    reaction: ReactionSettings = ReactionSettings()
    parameters: tuple[ParameterSettings, ...] = ()
    tools: tuple[ToolSettings, ...] = ()


class ReviewSection(_Settings):
    """Where the tablet finds the review station."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    secure_cookies: bool = False
    demo: bool = False


class LineSettings(_Settings):
    """The whole of LINE.yaml."""

    line: Name
    station: Name
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    store: StoreSettings = StoreSettings()
    plc: PlcSettings
    gauge: GaugeSettings | None = None
    cameras: tuple[CameraSection, ...] = ()
    models: ModelsSettings = ModelsSettings()
    plan: PlanSettings
    review: ReviewSection = ReviewSection()

    @property
    def zone(self) -> ZoneInfo:
        """The plant's time zone."""
        return ZoneInfo(self.time_zone)

    def control_plan(self) -> ControlPlan:
        """The plan in the domain's words."""
        plan = self.plan
        return ControlPlan(
            part=plan.part,
            characteristics=tuple(
                Characteristic(c.name, c.unit, Limits(c.lower, c.upper), c.nominal, c.title)
                for c in plan.characteristics
            ),
            forecast=Thresholds(plan.forecast.review, plan.forecast.hold),
            surface=Thresholds(plan.surface.review, plan.surface.hold),
            measure_every=plan.measure_every,
            reaction=ReactionPlan(plan.reaction.decide_within_s, plan.reaction.who, plan.reaction.escalate_to),
            parameters=tuple(
                ParameterRule(
                    p.name, p.title or p.name, p.unit, p.target, Limits(p.lower, p.upper), p.largest_step, p.moves
                )
                for p in plan.parameters
            ),
            tools=tuple(ToolLife(t.reading, t.title, t.life, t.characteristics) for t in plan.tools),
        )
