"""The records of a line beside the simulator's truth: what passed was allowed to, and what is on record was so."""

import struct
from collections import Counter
from typing import Any

from quality.case import DecisionKind
from quality.judgement import ReasonCode, Verdict
from quality.order import OrderState
from quality.station import VerdictAnswer
from records.review_records import ReviewRecords
from records.views import Filter, InspectionDetail
from tests.system.running import RunningLine, inspections


def compared(records: ReviewRecords, line: RunningLine) -> dict[str, Any]:
    """What was compared; fails at the first word that is not so. Every part made must have been answered."""
    made = {part["serial"]: part for part in line.truth()}
    rows = inspections(records)
    assert Counter(row.serial for row in rows) == Counter(list(made)), "a part was judged twice or never"
    allowed = released(records, line)
    answers: Counter[str] = Counter()
    readings = no_evidence = 0
    for row in rows:
        part = made[row.serial]
        assert (row.boot_count, row.cycle_sequence) == (part["boot"], part["sequence"])
        answers[f"{row.verdict} {row.answer}"] += 1
        passed = row.verdict is Verdict.PASS
        if part["passed_by"] is not None:
            assert part["passed_by"] == ("PASS" if passed else "release"), row
            assert passed or row.serial in allowed, f"{row.serial} passed and nobody said so"
        assert part["held"] == (not passed), row
        assert part["verdict"] == row.verdict.value, row
        if row.answer == VerdictAnswer.ACCEPTED:
            assert part["held"] or part["passed_by"] == "PASS", "an answer was believed that was none"
        detail = records.inspection(row.id)
        assert detail is not None
        readings += len(detail.readings)
        no_evidence += judged_without(detail, part["readings"])
    assert {serial for serial, part in made.items() if part["passed_by"] == "release"} == allowed
    return {
        "parts": len(rows),
        "answers": answers,
        "released": len(allowed),
        "readings": readings,
        "parts without evidence": no_evidence,
        "measured": measured(records, line, made),
    }


def judged_without(detail: InspectionDetail, shown: dict[str, float]) -> bool:
    """Whether a reading is missing, which must have held the part; those there are, are true bit by bit."""
    for name, value in detail.readings.items():
        true = shown.get(name, 0.0)
        assert value == struct.unpack(">f", struct.pack(">f", true))[0], f"{detail.row.serial}: {name} is false"
    if shown.keys() <= detail.readings.keys():
        return False
    assert detail.row.verdict is Verdict.HOLD
    assert detail.row.judgements[0].reasons[0].code is ReasonCode.NO_EVIDENCE
    return True


def measured(records: ReviewRecords, line: RunningLine, made: dict[str, Any]) -> int:
    """How many measured values are on record, each as the gauge showed it."""
    names = [characteristic.name for characteristic in line.settings.control_plan().characteristics]
    count, below = 0, None
    while True:
        page = records.measurements(Filter(), below, 5000)
        for row in page.rows:
            shown = [values[names.index(row.characteristic)] for values in made[row.serial]["measured"]]
            assert row.value in shown, f"{row.serial}: {row.characteristic} was never measured as {row.value}"
        count += len(page.rows)
        if (below := page.next_below) is None:
            return count


def released(records: ReviewRecords, line: RunningLine) -> set[str]:
    """The serials of held parts whose release is on record as done."""
    serials: set[str] = set()
    below: int | None = None
    while True:
        page = records.decisions(Filter(line=line.settings.line), below, 500)
        for view in page.rows:
            assert view.kind is DecisionKind.RELEASE
            assert view.case_id is not None
            assert view.travel is OrderState.DONE, view.detail
            detail = records.case(view.case_id)
            assert detail is not None
            serials.add(detail.case.serial)
        if (below := page.next_below) is None:
            return serials
