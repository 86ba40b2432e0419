"""Inspections: written once, answered by the PLC, and never changed besides."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, bindparam, insert, select, update

from quality.case import Case
from quality.characteristic import PartSerial
from quality.evidence import Finding, Frame
from quality.influence import Influence
from quality.inspection import Cycle, Inspection
from quality.judge import leading
from quality.station import VerdictAnswer
from records.encoding import coarse_map, influences_json
from records.ledger import INSPECTION_FACTS, append, digest
from records.moments import micros
from records.picture_size import picture_size
from records.rows import inspection_values
from records.tables import finding_maps, frames, inspections
from records.tables import influences as influence_rows
from records.writing.cases import insert_case

# Built once: a statement carries the key of its compiled form, and building it anew costs more than running it.
_INSPECTION = insert(inspections)
_FRAME = insert(frames)
_MAP = insert(finding_maps)
_THIS_CYCLE = (
    (inspections.c.line == bindparam("of_line"))
    & (inspections.c.station == bindparam("of_station"))
    & (inspections.c.boot_count == bindparam("of_boot"))
    & (inspections.c.cycle_sequence == bindparam("of_sequence"))
)
_OF_CYCLE = select(inspections.c.id, inspections.c.serial, inspections.c.judgements).where(_THIS_CYCLE)
_ANSWER = (
    update(inspections)
    .where(_THIS_CYCLE)
    .values(answer=bindparam("new_answer"), answered_at=bindparam("new_answered_at"))
    .returning(inspections.c.id)
)


def add_inspection(
    connection: Connection, key: bytes, inspection: Inspection, case: Case | None, kept: Sequence[Frame]
) -> None:
    """The inspection, its case, and the frames whose pictures are on disk already."""
    row = inspection_values(inspection)
    inserted = connection.execute(_INSPECTION, row).inserted_primary_key
    number = int(inserted[0]) if inserted else 0
    entries: list[tuple[str, Mapping[str, object]]] = [
        ("inspection", {"id": number, "serial": row["serial"], "digest": digest(row, INSPECTION_FACTS)})
    ]
    if case is not None:
        against = leading(inspection.judgements)
        entries.append(insert_case(connection, case, number, against[0].subject if against else None))
    if kept:
        connection.execute(_FRAME, [_frame_values(frame, number) for frame in kept])
        maps = [_map_values(finding, number) for finding in inspection.evidence.findings]
        if maps:
            connection.execute(_MAP, maps)
    append(connection, key, inspection.judged_at, *entries)


def recorded_serial(connection: Connection, cycle: Cycle) -> PartSerial | None:
    """The serial under which that cycle has an inspection, or None when it has none."""
    row = connection.execute(_OF_CYCLE, _cycle_parameters(cycle)).first()
    return PartSerial(row.serial) if row else None


def inspection_of(connection: Connection, cycle: Cycle) -> tuple[int, str] | None:
    """Id and judgements (JSON) of that cycle's inspection, or None."""
    row = connection.execute(_OF_CYCLE, _cycle_parameters(cycle)).first()
    return (row.id, row.judgements) if row else None


def add_influences(
    connection: Connection, cycle: Cycle, characteristic: str, influences: Sequence[Influence]
) -> None:
    """What moved the part's forecast; the first that is said of a cycle stays. No fact of the ledger.

    Raises LookupError when the cycle was never recorded.
    """
    row = connection.execute(_OF_CYCLE, _cycle_parameters(cycle)).first()
    if row is None:
        raise LookupError(f"line {cycle.line}: cycle {cycle.sequence} was explained but never recorded.")
    known = select(influence_rows.c.inspection_id).where(influence_rows.c.inspection_id == row.id)
    if connection.execute(known).first() is None:
        said = {"inspection_id": row.id, "characteristic": characteristic, "moved": influences_json(influences)}
        connection.execute(insert(influence_rows), said)


def answer_verdict(connection: Connection, key: bytes, cycle: Cycle, answer: VerdictAnswer, at: datetime) -> None:
    """The PLC's answer. Raises LookupError when the cycle was never recorded."""
    values = {**_cycle_parameters(cycle), "new_answer": answer.value, "new_answered_at": micros(at)}
    number = connection.execute(_ANSWER, values).scalar_one_or_none()
    if number is None:
        raise LookupError(f"line {cycle.line}: cycle {cycle.sequence} was answered but never recorded.")
    append(connection, key, at, ("verdict_answered", {"id": number, "answer": answer.value}))


def _cycle_parameters(cycle: Cycle) -> dict[str, Any]:
    return {
        "of_line": cycle.line,
        "of_station": cycle.station,
        "of_boot": cycle.boot_count,
        "of_sequence": cycle.sequence,
    }


def _frame_values(frame: Frame, inspection_id: int) -> dict[str, Any]:
    width, height = picture_size(frame.encoded) or (frame.pixels.shape[1], frame.pixels.shape[0])
    return {
        "inspection_id": inspection_id,
        "camera": frame.camera,
        "sha256": frame.sha256,
        "captured_at": micros(frame.captured_at),
        "width": width,
        "height": height,
        "size": len(frame.encoded),
    }


def _map_values(finding: Finding, inspection_id: int) -> dict[str, Any]:
    cells = coarse_map(finding)
    rows, columns = cells.shape
    return {
        "inspection_id": inspection_id,
        "camera": finding.camera,
        "rows": rows,
        "columns": columns,
        "cells": np.ascontiguousarray(cells).tobytes(),
    }
