import threading
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import orjson
import pytest

from quality.case import CaseState, DecisionKind, Disposition, Refusal, RefusalCode
from quality.judgement import Judgement, Verdict
from quality.order import OrderCode, OrderResult, OrderState
from quality.plan import Role
from records.ledger import verify
from records.views import Account, Filter
from tests.unit.records.making import (
    HOLE,
    LINE,
    PLAN,
    START,
    SUSPECT,
    case,
    cycle,
    decision,
    frame,
    inspection,
    measurement,
)


@pytest.fixture
def held(edge):
    """A part on hold, with its case open."""
    opened = case(1)
    edge.record(inspection(1, verdict=Verdict.HOLD), opened, [])
    return opened


def refused(review, wrong, current=None):
    with pytest.raises(Refusal) as raised:
        review.decide(wrong, PLAN, current)
    return raised.value.code


def test_a_decision_moves_its_case_and_waits_for_the_edge(held, review):
    release = decision(held)
    view = review.decide(release, PLAN, None)
    assert (view.id, view.travel, view.serial) == (release.id, OrderState.RECORDED, held.serial)
    detail = review.case(held.id)
    assert (detail.case.state, detail.case.version) == (CaseState.ANSWERED, 2)
    assert detail.decisions == (view,)


def test_the_same_decision_again_is_answered_from_the_store(held, review, database):
    release = decision(held)
    first = review.decide(release, PLAN, None)
    entries = verify(database).entries
    again = review.decide(replace(release, decided_at=release.decided_at + timedelta(seconds=9)), PLAN, None)
    assert again == first
    assert verify(database).entries == entries


@pytest.mark.parametrize(
    "other",
    [
        {"reason": "another"},
        {"kind": DecisionKind.MEASURE},
        {"decided_by": "ben"},
        {"kind": DecisionKind.CONFIRM_HOLD, "disposition": Disposition.SCRAP},
    ],
)
def test_an_id_used_for_another_decision_is_refused(held, review, other):
    release = decision(held)
    review.decide(release, PLAN, None)
    assert refused(review, replace(release, **other)) is RefusalCode.REUSED_ID


def test_a_refused_decision_changes_nothing(held, review, database):
    before = (review.case(held.id), verify(database).entries)
    assert refused(review, decision(held, role=Role.OPERATOR)) is RefusalCode.NOT_ALLOWED
    assert refused(review, decision(held, case_version=7)) is RefusalCode.STALE
    assert refused(review, decision(held, case_id=uuid4())) is RefusalCode.INCOMPLETE
    assert refused(review, decision(held, line="line-4")) is RefusalCode.INCOMPLETE
    step = decision(None, DecisionKind.ADJUST_PARAMETER, parameter="offset_um", value=120.0)
    assert refused(review, step, current=0.0) is RefusalCode.OUT_OF_LIMITS
    assert (review.case(held.id), verify(database).entries) == before


def test_of_two_decisions_at_once_exactly_one_wins(edge, review):
    rounds = 50
    opened = [case(number) for number in range(1, rounds + 1)]
    for number, each in enumerate(opened, 1):
        edge.record(inspection(number, verdict=Verdict.HOLD), each, [])
    outcomes: list[list[object]] = [[], []]
    start = threading.Barrier(2)

    def decide_all(mine: list[object], kind: DecisionKind, disposition: Disposition | None) -> None:
        for each in opened:
            start.wait()
            try:
                mine.append(review.decide(decision(each, kind, disposition=disposition), PLAN, None).id)
            except Refusal as refusal:
                mine.append(refusal.code)

    threads = [
        threading.Thread(target=decide_all, args=(outcomes[0], DecisionKind.RELEASE, None)),
        threading.Thread(target=decide_all, args=(outcomes[1], DecisionKind.CONFIRM_HOLD, Disposition.SCRAP)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes[0]) == len(outcomes[1]) == rounds
    for each, pair in zip(opened, zip(*outcomes, strict=True), strict=True):
        assert sum(outcome is RefusalCode.STALE for outcome in pair) == 1
        winner = next(outcome for outcome in pair if outcome is not RefusalCode.STALE)
        detail = review.case(each.id)
        assert [taken.id for taken in detail.decisions] == [winner]
        assert detail.case.version == 2


def test_the_queue_is_walked_by_cursor_and_narrowed(edge, review):
    for number in range(1, 8):
        verdict = Verdict.HOLD if number % 3 == 0 else Verdict.PASS
        edge.record(inspection(number, verdict=verdict), None, [])
    edge.record(inspection(1, line="line-9"), None, [])
    first = review.inspections(Filter(line=LINE), limit=3)
    assert [row.cycle_sequence for row in first.rows] == [7, 6, 5]
    second = review.inspections(Filter(line=LINE), below=first.next_below, limit=4)
    assert [row.cycle_sequence for row in second.rows] == [4, 3, 2, 1]
    assert second.next_below is None
    assert [row.cycle_sequence for row in review.inspections(Filter(verdict=Verdict.HOLD)).rows] == [6, 3]
    between = Filter(line=LINE, since=cycle(2).triggered_at, until=cycle(4).triggered_at)
    assert [row.cycle_sequence for row in review.inspections(between).rows] == [3, 2]
    assert [row.cycle_sequence for row in review.inspections(Filter(serial="BEAM-00004")).rows] == [4]
    assert [row.cycle_sequence for row in review.inspections(Filter(characteristic=HOLE)).rows] == [6, 3]
    assert review.inspections(Filter(characteristic="hole%")).rows == ()
    assert [row.cycle_sequence for row in review.recent_inspections(LINE, 2)] == [7, 6]


def test_the_queue_as_json_has_the_same_rows(edge, review):
    edge.record(inspection(1, verdict=Verdict.HOLD), None, [])
    edge.record(inspection(2), None, [])
    page, rows = review.inspections_json(Filter(), limit=1), review.inspections(Filter(), limit=1)
    assert page.next_below == rows.next_below == 2
    for wanted in (Filter(), Filter(verdict=Verdict.HOLD)):
        rows = review.inspections(wanted).rows
        assert review.inspections_json(wanted).rows == orjson.dumps(rows, option=orjson.OPT_UTC_Z)


def test_parts_are_found_by_any_piece_of_their_serial(edge, review):
    for number, serial in enumerate(("BEAM-100", "beam-210", "AXLE_7"), 1):
        edge.record(inspection(number, serial=serial), None, [])
    assert [row.serial for row in review.parts("BEAM")] == ["beam-210", "BEAM-100"]
    assert [row.serial for row in review.parts("10", limit=1)] == ["beam-210"]
    assert [row.serial for row in review.parts("_")] == ["AXLE_7"]


def test_cases_are_listed_by_state_with_what_opened_them(edge, review):
    opened = [case(number) for number in (1, 2, 3)]
    for number, each in enumerate(opened, 1):
        edge.record(inspection(number, verdict=Verdict.HOLD), each, [])
    review.decide(decision(opened[1]), PLAN, None)
    waiting = review.cases(LINE, frozenset({CaseState.OPEN}))
    assert [row.case for row in waiting.rows] == [opened[2], opened[0]]
    assert waiting.rows[0].judgements == SUSPECT
    page = review.cases(None, None, limit=2)
    assert [row.case.cycle_sequence for row in page.rows] == [3, 2]
    assert [row.case.cycle_sequence for row in review.cases(None, None, page.next_below, 2).rows] == [1]
    assert review.cases("line-9", None).rows == ()
    assert review.case(uuid4()) is None


def test_decisions_and_measurements_are_listed_newest_first(edge, review):
    for number in (1, 2, 3):
        edge.record(inspection(number, verdict=Verdict.HOLD), each := case(number), [])
        at = START + timedelta(hours=number)
        review.decide(decision(each, decided_at=at), PLAN, None)
        edge.record_measurements([measurement(number, number / 100)], conforming=True)
    page = review.decisions(Filter(line=LINE), limit=2)
    assert [row.serial for row in page.rows] == ["BEAM-00003", "BEAM-00002"]
    assert [row.serial for row in review.decisions(Filter(), page.next_below, 2).rows] == ["BEAM-00001"]
    late = Filter(since=START + timedelta(hours=2), until=START + timedelta(hours=3), serial="BEAM-00002")
    assert len(review.decisions(late).rows) == 1
    values = review.measurements(Filter(line=LINE, characteristic=HOLE), limit=2)
    assert [row.value for row in values.rows] == [0.03, 0.02]
    assert [row.value for row in review.measurements(Filter(), values.next_below).rows] == [0.01]
    narrow = Filter(verdict=Verdict.HOLD, serial="BEAM-00002", since=START, until=START + timedelta(days=1))
    assert [row.value for row in review.measurements(narrow).rows] == [0.02]


def test_history_shows_forecast_and_measured_side_by_side(edge, review):
    for number in range(1, 6):
        edge.record(inspection(number), None, [])
    edge.record_measurements([measurement(3, 0.05)], conforming=True)
    points = review.history(LINE, HOLE, until_inspection_id=4, count=3)
    assert [(point.cycle_sequence, point.measured, point.mean) for point in points] == [
        (2, None, 0.17),
        (3, 0.05, 0.17),
        (4, None, 0.17),
    ]
    assert review.history(LINE, "unknown_mm", None, 1)[0].mean is None
    assert review.history("line-9", HOLE, None, 3) == ()


def test_earlier_cases_share_the_gravest_subject_are_closed_and_come_with_what_was_decided(edge, review):
    other = (Judgement("surface:face", 0.9, Verdict.HOLD, marginal=False),)
    opened = {}
    for number, judgements in enumerate((SUSPECT, other, SUSPECT, SUSPECT), 1):
        opened[number] = case(number)
        edge.record(inspection(number, verdict=Verdict.HOLD, judgements=judgements), opened[number], [])
    for number in (1, 2):
        review.decide(release := decision(opened[number]), PLAN, None)
        order = edge.record_order(release, OrderCode.RELEASE_PART, number, 0)
        edge.settle_order(order.sequence, OrderState.DONE, OrderResult.DONE, "")
    (earlier,) = review.earlier_cases(opened[4].id, 5)
    assert earlier.case.id == opened[1].id
    assert [decision.kind for decision in earlier.decisions] == [DecisionKind.RELEASE]
    assert review.earlier_cases(uuid4(), 5) == ()


def test_verdicts_are_counted_from_a_time_on(edge, review):
    made = [
        inspection(number, verdict=verdict)
        for number, verdict in enumerate((Verdict.PASS, Verdict.PASS, Verdict.HOLD), 1)
    ]
    for each in made:
        edge.record(each, None, [])
    assert review.verdict_counts(LINE, made[0].cycle.triggered_at) == {
        Verdict.PASS: 2,
        Verdict.REVIEW: 0,
        Verdict.HOLD: 1,
    }
    assert review.verdict_counts(LINE, made[1].cycle.triggered_at)[Verdict.PASS] == 1
    later = made[2].cycle.triggered_at + timedelta(seconds=1)
    assert set(review.verdict_counts(LINE, later).values()) == {0}


def test_the_newest_kept_picture_of_a_good_part(edge, review):
    pictures = [frame(b"one"), frame(b"two"), frame(b"three")]
    assert review.last_good_frame(LINE, "face") is None
    for number, (picture, verdict) in enumerate(
        zip(pictures, (Verdict.PASS, Verdict.PASS, Verdict.HOLD), strict=True), 1
    ):
        edge.record(inspection(number, verdict=verdict, frames=(picture,)), None, [picture])
    found = review.last_good_frame(LINE, "face")
    assert (found.sha256, found.width, found.height) == (pictures[1].sha256, 10, 8)


def test_the_defect_report_names_what_spoke_against_each_part(edge, review):
    held = case(2)
    edge.record(inspection(1), None, [])
    edge.record(inspection(2, verdict=Verdict.REVIEW), held, [])
    edge.record(inspection(3), None, [])
    edge.record_measurements([measurement(3, 0.2), measurement(3, 0.0, "hole_2_x_mm")], conforming=False)
    review.decide(decision(held, DecisionKind.CONFIRM_HOLD, disposition=Disposition.REWORK), PLAN, None)
    review_row, escape_row = review.defects(Filter(line=LINE), PLAN)
    assert (review_row.serial, review_row.characteristic, review_row.forecast) == ("BEAM-00002", HOLE, 0.17)
    assert (review_row.decision, review_row.decided_by, review_row.disposition) == (
        "CONFIRM_HOLD",
        "mia",
        "REWORK",
    )
    assert review_row.reason == "Hole 4 x has been rising for 9 parts."
    assert (review_row.lower, review_row.upper, review_row.nominal, review_row.unit) == (-0.18, 0.18, 0.0, "mm")
    assert review_row.deviation == 0.17
    assert (escape_row.serial, escape_row.verdict, escape_row.measured) == ("BEAM-00003", Verdict.PASS, 0.2)
    assert escape_row.deviation == 0.2
    assert "was measured at" in escape_row.reason
    assert escape_row.decision is None
    assert list(review.defects(Filter(characteristic="hole_2_x_mm"), PLAN)) == []
    assert len(list(review.defects(Filter(until=cycle(3).triggered_at), PLAN))) == 1


def test_accounts_are_added_and_replaced(review):
    assert review.account("mia") is None
    mia = Account("mia", "Mia Berg", Role.ENGINEER, "$argon2id$...")
    review.save_account(mia)
    review.save_account(Account("ben", "Ben", Role.OPERATOR, "$argon2id$..."))
    seen = replace(mia, hints_seen=True)
    review.save_account(seen)
    assert review.account("mia") == seen
    assert [account.name for account in review.accounts()] == ["ben", "mia"]


def test_totals_count_by_kind(edge, review):
    for number, verdict in enumerate((Verdict.PASS, Verdict.PASS, Verdict.HOLD), 1):
        edge.record(inspection(number, verdict=verdict), case(number) if verdict is Verdict.HOLD else None, [])
    review.decide(decision(None, DecisionKind.STOP_LINE), PLAN, None)
    assert review.totals(LINE) == {
        "inspections": {"PASS": 2, "HOLD": 1},
        "cases": {"OPEN": 1},
        "decisions": {"STOP_LINE": 1},
        "alarms": {},
    }


@pytest.mark.parametrize("sha256", ["", "../../etc/passwd", "AB" * 32, "ab" * 31, "ab" * 32 + "\n"])
def test_what_is_no_hash_is_no_picture(review, pictures, sha256):
    assert review.frame_path(sha256) is None
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        pictures.path(sha256)
