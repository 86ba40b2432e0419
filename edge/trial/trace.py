"""A shift's trace: what happened, one line each, the same for the same seed on every machine and day."""

from collections.abc import Sequence
from dataclasses import fields
from enum import Enum

from edge.simulator.part import Part
from edge.trial.chronicle import Began, Exposed, Fact, Inferred
from edge.trial.invariants.rule import Violation
from edge.trial.parts import kind_of
from quality.alarm import Alarm
from quality.case import Case, Decision, Refusal
from quality.inspection import Cycle, Inspection
from quality.order import Order


def trace_of(facts: Sequence[Fact], violations: Sequence[Violation]) -> tuple[str, ...]:
    """The facts in their order, without sound pictures and model answers, and the violations behind them."""
    told = [line_of(fact) for fact in facts if not (isinstance(fact, Exposed | Inferred) and fact.sound)]
    return (
        *told,
        *(f"{broken.at:10.3f} VIOLATION of {broken.invariant}: {broken.sentence}" for broken in violations),
    )


def line_of(fact: Fact) -> str:
    """One fact as one line."""
    if isinstance(fact, Began):
        return f"{fact.fault.at:10.3f} fault: {fact.fault.kind} for {fact.fault.seconds:g} s ({fact.fault.detail})"
    told = ", ".join(
        f"{field.name} {_short(getattr(fact, field.name))}" for field in fields(fact) if field.name != "at"
    )
    return f"{fact.at:10.3f} {type(fact).__name__}: {told}"


def _short(value: object) -> str:  # noqa: C901, PLR0911, PLR0912 - one line for each kind of value
    match value:
        case Part():
            return f"{value.serial} ({kind_of(value)})"
        case Inspection():
            return f"{_short(value.cycle)} {value.verdict}"
        case Cycle():
            return f"{value.boot_count}/{value.sequence} {value.serial}"
        case Case():
            return f"{value.kind} {value.boot_count}/{value.cycle_sequence} {value.state} v{value.version}"
        case Decision():
            return f"{value.kind} {value.parameter or ''} {value.value or ''}"
        case Order():
            return f"{value.sequence} {value.code} {value.target} {value.value}"
        case Alarm():
            return f"{value.source}: {value.kind}"
        case Enum():
            return str(value.value)
        case float():
            return f"{value:.3f}"
        case bool() | int() | str() | None:
            return str(value)
        case Refusal():
            return f"{value.code}: {value.sentence}"
        case Exception():
            return f"{type(value).__name__} {value}"
        case tuple() | list():
            return "[" + ", ".join(_short(each) for each in value) + "]"
        case _:
            return type(value).__name__
