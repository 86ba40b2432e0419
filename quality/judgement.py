"""Verdicts, and the judgements and reasons they follow from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """What becomes of the part at the gate; only PASS lets it through without a person."""

    PASS = "PASS"  # noqa: S105 - a verdict, no password
    REVIEW = "REVIEW"
    HOLD = "HOLD"


class ReasonCode(StrEnum):
    """Why a judgement is what it is. The words are made from the code and its values in `wording`."""

    FORECAST_NEAR_LIMIT = "FORECAST_NEAR_LIMIT"
    TREND = "TREND"
    TOOL_LIFE = "TOOL_LIFE"
    READING_UNUSUAL = "READING_UNUSUAL"
    SURFACE_DEFECT = "SURFACE_DEFECT"
    MEASURED_OUT = "MEASURED_OUT"
    NO_EVIDENCE = "NO_EVIDENCE"
    OVERFLOW = "OVERFLOW"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: its code and the values its sentence needs (numbers in the characteristic's unit)."""

    code: ReasonCode
    values: Mapping[str, str | float | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is thought of one subject: a characteristic's name, `surface:CAMERA`, or `evidence:DEVICE`.

    `probability` of nonconformance is in 0..1. `marginal` says that it lies between the plan's review
    and hold thresholds, where a person is asked rather than told.
    """

    subject: str
    probability: float
    verdict: Verdict
    marginal: bool
    reasons: tuple[Reason, ...] = ()
