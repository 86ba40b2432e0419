"""Rows as the domain's words, and back."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from quality.case import Case, CaseKind, CaseState, Decision, DecisionKind, Disposition, Second, Taken
from quality.characteristic import LineId, PartSerial, StationId
from quality.inspection import Cycle, Inspection
from quality.order import Order, OrderCode, OrderState
from quality.plan import Role
from records.encoding import forecast_json, readings_json, sights_json, to_json
from records.moments import micros, moment
from records.picture_size import picture_size

AnyRow = Row[Any]


def inspection_values(inspection: Inspection) -> dict[str, Any]:
    """The row of an inspection that the PLC has not answered yet."""
    cycle = inspection.cycle
    sizes = {}
    for frame in inspection.evidence.frames:
        height, width = frame.pixels.shape[:2]
        sizes[frame.sha256] = picture_size(frame.encoded) or (width, height)
    return {
        "line": cycle.line,
        "station": cycle.station,
        "boot_count": cycle.boot_count,
        "cycle_sequence": cycle.sequence,
        "serial": cycle.serial,
        "triggered_at": micros(cycle.triggered_at),
        "judged_at": micros(inspection.judged_at),
        "verdict": inspection.verdict.value,
        "plan_version": inspection.plan_version,
        "answer": None,
        "answered_at": None,
        "models": to_json(inspection.models),
        "judgements": to_json(inspection.judgements),
        "readings": readings_json(inspection.evidence),
        "forecast": forecast_json(inspection.evidence),
        "sights": sights_json(inspection.evidence, sizes),
    }


def cycle_from(row: AnyRow) -> Cycle:
    """The cycle of an inspection's row."""
    return Cycle(
        line=LineId(row.line),
        station=StationId(row.station),
        boot_count=row.boot_count,
        sequence=row.cycle_sequence,
        serial=PartSerial(row.serial),
        triggered_at=moment(row.triggered_at),
    )


def case_values(case: Case) -> dict[str, Any]:
    """The row of a case, without its inspection and subject."""
    return {
        "id": case.id,
        "kind": case.kind.value,
        "line": case.line,
        "station": case.station,
        "boot_count": case.boot_count,
        "cycle_sequence": case.cycle_sequence,
        "serial": case.serial,
        "opened_at": micros(case.opened_at),
        "deadline": micros(case.deadline),
        **moved_values(case),
    }


def moved_values(case: Case) -> dict[str, Any]:
    """What changes of a case's row as it moves on."""
    return {
        "asked": case.asked.value,
        "state": case.state.value,
        "version": case.version,
        "escalated": case.escalated,
    }


def case_from(row: AnyRow) -> Case:
    """The case of a row."""
    return Case(
        id=row.id,
        kind=CaseKind(row.kind),
        line=LineId(row.line),
        station=StationId(row.station),
        boot_count=row.boot_count,
        cycle_sequence=row.cycle_sequence,
        serial=PartSerial(row.serial),
        opened_at=moment(row.opened_at),
        deadline=moment(row.deadline),
        asked=Role(row.asked),
        state=CaseState(row.state),
        version=row.version,
        escalated=row.escalated,
    )


def decision_values(decision: Decision, serial: str | None, travel: OrderState) -> dict[str, Any]:
    """The row of a decision that waits for the edge, or for a second person."""
    return {
        "id": decision.id,
        "kind": decision.kind.value,
        "line": decision.line,
        "decided_by": decision.decided_by,
        "role": decision.role.value,
        "decided_at": micros(decision.decided_at),
        "reason": decision.reason,
        "case_id": decision.case_id,
        "case_version": decision.case_version,
        "disposition": decision.disposition.value if decision.disposition else None,
        "parameter": decision.parameter,
        "value": decision.value,
        "serial": serial,
        "travel": travel.value,
        "detail": "",
        "reason_code": decision.reason_code,
        "signed_at": micros(decision.signed_at) if decision.signed_at else None,
    }


def decision_from(row: AnyRow) -> Decision:
    """The decision of a row."""
    return Decision(
        id=row.id,
        kind=DecisionKind(row.kind),
        line=LineId(row.line),
        decided_by=row.decided_by,
        role=Role(row.role),
        decided_at=moment(row.decided_at),
        reason=row.reason,
        case_id=row.case_id,
        case_version=row.case_version,
        disposition=Disposition(row.disposition) if row.disposition else None,
        parameter=row.parameter,
        value=row.value,
        reason_code=row.reason_code,
        signed_at=moment(row.signed_at) if row.signed_at is not None else None,
    )


def second_values(opinion: Second) -> dict[str, Any]:
    """What the second person's answer adds to the row of a decision."""
    return {
        "seconded_by": opinion.by,
        "seconded_role": opinion.role.value,
        "seconded_at": micros(opinion.at),
        "second_agrees": opinion.agrees,
        "second_reason": opinion.reason,
        "second_signed_at": micros(opinion.signed_at) if opinion.signed_at else None,
    }


def second_from(row: AnyRow) -> Second | None:
    """The second person's answer in the row of a decision; None when there is none."""
    if row.seconded_by is None:
        return None
    return Second(
        by=row.seconded_by,
        role=Role(row.seconded_role),
        at=moment(row.seconded_at),
        agrees=row.second_agrees,
        reason=row.second_reason,
        signed_at=moment(row.second_signed_at) if row.second_signed_at is not None else None,
    )


def taken_from(row: AnyRow) -> Taken:
    """The decision of a row as others are told of it."""
    return Taken(decision_from(row), row.travel == OrderState.PROPOSED.value, second_from(row))


def order_from(row: AnyRow) -> Order:
    """The order of a row."""
    decision_id: UUID = row.decision_id
    return Order(
        sequence=row.sequence,
        code=OrderCode(row.code),
        target=row.target,
        value=row.value,
        decision_id=decision_id,
        recorded_at=moment(row.recorded_at),
        state=OrderState(row.state),
        boot_count=row.boot_count,
        detail=row.detail,
    )
