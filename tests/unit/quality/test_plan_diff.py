"""What differs between two versions of a control plan, said item by item."""

from dataclasses import asdict, replace

from quality.characteristic import Characteristic, Limits
from quality.plan import ControlPlan, ReactionPlan, Thresholds
from quality.plan_diff import Difference, Different, differences

HOLES = tuple(Characteristic(f"hole_{n}_mm", "mm", Limits(-0.18, 0.18), 0.0, f"hole {n}") for n in (1, 2))
PLAN = ControlPlan("beam", HOLES, Thresholds(0.2, 0.6), Thresholds(0.3, 0.7), 5, ReactionPlan())


def between(before: ControlPlan, after: ControlPlan) -> tuple[Difference, ...]:
    return differences(asdict(before), asdict(after))


def test_a_plan_does_not_differ_from_itself_nor_by_the_order_of_its_items() -> None:
    assert between(PLAN, PLAN) == ()
    turned = replace(PLAN, characteristics=HOLES[::-1])
    assert turned.version != PLAN.version
    assert between(PLAN, turned) == ()


def test_a_moved_limit_is_told_with_the_characteristic_it_belongs_to() -> None:
    wider = replace(HOLES[1], limits=Limits(-0.18, 0.25))
    (told,) = between(PLAN, replace(PLAN, characteristics=(HOLES[0], wider)))
    assert told == Difference(("characteristics", "hole_2_mm", "limits", "upper"), Different.CHANGED, 0.18, 0.25)


def test_items_that_come_and_go_are_told_whole() -> None:
    third = replace(HOLES[0], name="hole_3_mm")
    added, removed = between(PLAN, replace(PLAN, characteristics=(HOLES[0], third)))
    assert (added.how, added.path) == (Different.ADDED, ("characteristics", "hole_3_mm"))
    assert (removed.how, removed.path) == (Different.REMOVED, ("characteristics", "hole_2_mm"))
    assert isinstance(added.after, dict)
    assert added.after["unit"] == "mm"


def test_thresholds_and_the_reaction_are_told_by_field() -> None:
    after = replace(PLAN, forecast=Thresholds(0.1, 0.6), reaction=ReactionPlan(decide_within_s=600))
    assert {told.path: (told.before, told.after) for told in between(PLAN, after)} == {
        ("forecast", "review"): (0.2, 0.1),
        ("reaction", "decide_within_s"): (300.0, 600),
    }


def test_lists_without_names_are_compared_whole() -> None:
    (told,) = differences({"signed": ["RELEASE"]}, {"signed": ["RELEASE", "STOP_LINE"]})
    assert (told.path, told.before, told.after) == (("signed",), ["RELEASE"], ["RELEASE", "STOP_LINE"])


def test_one_code_for_two_kinds_of_decisions_is_two_reasons() -> None:
    reasons = [{"kind": kind, "code": "OTHER", "en": "Other"} for kind in ("RELEASE", "MEASURE")]
    changed = [reasons[0], reasons[1] | {"en": "Something else"}]
    (told,) = differences({"reasons": reasons}, {"reasons": changed})
    assert told.path == ("reasons", "MEASURE OTHER", "en")
