"""What the handover makes of a shift, and how an alarm rate is drawn."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

from quality.alarm import alarm_rate
from quality.case import CaseKind, DecisionKind, Disposition
from quality.plan import ControlPlan
from records.shift_views import DecidedCase, InForce
from review_api.language import Languages
from review_api.pages import alarm_view, handover_view, plan_view

BEGAN = datetime(2026, 11, 24, 5, tzinfo=UTC)
ENGLISH = Languages(ZoneInfo("Europe/Berlin")).default


def decided(waited_s: float, *, late: bool = False, scrapped: bool = False) -> DecidedCase:
    kind = DecisionKind.CONFIRM_HOLD if scrapped else DecisionKind.RELEASE
    disposition = Disposition.SCRAP if scrapped else None
    return DecidedCase(uuid4(), CaseKind.SUSPECT_PART, "B1", kind, disposition, "vera", waited_s, late)


def test_how_long_cases_waited() -> None:
    assert handover_view.waits(()) is None
    waits = handover_view.waits([decided(10), decided(400, late=True), decided(30)])
    assert waits is not None
    assert (waits.median_s, waits.longest_s, waits.late) == (30, 400, 1)


def test_the_commonest_outcome_comes_first() -> None:
    found = handover_view.outcomes([decided(1), decided(1, scrapped=True), decided(1, scrapped=True)])
    assert [(each.disposition, count) for each, count in found] == [(Disposition.SCRAP, 2), (None, 1)]


def test_only_what_became_different_is_a_change() -> None:
    at = BEGAN
    in_force = [
        InForce("old", ("a" * 64,), at, "B1"),
        InForce("new", ("a" * 64,), at, "B2"),
        InForce("new", ("a" * 64, "b" * 64), at, "B3"),
    ]
    plan, model = handover_view.changes(in_force)
    assert (plan.plan_before, plan.plan, plan.models) == ("old", "new", None)
    assert (model.plan, model.models) == (None, ("b" * 12,))
    assert handover_view.changes(in_force[:1]) == []


def test_a_rate_is_drawn_within_its_frame_and_held_against_the_target() -> None:
    raised = [BEGAN + timedelta(minutes=155, seconds=second) for second in range(20)]
    rate = alarm_rate(raised, BEGAN, BEGAN + timedelta(minutes=160))
    drawing = alarm_view.draw_rate(ENGLISH, rate)
    (bar,) = drawing.bars
    assert bar.flood
    assert drawing.floods_now
    assert 0 <= bar.y < drawing.flood < drawing.target < alarm_view.HEIGHT
    assert bar.x + bar.width <= alarm_view.WIDTH
    assert [hour for _, hour in drawing.hours] == ["06:00", "06:40", "07:20", "08:00"]


def test_devices_and_kinds_are_named_in_words() -> None:
    assert alarm_view.source_words(ENGLISH, "plc") == "PLC"
    assert alarm_view.source_words(ENGLISH, "part BM-1 {x}") == "part BM-1 {x}"
    assert alarm_view.source_words(ENGLISH, "face") == "face"
    assert alarm_view.kind_words(ENGLISH, "cycles missed") == "parts never seen"
    assert alarm_view.kind_words(ENGLISH, "something new") == "something new"


def test_what_a_plan_says_is_written_out_item_by_item() -> None:
    content = {"part": "beam", "characteristics": [{"name": "h_mm", "limits": {"lower": -0.18, "upper": None}}]}
    part, hole = plan_view.facts(ENGLISH, content)
    assert (part.where, part.after) == ("part", "beam")
    assert (hole.where, hole.after) == ("characteristics › h_mm", "limits lower −0.18, upper –")


def test_every_field_of_a_plan_has_a_word() -> None:
    assert set(ControlPlan.__dataclass_fields__) - {"version"} <= set(plan_view.FIELDS)


def test_every_kind_of_alarm_has_a_word() -> None:
    raised = re.compile(
        r'alarms\.(?:(?:raise_|again|happened)\(\s*[^,]+?,\s*|only\(\s*)"([a-z ]+)"'
        r'|_stands\(\s*(?:[^,"]+,\s*)?"([a-z ]+)"'
    )
    edge = Path(__file__).parents[3] / "edge" / "cycle"
    kinds = {kind for file in edge.glob("*.py") for match in raised.findall(file.read_text()) for kind in match}
    assert len(kinds) > 20, "the edge raises alarms in another way now; mend this test"
    assert kinds - {""} - set(alarm_view.KINDS) == set()
