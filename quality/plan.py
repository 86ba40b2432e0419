"""The control plan: what is controlled, from where on a person is asked, and what happens then."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

from quality.characteristic import Characteristic, Limits


class Role(StrEnum):
    """Who may do what.

    An operator looks, an engineer decides, a supervisor also escalates, it pulls reports, an admin gives access.
    """

    OPERATOR = "operator"
    ENGINEER = "engineer"
    SUPERVISOR = "supervisor"
    IT = "it"
    ADMIN = "admin"


class DecisionKind(StrEnum):
    """What a person can decide."""

    RELEASE = "RELEASE"
    CONFIRM_HOLD = "CONFIRM_HOLD"
    STOP_LINE = "STOP_LINE"
    RESUME = "RESUME"
    ADJUST_PARAMETER = "ADJUST_PARAMETER"
    MEASURE = "MEASURE"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Probabilities of nonconformance from which a part is reviewed, and from which it is held."""

    review: float
    hold: float

    def __post_init__(self) -> None:
        if not 0 < self.review <= self.hold <= 1:
            raise ValueError(f"thresholds: need 0 < review ({self.review}) <= hold ({self.hold}) <= 1")


@dataclass(frozen=True, slots=True)
class ReasonChoice:
    """A reason that is chosen by one touch for decisions of that kind: its code, and how it reads."""

    kind: DecisionKind
    code: str
    en: str
    ja: str

    def text(self, language: str) -> str:
        """How it reads in that language ("en", "ja"); in English when it has no words in that one."""
        return (self.ja if language == "ja" else self.en) or self.en


@dataclass(frozen=True, slots=True)
class ReactionPlan:
    """Who decides, within how long (seconds), and who is asked when nobody answered. The hold stays meanwhile.

    Decisions of the kinds in `signed` are taken only from a person who has just proved who they are. Kinds without
    any of `reasons` have the usual ones (`quality.reasons`).
    """

    decide_within_s: float = 300.0
    who: Role = Role.ENGINEER
    escalate_to: Role = Role.SUPERVISOR
    signed: tuple[DecisionKind, ...] = ()
    reasons: tuple[ReasonChoice, ...] = ()


@dataclass(frozen=True, slots=True)
class ParameterRule:
    """A machine parameter that a decision may adjust.

    `target` is its number in the PLC contract. Limits and `largest_step` are in `unit` and whole numbers
    on the wire. `moves` maps each characteristic it moves to the change, in the characteristic's unit,
    that one unit of the parameter makes. A step greater than `alone_within` takes a second person, if it is said.
    """

    name: str
    title: str
    unit: str
    target: int
    limits: Limits
    largest_step: float
    moves: Mapping[str, float]
    alone_within: float | None = None


@dataclass(frozen=True, slots=True)
class ToolLife:
    """A reading that counts a tool's life in parts, the life it has, and the characteristics it makes."""

    reading: str
    title: str
    life: float
    characteristics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ControlPlan:
    """Everything the line was told about judging its part. Its version is a digest of its content."""

    part: str
    characteristics: tuple[Characteristic, ...]
    forecast: Thresholds
    surface: Thresholds
    measure_every: int
    reaction: ReactionPlan
    parameters: tuple[ParameterRule, ...] = ()
    tools: tuple[ToolLife, ...] = ()
    measure_share: float | None = None
    """At most this share of the parts is measured, chosen by their risk; None: every `measure_every`-th is."""
    version: str = field(init=False, default="")

    def __post_init__(self) -> None:
        content = json.dumps(asdict(self), sort_keys=True)
        object.__setattr__(self, "version", hashlib.sha256(content.encode()).hexdigest()[:12])

    def characteristic(self, name: str) -> Characteristic:
        """The characteristic of that name. Raises KeyError when the plan has none."""
        for characteristic in self.characteristics:
            if characteristic.name == name:
                return characteristic
        raise KeyError(name)

    def parameter(self, name: str) -> ParameterRule:
        """The rule of that parameter. Raises KeyError when the plan has none."""
        for rule in self.parameters:
            if rule.name == name:
                return rule
        raise KeyError(name)


WARY = 0.5
"""What the review thresholds are multiplied by while something drifts."""


def wary(plan: ControlPlan) -> ControlPlan:
    """The plan for a line that may not be the one its models know: more is reviewed, and no less is held."""
    forecast, surface = (Thresholds(usual.review * WARY, usual.hold) for usual in (plan.forecast, plan.surface))
    return replace(plan, forecast=forecast, surface=surface)
