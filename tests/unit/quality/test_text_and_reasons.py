"""What people type is harmless, and what they choose from is what the plan says."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.plan import DecisionKind, ReactionPlan, ReasonChoice
from quality.reasons import USUAL, choice, choices
from quality.text import plain
from tests.unit.quality.test_case import PLAN


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  as seen ", "as seen"),
        ("two\r\nlines\tand a tab", "two  lines and a tab"),
        ("\u202etxt.exe\u202c", "txt.exe"),
        ("\u200b\ufeff", ""),
        ("<b>=1+1'; DROP TABLE cases", "<b>=1+1'; DROP TABLE cases"),
        ("穴1 µ ± 😀", "穴1 µ ± 😀"),
    ],
)
def test_text_is_kept_as_it_was_meant(typed: str, kept: str) -> None:
    assert plain(typed) == kept


@pytest.mark.parametrize("typed", ["a\0b", "\x1b[31m", "\x7f", "\x85", "\ud800"])
def test_control_characters_are_refused_by_their_place(typed: str) -> None:
    with pytest.raises(ValueError, match=r"character \d is .* \(U\+[0-9A-F]{4}\); remove it"):
        plain(typed)


@given(st.text())
def test_what_is_kept_is_kept_again_and_can_be_stored(typed: str) -> None:
    try:
        kept = plain(typed)
    except ValueError:
        return
    assert plain(kept) == kept
    assert kept.encode().decode() == kept
    assert "\n" not in kept


def test_every_kind_of_decision_has_reasons_in_both_languages() -> None:
    for kind in DecisionKind:
        offered = choices(PLAN, kind)
        assert len({each.code for each in offered}) == len(offered) >= 2
        assert all(each.text("ja") != each.text("en") != "" for each in offered)


def test_the_plans_own_reasons_take_the_place_of_the_usual_ones() -> None:
    own = ReasonChoice(DecisionKind.RELEASE, "CONCESSION", "Concession of the customer", "")
    plan = replace(PLAN, reaction=ReactionPlan(reasons=(own,)))
    assert choices(plan, DecisionKind.RELEASE) == (own,)
    assert choices(plan, DecisionKind.MEASURE) == choices(PLAN, DecisionKind.MEASURE)
    assert choice(plan, DecisionKind.RELEASE, "CONCESSION") is own
    assert choice(plan, DecisionKind.RELEASE, USUAL[0].code) is None
    assert own.text("ja") == "Concession of the customer"
