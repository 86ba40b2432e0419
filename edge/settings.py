"""LINE.yaml as frozen settings: everything a plant says about one line, and nothing it did not say.

Unknown keys are refused. Every mistake is reported with its line in the file and the mend.
"""

from datetime import time
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from edge.modbus_settings import DeviceSettings, GaugeSettings, Name, PlcSettings, Section
from edge.review_settings import ReviewSection
from quality.characteristic import Characteristic, Limits
from quality.plan import (
    ControlPlan,
    DecisionKind,
    ParameterRule,
    ReactionPlan,
    ReasonChoice,
    Role,
    Thresholds,
    ToolLife,
)
from quality.shift import SHIFTS

MINUTES_OF_A_DAY = 24 * 60
MEASURE_EVERY = 5
"""Every so many parts one is measured, unless LINE.yaml says otherwise."""


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"no time zone is called {name!r}; write one like Europe/Berlin or Asia/Tokyo")
    return name


def _time_of_day(written: object) -> object:
    """YAML reads 14:00 as a number to the base of 60, and 06:00 as text."""
    if not isinstance(written, int):
        return written
    if not 0 <= written < MINUTES_OF_A_DAY:
        raise ValueError("it is no time of day; write one like 14:00")
    return time(*divmod(written, 60))


def _in_order(begins: tuple[time, ...]) -> tuple[time, ...]:
    if not begins:
        raise ValueError("say when at least one shift begins, or leave it out")
    if len(set(begins)) < len(begins):
        raise ValueError("two shifts begin at the same hour; remove one")
    return tuple(sorted(begins))


TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]


class StoreSettings(Section):
    """Where records and pictures are kept, and for how long."""

    url: str = "sqlite:///var/jidoka.db"
    frames: Path = Path("var/frames")
    ledger_key: Path = Path("var/ledger.key")
    ledger_head: Path | None = None
    reserve_mb: Annotated[int, Field(ge=0)] = 64
    keep_passed_every: Annotated[int, Field(ge=1)] = 20
    keep_days: Annotated[float, Field(gt=0)] = 30
    keep_gigabytes: Annotated[float, Field(gt=0)] = 20

    @field_validator("url")
    @classmethod
    def _known_store(cls, url: str) -> str:
        if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("the store is sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME")
        return url


class CameraSection(Section):
    """One camera."""

    name: Name
    kind: Literal["mjpeg", "rtsp", "v4l2", "folder", "genicam"]
    source: str
    width: Annotated[int, Field(ge=16, le=16384)]
    height: Annotated[int, Field(ge=16, le=16384)]
    clock: Literal["camera", "arrival"] = "arrival"
    timeout_ms: Annotated[float, Field(ge=20, le=60000)] = 1000
    latency_ms: Annotated[float, Field(ge=0, le=5000)] | None = None
    trigger: Literal["free", "hardware"] = "free"
    trigger_lead_ms: Annotated[float, Field(ge=0, le=5000)] = 200
    mm_per_pixel: Annotated[float, Field(gt=0, le=100)] | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.clock == "camera" and self.kind not in ("mjpeg", "folder"):
            raise ValueError(f"{self.kind} pictures carry no capture time; write clock: arrival, and latency_ms")
        if self.trigger == "hardware" and self.kind not in ("mjpeg", "genicam"):
            raise ValueError(
                f"{self.kind} pictures carry no counter to match with the cycle; write trigger: free,"
                " or read the camera as mjpeg or genicam"
            )
        return self


class ModelsSettings(Section):
    """Which bundles judge: folders, builtin:NAME for a shipped one, promoted:NAME for the one in force in `store`;
    whose signatures are believed; and how long one may take for a part.
    """

    forecast: str | None = None
    surface: dict[str, str] = Field(default_factory=dict)
    store: Path = Path("var/models")
    trusted_keys: tuple[Path, ...] = ()
    deadline_ms: Annotated[float, Field(ge=10, le=60000)] = 2000


class CharacteristicSettings(Section):
    """One controlled characteristic."""

    name: Name
    unit: str
    lower: float
    upper: float
    nominal: float | None = None
    title: str = ""
    critical: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.lower < self.upper:
            raise ValueError(f"lower {self.lower:g} is not below upper {self.upper:g}; swap or mend them")
        if self.nominal is not None and not self.lower <= self.nominal <= self.upper:
            raise ValueError(f"nominal {self.nominal:g} lies outside {self.lower:g}..{self.upper:g}")
        return self


class ThresholdSettings(Section):
    """Probabilities of nonconformance from which a part is reviewed and held."""

    review: Annotated[float, Field(gt=0, le=1)]
    hold: Annotated[float, Field(gt=0, le=1)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.review > self.hold:
            raise ValueError(f"review {self.review:g} must not be above hold {self.hold:g}")
        return self


class ReasonSettings(Section):
    """A reason that is chosen by one touch: its code in the records, and how it reads in English and Japanese."""

    code: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,39}$")]
    en: Annotated[str, Field(min_length=1, max_length=80)]
    ja: Annotated[str, Field(max_length=80)] = ""


class ReactionSettings(Section):
    """Who decides, how long they have, who is asked next, what is signed, and the reasons offered."""

    decide_within_s: Annotated[float, Field(gt=0, le=86400)] = 300
    who: Role = Role.ENGINEER
    escalate_to: Role = Role.SUPERVISOR
    signed: tuple[DecisionKind, ...] = ()
    reasons: dict[DecisionKind, tuple[ReasonSettings, ...]] = Field(default_factory=dict)

    @field_validator("reasons")
    @classmethod
    def _once_each(
        cls, reasons: dict[DecisionKind, tuple[ReasonSettings, ...]]
    ) -> dict[DecisionKind, tuple[ReasonSettings, ...]]:
        for kind, offered in reasons.items():
            codes = [reason.code for reason in offered]
            if twice := next((code for code in codes if codes.count(code) > 1), None):
                raise ValueError(f"{kind}: the code {twice} is there twice; give each reason its own")
        return reasons

    def plan(self) -> ReactionPlan:
        """The same in the domain's words."""
        offered = tuple(
            ReasonChoice(kind, reason.code, reason.en, reason.ja)
            for kind, reasons in self.reasons.items()
            for reason in reasons
        )
        return ReactionPlan(self.decide_within_s, self.who, self.escalate_to, self.signed, offered)


class ParameterSettings(Section):
    """What a decision may adjust, and how far."""

    name: Name
    unit: str
    target: Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
    lower: float
    upper: float
    largest_step: Annotated[float, Field(gt=0)]
    moves: dict[str, float]
    title: str = ""
    alone_within: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.lower < self.upper:
            raise ValueError(f"lower {self.lower:g} is not below upper {self.upper:g}; swap or mend them")
        if self.alone_within is not None and self.alone_within >= self.largest_step:
            raise ValueError(
                f"alone_within {self.alone_within:g} is not below largest_step {self.largest_step:g}, so nobody"
                " would ever be asked; lower it, or leave it out"
            )
        return self


class ToolSettings(Section):
    """A tool whose wear a reading counts."""

    reading: Name
    title: str
    life: Annotated[float, Field(gt=0)]
    characteristics: tuple[str, ...]


class MeasureSettings(Section):
    """Which parts go to the gauge: every n-th (the fifth, unless said), or, by their risk, at most a share."""

    every: Annotated[int, Field(ge=1)] | None = None
    share: Annotated[float, Field(gt=0, le=1)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.every is not None and self.share is not None:
            raise ValueError("every and share exclude each other; keep the one you mean")
        return self


class PlanSettings(Section):
    """The control plan."""

    part: str
    characteristics: Annotated[tuple[CharacteristicSettings, ...], Field(min_length=1)]
    forecast: ThresholdSettings
    surface: ThresholdSettings
    measure: MeasureSettings = MeasureSettings()
    reaction: ReactionSettings = ReactionSettings()
    parameters: tuple[ParameterSettings, ...] = ()
    tools: tuple[ToolSettings, ...] = ()


class LineSettings(Section):
    """The whole of LINE.yaml."""

    line: Name
    station: Name
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    shifts: Annotated[tuple[TimeOfDay, ...], AfterValidator(_in_order)] = SHIFTS
    """The hours at which shifts begin."""
    store: StoreSettings = StoreSettings()
    plc: PlcSettings
    gauge: GaugeSettings | None = None
    devices: tuple[DeviceSettings, ...] = ()
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
                Characteristic(c.name, c.unit, Limits(c.lower, c.upper), c.nominal, c.title, c.critical)
                for c in plan.characteristics
            ),
            forecast=Thresholds(plan.forecast.review, plan.forecast.hold),
            surface=Thresholds(plan.surface.review, plan.surface.hold),
            measure_every=plan.measure.every or MEASURE_EVERY,
            measure_share=plan.measure.share,
            reaction=plan.reaction.plan(),
            parameters=tuple(
                ParameterRule(
                    p.name,
                    p.title or p.name,
                    p.unit,
                    p.target,
                    Limits(p.lower, p.upper),
                    p.largest_step,
                    p.moves,
                    p.alone_within,
                )
                for p in plan.parameters
            ),
            tools=tuple(ToolLife(t.reading, t.title, t.life, t.characteristics) for t in plan.tools),
        )
