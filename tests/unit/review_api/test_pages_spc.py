"""The SPC page: what it says of a study, and that it stands without a script."""

import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import httpx
import pytest

from quality.run_rules import Rule, RuleSet
from records.trace_views import Span
from review_api.language import Languages
from review_api.pages import spc_view
from review_api.study import Mark, MarkKind
from tests.unit.review_api.conftest import HOLE, Store
from tests.unit.review_api.test_api_spc import STEADY, TOOLED, ask, make

ENGLISH = Languages(ZoneInfo("UTC")).default


def says(store: Store, *, at_risk: bool = False, **asked: object) -> tuple[str, list[str]]:
    answer = ask(store, **asked)
    return spc_view.headline(ENGLISH, answer), list(spc_view.meaning(ENGLISH, answer, at_risk=at_risk))


def test_every_rule_has_a_name_and_every_set_a_title() -> None:
    assert set(spc_view.RULES) == set(Rule)
    assert set(spc_view.RULE_SETS) == set(RuleSet)
    assert len({short for short, _ in spc_view.RULES.values()}) == len(Rule)


def test_a_steady_process_is_in_control_and_what_its_interval_leaves_open_is_said(store: Store) -> None:
    make(store, STEADY)

    headline, meaning = says(store)

    assert headline == "In control: no rule is broken."
    assert re.match(r"Capable: Cpk is 1\.\d\d, at least 1\.\d\d, above the 1\.33", meaning[0])
    assert len(meaning) == 1


@pytest.mark.parametrize(
    ("stretched", "begins"), [(1.0, "Capable: "), (1.35, "Capable or not is open: "), (2.5, "Not capable: ")]
)
def test_the_interval_and_not_the_index_alone_decides(store: Store, stretched: float, begins: str) -> None:
    middle = sum(STEADY) / len(STEADY)
    make(store, [(value - middle) * stretched for value in STEADY])

    _, meaning = says(store)

    assert any(sentence.startswith(begins) for sentence in meaning), meaning


def test_signals_come_before_capability_which_is_then_that_of_the_past(store: Store) -> None:
    make(store, [*STEADY[:40], *(value + 0.12 for value in STEADY[40:])])

    headline, meaning = says(store)

    assert re.match(r"Not in control: \d+ signals\.", headline)
    assert meaning[0].startswith("Something beside chance moves it")
    assert "Ppk is" in meaning[1]


def test_what_was_measured_outside_is_counted_and_a_wrong_shape_said(store: Store) -> None:
    make(store, [*STEADY, 0.9, 1.1])

    _, meaning = says(store)

    assert any(sentence.startswith("2 of 62 parts were measured outside") for sentence in meaning)
    assert any("not normally distributed" in sentence for sentence in meaning)


def test_too_few_parts_are_said_in_words(store: Store) -> None:
    make(store, STEADY[:1])
    assert says(store)[0] == "Too few parts: 1 measured, a chart needs 2."

    make(store, STEADY[1:6])
    _, meaning = says(store)
    assert meaning == [
        "Too few parts, no variation or no limits: there are no capability indices.",
        "The control limits come from 6 points only and will still move; 20 make them steady.",
    ]


def test_a_gauge_that_resolves_nothing_is_said(store: Store) -> None:
    make(store, [0.05] * 30)

    assert says(store)[0].startswith("All values are the same")


def test_a_baseline_without_parts_is_said(store: Store) -> None:
    make(store, STEADY)

    assert says(store, span=Span(900, 950))[0].startswith("Too few parts were measured in the baseline")


def test_sampling_by_risk_is_said(store: Store) -> None:
    make(store, STEADY)

    assert says(store, at_risk=True)[1][-1].startswith("Parts are measured where the risk is, not at random")


def test_what_happened_is_said_with_its_names() -> None:
    marks = [
        Mark(1.5, MarkKind.TOOL_CHANGED, "tool_life_parts", 149, 1),
        Mark(2.5, MarkKind.ADJUSTED, "offset_um", 0.0, -90.0),
        Mark(3.5, MarkKind.RESTARTED),
        Mark(4.0, MarkKind.STOPPED, "tool damaged"),
    ]

    assert [spc_view.mark_words(ENGLISH, mark, TOOLED) for mark in marks] == [
        "tool of spindle A changed",
        "spindle A x offset from 0 to −90 µm",
        "PLC restarted",
        "line stopped: tool damaged",
    ]


def test_limits_can_be_taken_from_parts_that_stay_the_same(store: Store) -> None:
    make(store, STEADY[:40], offset_um=[0.0] * 20 + [50.0] * 20)

    choices = spc_view.baseline_choices(ENGLISH, ask(store), "3-9", TOOLED)

    assert [(choice.value, choice.words) for choice in choices] == [
        ("", "the parts shown"),
        ("1-40", "keep those of the parts shown"),
        ("1-20", "the oldest 20 parts"),
        ("21-40", "since: spindle A x offset from 0 to +50 µm"),
        ("3-9", "kept: from 40 points"),
    ]


def numbers(path: str) -> Sequence[float]:
    return [float(number) for number in re.findall(r"-?\d+\.?\d*", path)]


@pytest.mark.parametrize("size", [1, 5])
async def test_the_page_stands_without_a_script(engineer: httpx.AsyncClient, store: Store, size: int) -> None:
    make(store, [*STEADY[:30], 0.4, 0.41])

    page = (await engineer.get(f"/spc?characteristic={HOLE.name}&size={size}")).text

    assert "<h1" in page
    assert page.count("<polyline") == 3  # two tracks and the normal curve
    path = re.search(r'<polyline points="([^"]*)"', page)
    assert path is not None
    assert len(numbers(path[1])) == 2 * (32 // size)
    assert "/passages/" in page
    assert "Histogram of" in page
    assert "script-src" not in page


async def test_a_characteristic_that_is_not_in_the_plan_is_missing(engineer: httpx.AsyncClient) -> None:
    assert (await engineer.get("/spc?characteristic=nothing")).status_code == 404
    assert (await engineer.get("/spc?baseline=x")).status_code == 422


async def test_an_empty_store_says_so(engineer: httpx.AsyncClient) -> None:
    page = await engineer.get("/spc")

    assert page.status_code == 200
    assert "Too few parts: 0 measured" in page.text
