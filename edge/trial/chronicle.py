"""What really happened on the line, written down by the plant as it happens. The edge process never sees it.

Times are virtual seconds since the start of the shift. The sequence of a part is its true count within a boot of
the PLC, which goes on where the register starts again at 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from edge.simulator.part import Part
from edge.trial.schedule import Fault
from quality.case import Decision, Refusal, Second
from records.views import DecisionView


@dataclass(frozen=True, slots=True)
class Entered:
    """A part came into the station and was counted."""

    at: float
    boot: int
    sequence: int
    part: Part


@dataclass(frozen=True, slots=True)
class Passed:
    """The gate opened for a part. `silent_s` is how long the edge's heartbeat had stood then."""

    at: float
    boot: int
    sequence: int
    part: Part
    by: str
    """What opened it: PASS, release or bypass."""
    silent_s: float
    key_on: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """A part went to the hold lane."""

    at: float
    boot: int
    sequence: int
    part: Part


@dataclass(frozen=True, slots=True)
class Cleared:
    """A part was taken out by hand or by a divert: it neither passed nor is it held any more."""

    at: float
    boot: int
    sequence: int
    part: Part
    by: str


@dataclass(frozen=True, slots=True)
class Executed:
    """The PLC answered an order of that sequence for the first time."""

    at: float
    boot: int
    sequence: int
    code: int
    target: int
    value: int
    result: int


@dataclass(frozen=True, slots=True)
class VerdictTaken:
    """The PLC answered a verdict: the sequence it named, as on the wire, the verdict's code and the answer's."""

    at: float
    boot: int
    sequence: int
    serial: str
    verdict: int
    answer: int


@dataclass(frozen=True, slots=True)
class Booted:
    """The PLC's program started anew."""

    at: float
    boot: int


@dataclass(frozen=True, slots=True)
class Exposed:
    """The camera took a picture. `serial` is that of the part before it; None when there was none."""

    at: float
    serial: str | None
    sha256: str
    sound: bool
    """False for a picture that was damaged, or was an old one under a new stamp."""


@dataclass(frozen=True, slots=True)
class Inferred:
    """A model answered. `sound` is false when a fault spoilt the answer."""

    at: float
    model: str
    sound: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """A person was told that their decision is recorded."""

    at: float
    decision: Decision
    stored: DecisionView


@dataclass(frozen=True, slots=True)
class Seconded:
    """A person was told that what they said of another's decision is recorded."""

    at: float
    decision: Decision
    opinion: Second


@dataclass(frozen=True, slots=True)
class Refused:
    """A person was told that their decision, or what they said of one, was not taken."""

    at: float
    decision: Decision
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Stored:
    """The edge process was told that a call of its store has returned; its effect must outlast everything."""

    at: float
    call: str
    """The method's name."""
    args: tuple[Any, ...]
    result: object


@dataclass(frozen=True, slots=True)
class Crashed:
    """The edge process ended, however it did."""

    at: float


@dataclass(frozen=True, slots=True)
class Began:
    """A fault is there from now on."""

    fault: Fault


Fact = (
    Entered
    | Passed
    | Kept
    | Cleared
    | Executed
    | VerdictTaken
    | Booted
    | Exposed
    | Inferred
    | Decided
    | Seconded
    | Refused
    | Stored
    | Crashed
    | Began
)
F = TypeVar("F")


class Chronicle:
    """Facts in the order in which they came true. `listeners` hear each at that moment."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.listeners: list[Callable[[Fact], None]] = []

    def tell(self, fact: Fact) -> None:
        """Writes the fact down."""
        self.facts.append(fact)
        for listener in self.listeners:
            listener(fact)

    def all(self, kind: type[F]) -> list[F]:
        """The facts of that kind."""
        return [fact for fact in self.facts if isinstance(fact, kind)]
