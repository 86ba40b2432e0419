"""The states of alarms, their bursts and their rate, as ISA-18.2 has them."""

from datetime import UTC, datetime, timedelta

import pytest

from quality.alarm import LONGEST_SHELF, AlarmState, Shelf, alarm_rate, alarm_state, same_burst

START = datetime(2026, 11, 24, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stands", "acknowledged", "state"),
    [
        (True, False, AlarmState.UNACKNOWLEDGED),
        (True, True, AlarmState.ACKNOWLEDGED),
        (False, False, AlarmState.RETURNED),
        (False, True, AlarmState.NORMAL),
    ],
)
def test_an_alarm_is_over_once_it_has_returned_and_somebody_knew(
    *, stands: bool, acknowledged: bool, state: AlarmState
) -> None:
    assert alarm_state(stands=stands, acknowledged=acknowledged, shelved=False) is state
    assert alarm_state(stands=stands, acknowledged=acknowledged, shelved=True) is AlarmState.SHELVED


def test_a_shelf_has_a_reason_and_an_end() -> None:
    def shelf(reason: str, hours: float) -> Shelf:
        return Shelf("face", "camera", "vera", reason, START, START + timedelta(hours=hours))

    assert shelf("cable ordered", 8).until == START + LONGEST_SHELF
    for reason, hours in (("  ", 1), ("cable ordered", 8.01), ("cable ordered", 0)):
        with pytest.raises(ValueError, match="shelving face, camera"):
            shelf(reason, hours)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_what_comes_within_seconds_is_one_burst() -> None:
    assert same_burst(at(0), at(0), at(10))
    assert not same_burst(at(0), at(0), at(10.1))
    assert same_burst(at(0), at(55), at(60))


def test_a_chattering_alarm_is_no_burst_without_end() -> None:
    assert not same_burst(at(0), at(55), at(61))


def test_a_clock_set_back_begins_a_new_burst() -> None:
    assert not same_burst(at(0), at(5), at(-3600))


def test_the_rate_counts_alarms_in_each_ten_minutes() -> None:
    rate = alarm_rate([at(-1), at(0), at(599), at(600), at(1799), at(1800)], at(0), at(1800))
    assert rate.counts == (2, 1, 1)
    assert rate.average == pytest.approx(4 / 3)
    assert rate.most == 2


def test_no_time_has_no_rate() -> None:
    rate = alarm_rate([], at(0), at(0))
    assert (rate.counts, rate.average, rate.most, rate.floods) == ((), 0.0, 0, ())


def test_a_flood_begins_with_ten_and_ends_below_five() -> None:
    counts = (9, 10, 5, 4, 9)
    raised = [at(600 * index + number) for index, count in enumerate(counts) for number in range(count)]
    rate = alarm_rate(raised, at(0), at(3000))
    assert rate.counts == counts
    assert rate.floods == (False, True, True, False, False)
