"""Shifts over midnight, over clock changes, and one after the other."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from quality.shift import SHIFTS, Shift, shift_after, shift_at, shift_before

BERLIN = ZoneInfo("Europe/Berlin")


def local(*when: int) -> datetime:
    return datetime(*when, tzinfo=BERLIN)


def test_a_moment_lies_in_its_shift() -> None:
    early = shift_at(local(2026, 11, 24, 6), SHIFTS, BERLIN)
    assert early == Shift(datetime(2026, 11, 24, 5, tzinfo=UTC), datetime(2026, 11, 24, 13, tzinfo=UTC))
    assert local(2026, 11, 24, 13, 59) in early
    assert local(2026, 11, 24, 14) not in early


def test_the_night_shift_spans_midnight() -> None:
    assert shift_at(local(2026, 11, 24, 2), SHIFTS, BERLIN).start == local(2026, 11, 23, 22)


def test_the_night_in_which_clocks_go_back_is_an_hour_longer() -> None:
    night = shift_at(local(2026, 10, 25, 1), SHIFTS, BERLIN)
    assert night.end - night.start == timedelta(hours=9)


def test_one_shift_a_day_is_a_day() -> None:
    day = shift_at(local(2026, 11, 24, 5), (time(6),), BERLIN)
    assert (day.start, day.end) == (local(2026, 11, 23, 6), local(2026, 11, 24, 6))


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    st.lists(st.times().map(lambda t: t.replace(tzinfo=None)), min_size=1, max_size=4),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Tokyo", "Australia/Lord_Howe", "America/New_York"]),
)
def test_shifts_follow_each_other_without_gap_or_overlap(at: datetime, begins: list[time], name: str) -> None:
    zone = ZoneInfo(name)
    shift = shift_at(at, begins, zone)
    assert at in shift
    assert shift_before(shift, begins, zone).end == shift.start
    assert shift_after(shift, begins, zone).start == shift.end
