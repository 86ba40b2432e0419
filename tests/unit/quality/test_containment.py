"""Which parts are suspect because one was found nonconforming, and which share its tool."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.containment import Passage, contain, same_tool


def passages(measured: str, ages: list[float] | None = None) -> list[Passage]:
    """`+` measured conforming, `-` measured nonconforming, `.` not measured; numbered from 1."""
    verdicts = {"+": True, "-": False, ".": None}
    counters = [{} if ages is None else {"age": ages[i]} for i in range(len(measured))]
    return [Passage(i + 1, verdicts[sign], counters[i]) for i, sign in enumerate(measured)]


def test_what_lies_between_the_last_good_part_and_the_next_one_is_suspect() -> None:
    found = contain(passages("..+..-..+.."), about=6)

    assert (found.last_good, found.next_good, found.suspects) == (3, 9, (4, 5, 7, 8))


def test_a_nonconforming_neighbour_does_not_end_the_suspicion() -> None:
    assert contain(passages("+.-.-.+"), about=3).suspects == (2, 4, 5, 6)


def test_without_a_good_part_on_a_side_the_end_is_said_to_be_open() -> None:
    found = contain(passages("..-."), about=3)

    assert (found.last_good, found.next_good, found.suspects) == (None, None, (1, 2, 4))


def test_a_part_between_two_good_ones_stands_alone() -> None:
    assert contain(passages("+-+"), about=2).suspects == ()


def test_a_passage_that_is_not_among_them_is_refused() -> None:
    with pytest.raises(KeyError):
        contain(passages("+-+"), about=9)


@given(st.text("+-.", min_size=1, max_size=60), st.data())
def test_no_part_measured_good_is_ever_suspect_and_suspects_surround_the_part(
    signs: str, data: st.DataObject
) -> None:
    about = data.draw(st.integers(1, len(signs)))

    found = contain(passages(signs), about)

    assert all(signs[number - 1] != "+" for number in found.suspects)
    assert about not in found.suspects
    around = sorted((*found.suspects, about))
    assert around == list(range(around[0], around[-1] + 1))
    assert found.last_good == (None if around[0] == 1 else around[0] - 1)
    assert found.next_good == (None if around[-1] == len(signs) else around[-1] + 1)


def test_a_tool_lives_until_its_counter_is_set_back() -> None:
    made = passages("." * 8, ages=[148, 149, 1, 2, 3, 4, 1, 2])

    assert same_tool(made, 4, "age") == (3, 4, 5, 6)
    assert same_tool(made, 1, "age") == (1, 2)
    assert same_tool(made, 3, "age") == (3, 4, 5, 6)
    assert same_tool(made, 8, "age") == (7, 8)


def test_a_missing_counter_is_no_tool_change() -> None:
    made = passages("....", ages=[1, 2, 3, 4])
    made[1] = Passage(2, None)

    assert same_tool(made, 1, "age") == (1, 2, 3, 4)
