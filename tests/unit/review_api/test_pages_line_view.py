"""The line in one sentence: the most serious trouble speaks, and grey is normal."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from quality.characteristic import Characteristic, Limits
from quality.judgement import Judgement, Verdict
from quality.plan import ControlPlan, ReactionPlan, Thresholds
from records.views import InspectionRow
from review_api.language import Languages
from review_api.pages.line_view import Tone, headline, nearest_to_limit, watched

ENGLISH = Languages(ZoneInfo("Europe/Berlin")).default
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
FINE: dict[str, object] = {
    "shown_at": NOW.isoformat(),
    "plc": {"ok": True, "detail": ""},
    "cameras": [{"name": "face", "ok": True, "detail": ""}],
    "models": [{"name": "forecast", "ok": True, "digest": "ab", "detail": ""}],
    "store": {"ok": True, "detail": ""},
    "gate_closed": True,
    "line_stopped": False,
    "watchdog_tripped": False,
    "bypass": False,
    "held_count": 0,
}


def test_a_line_that_runs_and_wants_nothing_is_grey() -> None:
    said = headline(ENGLISH, FINE, 0, NOW)
    assert (said.tone, said.sentence) == (Tone.QUIET, "The line runs.")
    assert {chip.tone for chip in watched(ENGLISH, FINE, NOW)} == {Tone.QUIET}


def test_waiting_parts_are_counted_in_words() -> None:
    assert headline(ENGLISH, FINE, 1, NOW).sentence == "The line runs. 1 part waits for you."
    assert headline(ENGLISH, FINE, 2, NOW).sentence == "The line runs. 2 parts wait for you."
    assert headline(ENGLISH, FINE, 2, NOW).tone is Tone.ATTENTION


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        ({"plc": {"ok": False, "detail": "no reply in 0.5 s"}}, "The PLC does not answer."),
        ({"watchdog_tripped": True}, "The gate stays closed."),
        ({"line_stopped": True, "held_count": 8}, "The line is stopped."),
        ({"bypass": True}, "Bypass is on."),
        ({"shown_at": (NOW - timedelta(seconds=12)).isoformat()}, "No news from the line for 12 s."),
    ],
)
def test_trouble_is_said_in_red(trouble: dict[str, object], sentence: str) -> None:
    said = headline(ENGLISH, FINE | trouble, 0, NOW)
    assert (said.tone, said.sentence) == (Tone.ALARM, sentence)


def test_silence_speaks_before_what_was_last_heard() -> None:
    old = FINE | {"shown_at": (NOW - timedelta(minutes=2)).isoformat(), "line_stopped": True}
    assert headline(ENGLISH, old, 0, NOW).sentence == "No news from the line for 2 min 0 s."


def test_a_stopped_line_says_how_many_parts_are_held() -> None:
    said = headline(ENGLISH, FINE | {"line_stopped": True, "held_count": 8}, 3, NOW)
    assert said.detail == "8 parts in the hold lane. 3 parts wait for you."


def test_a_line_never_seen_is_no_alarm() -> None:
    assert headline(ENGLISH, None, 0, NOW).tone is Tone.ATTENTION
    assert watched(ENGLISH, None, NOW) == ()


def test_a_broken_device_is_the_only_red_chip_and_says_what_is_wrong() -> None:
    shown = watched(
        ENGLISH, FINE | {"cameras": [{"name": "face", "ok": False, "detail": "no picture for 12 s"}]}, NOW
    )
    (red,) = [chip for chip in shown if chip.tone is Tone.ALARM]
    assert (red.name, red.detail) == ("Camera face", "no picture for 12 s")


def test_the_charts_are_of_what_is_most_likely_out() -> None:
    names = ("a_mm", "b_mm", "c_mm")
    plan = ControlPlan(
        "part",
        tuple(Characteristic(name, "mm", Limits(-1, 1)) for name in names),
        Thresholds(0.2, 0.6),
        Thresholds(0.2, 0.6),
        5,
        ReactionPlan(),
    )
    judgements = tuple(
        Judgement(name, probability, Verdict.PASS, marginal=False)
        for name, probability in zip(names, (0.01, 0.15, 0.08), strict=True)
    )
    row = InspectionRow(1, "l", "s", 1, 1, "P1", NOW, NOW, Verdict.PASS, "v", (), judgements, None)
    assert [c.name for c in nearest_to_limit([row], plan)] == ["b_mm", "c_mm"]
