from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.moments import micros, moment

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])


@given(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=ZONES))  # noqa: DTZ001
def test_a_time_comes_back_to_the_microsecond(at):
    assert moment(micros(at)) == at


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="no zone"):
        micros(datetime(2026, 11, 24))  # noqa: DTZ001
