"""What a rule is, what it may look at, and how it says that it was broken."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

from edge.trial.chronicle import Began, Crashed, Fact, Stored
from edge.trial.plc import Plc
from edge.trial.schedule import STORE
from quality.alarm import Alarm
from quality.plan import ControlPlan
from records.database import Database
from records.review_records import ReviewRecords
from records.views import InspectionDetail, InspectionRow

LAST_SEQUENCE: Final = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule was broken: when (s since the shift's start), which, and what was seen."""

    at: float
    invariant: int
    sentence: str


@dataclass(slots=True)
class Span:
    """An alarm from when it was stored until it was cleared; `until` is None while it stands."""

    source: str
    kind: str
    since: float
    until: float | None = None


@dataclass(slots=True)
class Scene:
    """What every rule may look at. `records` and `database` are connections of the trial's own, without faults."""

    now: Callable[[], float]
    later: Callable[[float, Callable[[], None]], object]
    """Calls something that many virtual seconds later."""
    plc: Plc
    records: ReviewRecords
    database: Database
    plan: ControlPlan
    folder: Path
    """For copies of the store."""
    alarms: list[Span] = field(default_factory=list)
    crashed_at: float = -1e9
    store_fails_until: float = 0.0
    _asked: tuple[float, str] = (-1.0, "")
    _rows: tuple[InspectionRow, ...] = ()

    def heard(self, fact: Fact) -> None:
        """Keeps what several rules need to know."""
        match fact:
            case Stored(call="raise_alarm", args=(Alarm() as alarm,)):
                if alarm.latched:
                    self._clear(fact.at, lambda span: _is(span, alarm.source, alarm.kind))
                if not any(span.until is None and _is(span, alarm.source, alarm.kind) for span in self.alarms):
                    self.alarms.append(Span(alarm.source, alarm.kind, fact.at))
            case Stored(call="clear_alarm", args=(source, kind, _)):
                self._clear(fact.at, lambda span: _is(span, source, kind))
            case Stored(call="clear_alarms"):
                self._clear(fact.at, lambda _: True)
            case Crashed():
                self.crashed_at = fact.at
            case Began(fault=fault) if fault.kind in STORE:
                self.store_fails_until = max(self.store_fails_until, fault.at + fault.seconds)
            case _:
                pass

    def alarmed(self, since: float, until: float, kinds: Collection[str]) -> bool:
        """True when an alarm of one of those kinds stood at any moment between the two."""
        return any(
            span.since <= until and (span.until is None or span.until >= since)
            for span in self.alarms
            if span.kind in kinds
        )

    def inspections_of(self, serial: str) -> tuple[InspectionRow, ...]:
        """The part's inspections in the store at this moment, about which several rules ask in a row."""
        if (self.now(), serial) != self._asked:
            self._asked = self.now(), serial
            self._rows = self.records.parts(serial)
        return self._rows

    def _clear(self, at: float, which: Callable[[Span], bool]) -> None:
        for span in self.alarms:
            if span.until is None and which(span):
                span.until = at


def on_wire(count: int) -> int:
    """What the PLC's counter shows for a count in the store: after the last 32-bit number comes 1."""
    return (count - 1) % LAST_SEQUENCE + 1


def _is(span: Span, source: str, kind: str) -> bool:
    return (span.source, span.kind) == (source, kind)


class Rule:
    """One invariant. Subclasses say its number and its sentence, and look where it can be broken."""

    number: ClassVar[int]
    sentence: ClassVar[str]

    def __init__(self, scene: Scene, broken: Callable[[Violation], None]) -> None:
        self.scene = scene
        self.checks = 0
        self._broken = broken

    def must(self, holds: bool, sentence: str) -> None:  # noqa: FBT001 - it is what is asserted
        """Counts a check; one that does not hold is a violation."""
        self.checks += 1
        if not holds:
            self._broken(Violation(round(self.scene.now(), 3), self.number, sentence))

    def heard(self, fact: Fact) -> None:
        """Something has come true on the line."""

    def look(self) -> None:
        """Called about once a second of virtual time."""

    def examine(self, fresh: Sequence[InspectionDetail]) -> None:
        """Called after each crash and every few minutes, with the inspections stored since, oldest first."""

    def close(self) -> None:
        """Called at the shift's end, when nothing fails any more and everything has had time to recover."""
