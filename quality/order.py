"""Orders: commands to the PLC that carry out a decision, and what came of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class OrderCode(StrEnum):
    """What the PLC is told to do. `target` and `value` mean what is said here."""

    STOP_LINE = "STOP_LINE"
    """No target."""
    RESUME = "RESUME"
    """No target."""
    RELEASE_PART = "RELEASE_PART"
    """Target is the cycle sequence of the held part, which may then pass the gate."""
    DIVERT = "DIVERT"
    """Target is the cycle sequence of the held part, which leaves the hold lane for rework or scrap."""
    SET_PARAMETER = "SET_PARAMETER"
    """Target is the parameter's number, value its new value in its unit."""


class OrderState(StrEnum):
    """How far an order has travelled, or the decision it comes from.

    PROPOSED is a decision's alone: it waits for a second person, and no order comes of it before they agree.
    DONE was acknowledged (and, for a parameter, read back equal). REFUSED was answered with a refusal.
    UNKNOWN means the PLC lost its memory before answering: the person is told it may not have been applied.
    """

    PROPOSED = "PROPOSED"
    RECORDED = "RECORDED"
    SENT = "SENT"
    DONE = "DONE"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"


class OrderResult(StrEnum):
    """The PLC's answer to an order."""

    DONE = "DONE"
    BAD_CHECK_WORD = "BAD_CHECK_WORD"
    OLD_SEQUENCE = "OLD_SEQUENCE"
    UNKNOWN_CODE = "UNKNOWN_CODE"
    UNKNOWN_TARGET = "UNKNOWN_TARGET"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    NOT_HELD = "NOT_HELD"


@dataclass(frozen=True, slots=True)
class Order:
    """One command to the PLC. `sequence` grows by one with each order of a line and is never reused."""

    sequence: int
    code: OrderCode
    target: int
    value: int
    decision_id: UUID
    recorded_at: datetime
    state: OrderState = OrderState.RECORDED
    boot_count: int | None = None
    """The PLC's boot when it was first sent; an answer from a later boot cannot be trusted to be for it."""
    detail: str = ""
