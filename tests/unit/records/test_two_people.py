"""Decisions that need two people, signatures, who is on a case, and the plans that a line was run with."""

import hashlib
import threading
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import orjson
import pytest
from sqlalchemy import select, text, update

from quality.case import CaseState, DecisionKind, Disposition, Refusal, RefusalCode, Taken
from quality.judgement import Verdict
from quality.order import OrderState
from quality.plan import Role
from records.ledger import DECISION_FACTS, verify
from records.tables import decisions, ledger
from tests.unit.records.making import (
    HOLE,
    LINE,
    PLAN,
    START,
    case,
    decision,
    inspection,
    measurement,
    opinion,
    strict,
)

STRICT = strict()


@pytest.fixture
def held(edge):
    """A part on hold, suspect in hole 1, with its case open."""
    opened = case(1)
    edge.record(inspection(1, verdict=Verdict.HOLD), opened, [])
    return opened


def refusal_of(call, *args):
    with pytest.raises(Refusal) as raised:
        call(*args)
    return raised.value


def test_a_proposal_waits_for_a_second_person_and_not_for_the_edge(held, review, edge):
    release = decision(held)
    view = review.decide(release, STRICT, None)
    assert (view.travel, view.second) == (OrderState.PROPOSED, None)
    assert review.case(held.id).case.state is CaseState.PROPOSED
    assert edge.pending_decisions() == []
    assert [each.state for each in edge.open_cases()] == [CaseState.PROPOSED]
    agreed = review.second(release.id, opinion(), STRICT, None)
    assert (agreed.travel, agreed.second) == (OrderState.RECORDED, opinion())
    moved = review.case(held.id).case
    assert (moved.state, moved.version) == (CaseState.ANSWERED, 3)
    assert edge.pending_decisions() == [release]


def test_who_does_not_agree_opens_the_case_again(held, review, edge):
    release = decision(held)
    review.decide(release, STRICT, None)
    refused = review.second(release.id, opinion(agrees=False), STRICT, None)
    assert (refused.travel, refused.second.reason) == (OrderState.REFUSED, "the burr is still there")
    assert refused.detail == "ben did not agree."
    moved = review.case(held.id).case
    assert (moved.state, moved.version) == (CaseState.OPEN, 3)
    assert edge.pending_decisions() == []
    again = decision(moved, DecisionKind.CONFIRM_HOLD, disposition=Disposition.SCRAP)
    assert review.decide(again, STRICT, None).travel is OrderState.RECORDED


@pytest.mark.parametrize(
    ("kind", "disposition", "travel"),
    [
        (DecisionKind.CONFIRM_HOLD, Disposition.USE_AS_IS, OrderState.PROPOSED),
        (DecisionKind.CONFIRM_HOLD, Disposition.SCRAP, OrderState.RECORDED),
        (DecisionKind.MEASURE, None, OrderState.RECORDED),
    ],
)
def test_only_what_lets_the_part_go_takes_two(held, review, kind, disposition, travel):
    assert review.decide(decision(held, kind, disposition=disposition), STRICT, None).travel is travel


def test_a_part_that_was_measured_out_takes_two_whatever_opened_its_case(edge, review):
    other = replace(
        STRICT, characteristics=tuple(replace(c, critical=not c.critical) for c in STRICT.characteristics)
    )
    opened = case(1)
    edge.record(inspection(1, verdict=Verdict.HOLD), opened, [])
    assert review.decide(decision(opened, DecisionKind.MEASURE), other, None).travel is OrderState.RECORDED
    edge.record_measurements([measurement(1, 0.5, "hole_2_x_mm")], conforming=False)
    seen = review.case(opened.id).case
    assert review.decide(decision(seen), other, None).travel is OrderState.PROPOSED


def test_a_wide_step_takes_two_with_or_without_a_case(held, review, edge):
    step = decision(None, DecisionKind.ADJUST_PARAMETER, parameter="offset_um", value=50.0)
    assert review.decide(step, STRICT, 0.0).travel is OrderState.PROPOSED
    assert refusal_of(review.second, step.id, opinion(), STRICT, -60.0).code is RefusalCode.OUT_OF_LIMITS
    assert review.second(step.id, opinion(), STRICT, 0.0).travel is OrderState.RECORDED
    assert edge.pending_decisions() == [step]
    small = decision(held, DecisionKind.ADJUST_PARAMETER, parameter="offset_um", value=65.0)
    assert review.decide(small, STRICT, 50.0).travel is OrderState.RECORDED
    seen = review.case(held.id).case
    wide = decision(seen, DecisionKind.ADJUST_PARAMETER, parameter="offset_um", value=0.0)
    review.decide(wide, STRICT, 50.0)
    review.second(wide.id, opinion(), STRICT, 50.0)
    assert review.case(held.id).case.state is CaseState.OPEN


def test_the_same_opinion_again_changes_nothing_and_another_is_refused(held, review, database):
    release = decision(held)
    review.decide(release, STRICT, None)
    first = review.second(release.id, opinion(), STRICT, None)
    entries = verify(database).entries
    late = opinion(at=START + timedelta(hours=2))
    assert review.second(release.id, late, STRICT, None) == first
    other = refusal_of(review.second, release.id, opinion("cai", agrees=False), STRICT, None)
    assert (other.code, other.first) == (RefusalCode.ALREADY_ANSWERED, Taken(release, second=opinion()))
    assert "ben agreed" in other.sentence
    assert verify(database).entries == entries
    with pytest.raises(LookupError):
        review.second(uuid4(), opinion(), STRICT, None)


def test_a_decision_that_needs_nobody_takes_no_opinion(held, review):
    release = decision(held)
    review.decide(release, PLAN, None)
    told = refusal_of(review.second, release.id, opinion(), PLAN, None)
    assert told.code is RefusalCode.ALREADY_ANSWERED


def test_whoever_comes_too_late_is_told_who_decided_what(held, review):
    review.decide(decision(held), STRICT, None)
    stale = refusal_of(review.decide, decision(held, DecisionKind.MEASURE), STRICT, None)
    assert (stale.code, stale.first.decision.decided_by, stale.first.waits) == (RefusalCode.STALE, "mia", True)
    assert "mia proposed 0 s ago: release the part." in stale.sentence
    proposed = replace(held, version=2)
    third = refusal_of(review.decide, decision(proposed, DecisionKind.MEASURE), STRICT, None)
    assert (third.code, third.first.decision.decided_by) == (RefusalCode.PROPOSED, "mia")


def test_who_has_seen_the_newest_decision_is_told_of_no_older_one(held, review, edge):
    review.decide(decision(held, DecisionKind.MEASURE), PLAN, None)
    edge.record_measurements([measurement(1, 0.01)], conforming=True)
    seen_before = replace(held, version=2)
    stale = refusal_of(review.decide, decision(seen_before), PLAN, None)
    assert (stale.code, stale.first) == (RefusalCode.STALE, None)
    assert "it is now 3" in stale.sentence


def test_of_two_second_persons_at_once_one_wins(edge, review, database):
    rounds = 25
    proposals = []
    for number in range(1, rounds + 1):
        edge.record(inspection(number, verdict=Verdict.HOLD), opened := case(number), [])
        proposals.append(release := decision(opened))
        review.decide(release, STRICT, None)
    outcomes: list[list[object]] = [[], []]
    start = threading.Barrier(2)

    def answer_all(mine, by, agrees):
        for each in proposals:
            start.wait()
            try:
                mine.append(review.second(each.id, opinion(by, agrees=agrees), STRICT, None).second.by)
            except Refusal as refusal:
                mine.append(refusal)

    threads = [
        threading.Thread(target=answer_all, args=(outcomes[0], "ben", True)),
        threading.Thread(target=answer_all, args=(outcomes[1], "cai", False)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes[0]) == len(outcomes[1]) == rounds
    for each, pair in zip(proposals, zip(*outcomes, strict=True), strict=True):
        (winner,) = [outcome for outcome in pair if isinstance(outcome, str)]
        (told,) = [outcome for outcome in pair if isinstance(outcome, Refusal)]
        assert told.first.second.by == winner
        assert review.decision(each.id).second.by == winner
    assert verify(database).broken_at is None


def test_an_overdue_proposal_is_escalated_and_its_hold_stays(held, review, edge):
    review.decide(decision(held), STRICT, None)
    (waiting,) = edge.open_cases()
    edge.escalate(replace(waiting, escalated=True, asked=Role.SUPERVISOR))
    moved = review.case(held.id).case
    assert (moved.state, moved.escalated, moved.version) == (CaseState.PROPOSED, True, 2)


def test_signatures_and_codes_are_kept_and_a_repeat_need_not_be_signed_again(held, review):
    release = decision(held, reason="", reason_code="FALSE_ALARM", signed_at=START + timedelta(minutes=59))
    view = review.decide(release, STRICT, None)
    assert (view.reason, view.reason_code, view.signed_at) == ("", "FALSE_ALARM", release.signed_at)
    assert review.decide(replace(release, signed_at=None), STRICT, None) == view
    signed = opinion(signed_at=START + timedelta(minutes=60))
    assert review.second(release.id, signed, STRICT, None).second == signed


@pytest.mark.parametrize(
    "forged",
    [
        {"reason_code": "MEASURED_WITHIN"},
        {"signed_at": None},
        {"seconded_by": "eve"},
        {"second_agrees": False},
        {"second_reason": "fine"},
        {"second_signed_at": 1},
    ],
)
def test_the_ledger_witnesses_signature_reason_and_second_person(held, review, database, forged):
    release = decision(held, reason_code="FALSE_ALARM", signed_at=START)
    review.decide(release, STRICT, None)
    review.second(release.id, opinion(), STRICT, None)
    assert verify(database).broken_at is None
    with database.write() as connection:
        connection.execute(update(decisions).values(**forged))
    assert verify(database).broken_at is not None


def test_the_ledger_says_who_signed_when(held, review, database):
    release = decision(held, signed_at=START)
    review.decide(release, STRICT, None)
    review.second(release.id, opinion(signed_at=START), STRICT, None)
    with database.read() as connection:
        entries = connection.execute(select(ledger.c.content)).scalars().all()
    said = [entry for entry in entries if '"signed_at"' in entry]
    assert ['"by":"mia"' in said[0], '"by":"ben"' in said[1], len(said)] == [True, True, 2]


def test_a_decision_without_the_later_facts_has_the_digest_it_always_had(review, database):
    review.decide(decision(None, DecisionKind.STOP_LINE), PLAN, None)
    with database.read() as connection:
        row = connection.execute(select(decisions)).mappings().one()
        entry = orjson.loads(connection.execute(select(ledger.c.content)).scalar_one())
    facts = [row[fact] for fact in DECISION_FACTS]
    assert entry["digest"] == hashlib.sha256(orjson.dumps(facts)).hexdigest()


def test_who_is_on_a_case_is_seen_taken_over_and_forgotten(held, review, clock):
    review.take(held.id, "mia")
    row = review.cases(LINE, None).rows[0]
    assert (row.taken_by, row.taken_at, row.case.version) == ("mia", clock.now(), 1)
    review.take(held.id, "ben")
    review.leave(held.id, "mia")
    assert review.case(held.id).taken_by == "ben"
    review.decide(decision(held, DecisionKind.MEASURE), PLAN, None)
    clock.advance(timedelta(minutes=9, seconds=59))
    assert review.case(held.id).taken_by == "ben"
    clock.advance(timedelta(seconds=1))
    assert (review.case(held.id).taken_by, review.cases(LINE, None).rows[0].taken_at) == (None, None)
    review.take(held.id, "ben")
    review.leave(held.id, "ben")
    assert review.case(held.id).taken_by is None
    review.take(uuid4(), "ben")


def test_every_plan_that_a_line_was_run_with_is_kept_as_it_was(edge, review, database, clock):
    edge.use_plan(PLAN)
    clock.advance(timedelta(hours=1))
    edge.use_plan(STRICT)
    edge.use_plan(PLAN)
    assert [(row.version, row.first_used_at) for row in review.plans(LINE)] == [
        (STRICT.version, START + timedelta(hours=1)),
        (PLAN.version, START),
    ]
    kept = review.plan(LINE, STRICT.version)
    assert kept.content["characteristics"][0]["critical"] is True
    assert kept.content["parameters"][0]["moves"] == {HOLE: 0.001}
    assert review.plan(LINE, "nothing") is None
    assert review.plans("line-9") == ()
    assert verify(database).entries == 2
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM plans")).scalar_one() == 2
