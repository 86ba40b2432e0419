from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from quality.alarm import Alarm, Priority
from quality.case import CaseKind, CaseState, DecisionKind, Disposition, escalate
from quality.influence import Influence
from quality.judgement import ReasonCode, Verdict
from quality.order import OrderCode, OrderResult, OrderState
from quality.plan import Role
from quality.ports import AlreadyRecorded, Records
from quality.station import VerdictAnswer
from records.ledger import verify
from tests.unit.records.making import (
    HOLE,
    PLAN,
    START,
    case,
    cycle,
    decision,
    frame,
    inspection,
    measurement,
)


def as_port(edge) -> Records:
    return edge


def test_it_is_the_port_and_an_inspection_comes_back_as_it_went_in(edge, review):
    records = as_port(edge)
    picture = frame()
    records.record(inspection(1, verdict=Verdict.REVIEW, frames=(picture,)), case(1), [picture])
    detail = review.inspection(1)
    assert detail.row.verdict is Verdict.REVIEW
    assert detail.row.triggered_at == cycle(1).triggered_at
    assert detail.row.judgements == inspection(1, verdict=Verdict.REVIEW).judgements
    assert detail.readings == {"spindle_a_power_kw": 13.5, "coolant_c": 21.25}
    assert [(each.characteristic, each.mean, each.scale) for each in detail.forecasts] == [
        (HOLE, 0.17, 0.02),
        ("hole_2_x_mm", 0.01, 0.03),
    ]
    finding = detail.findings[0]
    assert finding.boxes == ((1, 2, 3, 4, 0.9),)
    assert len(finding.map) <= 64
    assert len(finding.map[0]) <= 80
    assert {cell for row in finding.map for cell in row} == {128}
    assert detail.frames[0].kept
    assert review.frame_path(picture.sha256).read_bytes() == picture.encoded


def test_a_frame_that_is_not_kept_is_remembered_but_not_written(edge, review):
    picture = frame()
    edge.record(inspection(1, frames=(picture,)), None, [])
    detail = review.inspection(1)
    assert [(each.sha256, each.kept) for each in detail.frames] == [(picture.sha256, False)]
    assert detail.findings[0].map is None
    assert review.frame_path(picture.sha256) is None


def test_a_cycle_is_recorded_once_and_a_second_record_changes_nothing(edge, review):
    edge.record(inspection(7), None, [])
    with pytest.raises(AlreadyRecorded, match="cycle 7 of boot 1"):
        edge.record(inspection(7, verdict=Verdict.HOLD), case(7), [])
    assert edge.open_cases() == []
    assert review.inspection(1).row.verdict is Verdict.PASS
    edge.record(inspection(7, boot=2), None, [])
    assert edge.last_cycle() == (2, 7)


def test_verdicts_wait_for_their_answer_in_order(edge, review):
    assert edge.last_cycle() is None
    edge.record(inspection(1, verdict=Verdict.HOLD), case(1), [])
    edge.record(inspection(2), None, [])
    assert edge.unanswered_verdicts() == [
        (cycle(1), Verdict.HOLD, ReasonCode.TREND),
        (cycle(2), Verdict.PASS, None),
    ]
    edge.verdict_answered(cycle(1), VerdictAnswer.ACCEPTED, START)
    assert [waiting[0].sequence for waiting in edge.unanswered_verdicts()] == [2]
    assert review.inspection(1).row.answer == "ACCEPTED"
    with pytest.raises(LookupError, match="cycle 9"):
        edge.verdict_answered(cycle(9), VerdictAnswer.ACCEPTED, START)


def test_an_order_is_made_once_for_a_decision_and_sequences_are_never_reused(edge, review):
    held = case(1)
    edge.record(inspection(1, verdict=Verdict.HOLD), held, [])
    release = decision(held)
    review.decide(release, PLAN, None)
    assert edge.pending_decisions() == [release]
    order = edge.record_order(release, OrderCode.RELEASE_PART, 1, 0)
    assert edge.record_order(release, OrderCode.RELEASE_PART, 1, 0) == order
    edge.order_sent(order.sequence, 3)
    edge.order_sent(order.sequence, 4)
    assert [(sent.state, sent.boot_count) for sent in edge.open_orders()] == [(OrderState.SENT, 3)]
    assert review.decision(release.id).travel is OrderState.SENT
    edge.settle_order(order.sequence, OrderState.DONE, OrderResult.DONE, "Acknowledged.")
    assert edge.open_orders() == []
    assert edge.pending_decisions() == []
    assert edge.open_cases() == []
    assert review.decision(release.id).detail == "Acknowledged."
    stop = decision(None, DecisionKind.STOP_LINE)
    review.decide(stop, PLAN, None)
    assert edge.record_order(stop, OrderCode.STOP_LINE, 0, 0).sequence == order.sequence + 1
    told = [(each.sequence, each.state, each.decision_id) for each in review.orders(release.line)]
    assert told == [(1, OrderState.DONE, release.id), (2, OrderState.RECORDED, stop.id)]


def test_orders_start_above_what_the_plc_has_answered_already(edge, review):
    edge.orders_start_above(41)
    review.decide(stop := decision(None, DecisionKind.STOP_LINE), PLAN, None)
    assert edge.record_order(stop, OrderCode.STOP_LINE, 0, 0).sequence == 42


@pytest.mark.parametrize("state", [OrderState.REFUSED, OrderState.UNKNOWN])
def test_an_order_that_was_not_carried_out_opens_its_case_again(edge, review, state):
    held = case(1)
    edge.record(inspection(1, verdict=Verdict.HOLD), held, [])
    review.decide(release := decision(held), PLAN, None)
    order = edge.record_order(release, OrderCode.RELEASE_PART, 1, 0)
    edge.settle_order(order.sequence, state, OrderResult.NOT_HELD, "Not done.")
    again = review.case(held.id)
    assert (again.case.state, again.case.version) == (CaseState.OPEN, 3)
    assert [each.travel for each in again.decisions] == [state]
    edge.settle_order(order.sequence, OrderState.DONE, OrderResult.DONE, "Too late.")
    edge.order_sent(order.sequence, 9)
    assert review.case(held.id) == again
    with pytest.raises(LookupError, match="no order 99"):
        edge.settle_order(99, OrderState.DONE, None, "")


def test_a_decision_without_an_order_is_settled_by_itself(edge, review):
    edge.record(inspection(1), None, [])
    escape = case(1, kind=CaseKind.ESCAPE)
    edge.open_case(escape)
    asked = decision(escape, DecisionKind.MEASURE)
    review.decide(asked, PLAN, None)
    edge.settle_decision(asked.id, applied=True, detail="Measured.")
    assert review.case(escape.id).case.state is CaseState.OPEN
    scrap = decision(replace(escape, version=2), DecisionKind.CONFIRM_HOLD, disposition=Disposition.SCRAP)
    review.decide(scrap, PLAN, None)
    edge.settle_decision(scrap.id, applied=True, detail="Recorded.")
    closed = review.case(escape.id)
    assert closed.case.state is CaseState.CLOSED
    assert closed.inspection.row.cycle_sequence == 1


def test_escalation_is_stored_unless_the_case_has_moved_on(edge, review):
    first, second = case(1), case(2)
    for number, held in ((1, first), (2, second)):
        edge.record(inspection(number, verdict=Verdict.HOLD), held, [])
    late = START + timedelta(days=1)
    review.decide(decision(second), PLAN, None)
    for held in (first, second):
        edge.escalate(escalate(held, late, Role.SUPERVISOR))
    assert review.case(first.id).case.escalated
    assert review.case(first.id).case.version == 1
    assert not review.case(second.id).case.escalated
    assert review.case(second.id).case.state is CaseState.ANSWERED


def test_a_measurement_moves_an_open_case_about_its_part_on(edge, review):
    held = case(1)
    edge.record(inspection(1, verdict=Verdict.HOLD), held, [])
    edge.record_measurements([measurement(1, 0.2), measurement(1, 0.1, "hole_2_x_mm")], conforming=False)
    edge.record_measurements([], conforming=True)
    found = review.case(held.id)
    assert found.case.version == 2
    assert found.inspection.measurements == {HOLE: 0.2, "hole_2_x_mm": 0.1}


def test_history_brings_back_what_was_read_and_measured_oldest_first(edge):
    assert edge.history(5) == []
    for number in range(1, 5):
        edge.record(inspection(number), None, [])
    edge.record_measurements([measurement(3, 0.05)], conforming=True)
    history = edge.history(3)
    assert [each[0].sequence for each in history] == [2, 3, 4]
    assert history[0][1] == inspection(2).evidence.readings
    assert [each[2] for each in history] == [(), (measurement(3, 0.05),), ()]


def test_changed_tells_of_other_connections(edge, review, database):
    before = edge.changed()
    edge.record(inspection(1, verdict=Verdict.HOLD), held := case(1), [])
    if database.is_sqlite:  # elsewhere one's own are counted too, which costs a needless look and nothing else
        assert edge.changed() == before
    before = edge.changed()
    seen = review.changed()
    review.decide(decision(held), PLAN, None)
    assert edge.changed() != before
    assert review.changed() != seen


def test_one_alarm_of_a_kind_stands_at_a_time(edge, review):
    alarm = Alarm("camera face", "frozen", Priority.HIGH, "The picture stands still.", START)
    for _ in range(2):
        edge.raise_alarm(alarm)
    assert len(review.alarms("line-3", standing_only=True)) == 1
    edge.clear_alarm("camera face", "frozen", START)
    edge.clear_alarm("camera face", "frozen", START)
    assert review.alarms("line-3", standing_only=True) == ()
    edge.raise_alarm(alarm)
    assert [each.cleared_at for each in review.alarms("line-3", standing_only=False)] == [None, START]
    edge.clear_alarms(START)
    assert review.alarms("line-3", standing_only=True) == ()


def test_the_line_shows_its_newest_state_only(edge, review, clock):
    assert review.line_state("line-3") is None
    edge.show_line({"gate": "closed", "at": START})
    clock.advance(timedelta(seconds=1))
    edge.show_line({"gate": "open", "latency_ms": {"p50": 8.5}})
    assert review.line_state("line-3") == {
        "gate": "open",
        "latency_ms": {"p50": 8.5},
        "shown_at": "2026-11-24T08:00:01+00:00",
    }


def test_all_that_happened_is_in_the_ledger(edge, review, database):
    held = case(1)
    edge.record(inspection(1, verdict=Verdict.HOLD), held, [])
    edge.verdict_answered(cycle(1), VerdictAnswer.ACCEPTED, START)
    edge.record_measurements([measurement(1, 0.2)], conforming=False)
    edge.escalate(escalate(replace(held, version=2), START + timedelta(days=1), Role.SUPERVISOR))
    review.decide(release := decision(replace(held, version=2)), PLAN, None)
    order = edge.record_order(release, OrderCode.RELEASE_PART, 1, 0)
    edge.settle_order(order.sequence, OrderState.DONE, OrderResult.DONE, "")
    check = verify(database)
    assert check.broken_at is None
    # inspection, case opened; answered; measurement, case moved; escalated; case moved, decision;
    # order; order settled, decision settled, case moved
    assert check.entries == 12


def test_another_integrity_fault_is_not_mistaken_for_a_repeat(edge):
    edge.record(inspection(1, verdict=Verdict.HOLD), held := case(1), [])
    with pytest.raises(IntegrityError, match="cases") as raised:
        edge.record(inspection(2), held, [])
    assert not isinstance(raised.value, AlreadyRecorded)
    assert edge.last_cycle() == (1, 1)


def test_what_moved_a_forecast_comes_back_and_the_first_word_stays(edge, review):
    edge.record(inspection(1, verdict=Verdict.REVIEW), case(1), [])
    assert review.inspection(1).influences == ()
    moved = (Influence("coolant_c", 21.25, 19.0, 0.04), Influence("BM-7", None, None, -0.01))
    edge.record_influences(cycle(1), HOLE, moved)
    edge.record_influences(cycle(1), "another", moved[:1])
    assert (review.inspection(1).moved, review.inspection(1).influences) == (HOLE, moved)
    with pytest.raises(LookupError, match="cycle 2 was explained but never recorded"):
        edge.record_influences(cycle(2), HOLE, moved)
