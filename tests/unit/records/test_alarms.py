"""Alarms in the store: how long they stand, who knew, what came first, what is out of sight."""

from datetime import datetime, timedelta

from quality.alarm import Alarm, AlarmState, Priority, Shelf
from records.edge_records import EdgeRecords
from records.review_records import ReviewRecords
from records.views import AlarmFilter, ListedAlarm
from tests.unit.records.making import START

LINE = "line-3"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def alarm(source: str = "plc", seconds: float = 0, *, latched: bool = False, kind: str = "no answer") -> Alarm:
    return Alarm(source, kind, Priority.HIGH, f"{source} {seconds:g}", at(seconds), latched)


def listed(review: ReviewRecords, seconds: float = 100) -> dict[str, ListedAlarm]:
    return {each.alarm.source: each for each in review.listed_alarms(LINE, at(seconds))}


def test_an_alarm_is_listed_until_it_is_over_and_somebody_knew(edge: EdgeRecords, review: ReviewRecords) -> None:
    edge.raise_alarm(alarm())
    (shown,) = review.listed_alarms(LINE, at(1))
    assert shown.state is AlarmState.UNACKNOWLEDGED
    edge.clear_alarm("plc", "no answer", at(2))
    assert listed(review)["plc"].state is AlarmState.RETURNED
    review.acknowledge_alarm(LINE, shown.alarm.id, "vera", at(3))
    assert review.listed_alarms(LINE, at(4)) == ()
    (known,) = review.alarms(LINE, standing_only=False)
    assert (known.acknowledged_by, known.acknowledged_at, known.cleared_at) == ("vera", at(3), at(2))


def test_one_that_is_acknowledged_stands_until_it_is_over(edge: EdgeRecords, review: ReviewRecords) -> None:
    edge.raise_alarm(alarm())
    review.acknowledge_alarm(LINE, listed(review)["plc"].alarm.id, "vera", at(1))
    assert listed(review)["plc"].state is AlarmState.ACKNOWLEDGED
    edge.clear_alarm("plc", "no answer", at(2))
    assert listed(review) == {}


def test_the_first_who_acknowledges_is_who_knew(edge: EdgeRecords, review: ReviewRecords) -> None:
    edge.raise_alarm(alarm())
    number = listed(review)["plc"].alarm.id
    review.acknowledge_alarm(LINE, number, "vera", at(1))
    review.acknowledge_alarm(LINE, number, "otto", at(2))
    assert listed(review)["plc"].alarm.acknowledged_by == "vera"


def test_what_has_happened_outlasts_a_restart_and_ends_when_somebody_knows(
    edge: EdgeRecords, review: ReviewRecords
) -> None:
    edge.raise_alarm(alarm(latched=True))
    edge.raise_alarm(alarm("face"))
    edge.clear_alarms(at(1))
    assert [each.source for each in review.alarms(LINE, standing_only=True)] == ["plc"]
    review.acknowledge_alarm(LINE, listed(review)["plc"].alarm.id, "vera", at(2))
    assert review.alarms(LINE, standing_only=True) == ()
    assert "plc" not in listed(review)


def test_what_happens_again_is_an_alarm_of_its_own_and_one_touch_acknowledges_all(
    edge: EdgeRecords, review: ReviewRecords
) -> None:
    for seconds in (0, 20, 40):
        edge.raise_alarm(alarm(seconds=seconds, latched=True))
    (shown,) = review.listed_alarms(LINE, at(50))
    assert (shown.times, shown.alarm.sentence, shown.state) == (3, "plc 40", AlarmState.UNACKNOWLEDGED)
    review.acknowledge_alarm(LINE, shown.alarm.id, "vera", at(60))
    assert review.listed_alarms(LINE, at(61)) == ()


def test_acknowledging_says_nothing_of_what_comes_later_or_of_others(
    edge: EdgeRecords, review: ReviewRecords
) -> None:
    edge.raise_alarm(alarm(latched=True))
    edge.raise_alarm(alarm("face"))
    first = listed(review)["plc"].alarm.id
    edge.raise_alarm(alarm(seconds=5, latched=True))
    review.acknowledge_alarm(LINE, first, "vera", at(6))
    assert {source: each.state for source, each in listed(review).items()} == {
        "plc": AlarmState.UNACKNOWLEDGED,
        "face": AlarmState.UNACKNOWLEDGED,
    }
    assert listed(review)["plc"].times == 1


def test_the_first_alarm_of_a_burst_is_marked(edge: EdgeRecords, review: ReviewRecords) -> None:
    for source, seconds in (("store", 0), ("plc", 20), ("face", 21), ("gauge", 29), ("clock", 60)):
        edge.raise_alarm(alarm(source, seconds))
    assert {source: each.first_out for source, each in listed(review).items()} == {
        "store": False,
        "plc": True,
        "face": False,
        "gauge": False,
        "clock": False,
    }
    assert listed(review)["gauge"].alarm.burst == listed(review)["plc"].alarm.id


def test_a_shelf_holds_every_alarm_of_its_kind_until_its_time(edge: EdgeRecords, review: ReviewRecords) -> None:
    edge.raise_alarm(alarm())
    shelf = Shelf("plc", "no answer", "vera", "cable ordered", at(1), at(61))
    review.shelve_alarms(LINE, shelf)
    edge.clear_alarm("plc", "no answer", at(2))
    edge.raise_alarm(alarm(seconds=3))
    assert (listed(review, 60)["plc"].state, listed(review, 60)["plc"].shelf) == (AlarmState.SHELVED, shelf)
    assert listed(review, 61)["plc"].state is AlarmState.UNACKNOWLEDGED


def test_a_shelf_is_taken_down_by_hand_or_put_up_anew(edge: EdgeRecords, review: ReviewRecords) -> None:
    edge.raise_alarm(alarm())
    review.shelve_alarms(LINE, Shelf("plc", "no answer", "vera", "cable ordered", at(1), at(61)))
    review.shelve_alarms(LINE, Shelf("plc", "no answer", "otto", "cable comes late", at(2), at(90)))
    shelf = listed(review, 3)["plc"].shelf
    assert shelf is not None
    assert (shelf.by, shelf.until) == ("otto", at(90))
    review.unshelve_alarms(LINE, "plc", "no answer", "vera", at(4))
    assert listed(review, 5)["plc"].shelf is None


def test_history_is_narrowed_and_comes_in_pages(edge: EdgeRecords, review: ReviewRecords) -> None:
    for seconds in range(6):
        edge.raise_alarm(alarm("plc" if seconds % 2 else "face", seconds, latched=True))
    page = review.alarm_history(LINE, AlarmFilter(source="plc"), limit=2)
    assert [row.raised_at for row in page.rows] == [at(5), at(3)]
    rest = review.alarm_history(LINE, AlarmFilter(source="plc"), page.next_below, 2)
    assert ([row.raised_at for row in rest.rows], rest.next_below) == ([at(1)], None)
    within = AlarmFilter(since=at(2), until=at(4), priority=Priority.HIGH, kind="no answer")
    assert len(review.alarm_history(LINE, within).rows) == 2
    assert review.alarm_history(LINE, AlarmFilter(priority=Priority.LOW)).rows == ()
    assert review.alarms_raised(LINE, at(2), at(4)) == (at(2), at(3))
