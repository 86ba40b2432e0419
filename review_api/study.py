"""A study of one characteristic: its control chart against a baseline, what the rules find, and its capability.

What the API answers and what the SPC page shows is made here once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from quality.capability import Capability, capability
from quality.case import DecisionKind
from quality.characteristic import Characteristic, LineId
from quality.order import OrderState
from quality.plan import ControlPlan
from quality.run_rules import RuleSet, Signal
from quality.spc import Baseline, ChartKind, ControlChart, baseline, chart_signals, control_chart
from records.review_records import ReviewRecords
from records.trace_views import MeasuredPart, Span
from records.views import DecisionView, Filter

MOST_PARTS = 2000
"""So many measured parts make a study at most."""
_STOPS_LOOKED_AT = 200
_LEAST_POINTS = 2


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for: the newest `count` parts within the times, in points of `size` parts.

    `span` are the inspections that the limits come from, None for the parts shown.
    """

    characteristic: Characteristic
    size: int
    rules: RuleSet
    count: int
    since: datetime | None = None
    until: datetime | None = None
    span: Span | None = None

    @property
    def kind(self) -> ChartKind:
        """The chart that points of that size make."""
        return ChartKind.INDIVIDUALS if self.size == 1 else ChartKind.XBAR_R


class MarkKind(StrEnum):
    """What happened to the line that may have moved its parts."""

    ADJUSTED = "ADJUSTED"
    """A parameter that moves the characteristic has another value; `subject` names it, `before` and `after` it."""
    TOOL_CHANGED = "TOOL_CHANGED"
    """The counter of a tool that makes the characteristic was set back; `subject` is the reading."""
    RESTARTED = "RESTARTED"
    """The PLC counts cycles anew."""
    STOPPED = "STOPPED"
    """A person stopped the line; `subject` is the reason they gave."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened before a point, at its position less a half, or within it, at its position."""

    at: float
    kind: MarkKind
    subject: str = ""
    before: float | None = None
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Study:
    """The answer. `points` are the parts of each point, oldest first; `waiting` parts do not fill one yet.

    Without a chart there were fewer than two points to take limits from; without a capability too few parts, no
    variation, or no limits.
    """

    question: Question
    points: tuple[tuple[MeasuredPart, ...], ...]
    waiting: int
    baseline: Baseline | None
    chart: ControlChart | None
    signals: tuple[Signal, ...]
    marks: tuple[Mark, ...]
    capability: Capability | None

    @property
    def parts(self) -> tuple[MeasuredPart, ...]:
        """The parts of all points, oldest first."""
        return tuple(part for point in self.points for part in point)


def study(records: ReviewRecords, line: LineId, plan: ControlPlan, question: Question) -> Study:
    """Reads the measured parts and says what they tell."""
    name, size = question.characteristic.name, question.size
    counters = frozenset(tool.reading for tool in plan.tools if name in tool.characteristics)
    parameters = frozenset(rule.name for rule in plan.parameters if name in rule.moves)
    wanted = Filter(line=line, characteristic=name, since=question.since, until=question.until)
    series = records.trace.measured(wanted, question.count, counters | parameters)
    # Subgroups begin at the same parts however many are shown, or else a group would change with each new part.
    whole = series.parts[-series.earlier % size :]
    points = tuple(whole[i : i + size] for i in range(0, len(whole) - size + 1, size))
    parts = tuple(part for point in points for part in point)
    values = [part.value for part in parts]
    own = baseline(values, size) if len(points) >= _LEAST_POINTS else None
    of = own if question.span is None else _chosen(records, line, question, question.span)
    chart = control_chart(values, of) if of is not None and points else None
    stops = _stops(records, line, parts)
    return Study(
        question=question,
        points=points,
        waiting=len(whole) - len(parts),
        baseline=of,
        chart=chart,
        signals=() if chart is None else chart_signals(chart, question.rules),
        marks=tuple(_marks(points, counters, parameters, stops)),
        capability=None if own is None else capability(values, own, question.characteristic.limits),
    )


def _chosen(records: ReviewRecords, line: LineId, question: Question, span: Span) -> Baseline | None:
    wanted = Filter(line=line, characteristic=question.characteristic.name)
    values = [part.value for part in records.trace.measured(wanted, MOST_PARTS, span=span).parts]
    return baseline(values, question.size) if len(values) >= _LEAST_POINTS * question.size else None


def _stops(records: ReviewRecords, line: LineId, parts: Sequence[MeasuredPart]) -> list[DecisionView]:
    if not parts:
        return []
    during = Filter(line=line, since=parts[0].at, until=parts[-1].at)
    found = records.decisions(during, limit=_STOPS_LOOKED_AT).rows
    return [each for each in found if each.kind is DecisionKind.STOP_LINE and each.travel is OrderState.DONE]


def _marks(
    points: Sequence[Sequence[MeasuredPart]],
    counters: frozenset[str],
    parameters: frozenset[str],
    stops: Sequence[DecisionView],
) -> Iterator[Mark]:
    earlier: MeasuredPart | None = None
    for place, point in enumerate(points):
        for part in point:
            if earlier is not None:
                at = place - 0.5 if part is point[0] else float(place)
                yield from _between(earlier, part, at, counters, parameters)
                for stop in stops:
                    if earlier.at <= stop.decided_at < part.at:
                        yield Mark(at, MarkKind.STOPPED, stop.reason)
            earlier = part


def _between(
    earlier: MeasuredPart, later: MeasuredPart, at: float, counters: frozenset[str], parameters: frozenset[str]
) -> Iterator[Mark]:
    if earlier.boot_count != later.boot_count:
        yield Mark(at, MarkKind.RESTARTED)
    for name in sorted(counters & earlier.readings.keys() & later.readings.keys()):
        if later.readings[name] < earlier.readings[name]:
            yield Mark(at, MarkKind.TOOL_CHANGED, name, earlier.readings[name], later.readings[name])
    for name in sorted(parameters & earlier.readings.keys() & later.readings.keys()):
        if later.readings[name] != earlier.readings[name]:
            yield Mark(at, MarkKind.ADJUSTED, name, earlier.readings[name], later.readings[name])
