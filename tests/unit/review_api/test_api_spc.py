"""The study of one characteristic: which parts, against which limits, and what is marked on the chart."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import httpx
import numpy as np
import pytest
from fastapi import FastAPI

from quality.case import Decision, DecisionKind
from quality.characteristic import Limits
from quality.evidence import Measurement, Reading
from quality.inspection import Cycle, Evidence, Inspection
from quality.judgement import Verdict
from quality.order import OrderCode, OrderResult, OrderState
from quality.plan import ControlPlan, Role, ToolLife
from quality.run_rules import RuleSet
from records.trace_views import Span
from review_api.app import create_app
from review_api.settings import ReviewSettings
from review_api.study import MarkKind, Question, study
from tests.unit.review_api.conftest import BEGAN, CHEAP, HOLE, LINE, PLAN, STATION, FakeClock, Store, visitor

TOOLED = replace(PLAN, tools=(ToolLife("tool_life_parts", "tool of spindle A", 150, (HOLE.name,)),))
STEADY = np.random.default_rng(5).normal(0.02, 0.03, 60).tolist()


def make(store: Store, values: Sequence[float | None], boot: int = 1, **readings: Sequence[float]) -> list[int]:
    """One part a minute; what is None is not measured. The numbers of the inspections."""
    numbers = []
    for i, value in enumerate(values):
        store.made += 1
        at = BEGAN + timedelta(minutes=store.made)
        serial = f"B{store.made:06d}"
        cycle = Cycle(LINE, STATION, boot, store.made, serial, at)
        evidence = Evidence(readings=tuple(Reading(name, each[i], "", at) for name, each in readings.items()))
        store.edge.record(Inspection(cycle, evidence, (), Verdict.PASS, at, PLAN.version, ()), None, ())
        if value is not None:
            measured = Measurement(HOLE.name, value, cycle.serial, cycle.sequence, at)
            store.edge.record_measurements([measured], conforming=HOLE.limits.contain(value))
        numbers.append(store.made)
    return numbers


def ask(store: Store, plan: ControlPlan = TOOLED, **asked: object):
    values = {"characteristic": HOLE, "size": 1, "rules": RuleSet.WESTERN_ELECTRIC, "count": 100, **asked}
    return study(store.review, LINE, plan, Question(**values))


async def test_a_study_tells_points_limits_signals_and_capability(
    engineer: httpx.AsyncClient, store: Store
) -> None:
    make(store, [*STEADY[:30], 0.4])

    told = (await engineer.get(f"/api/v1/spc/{HOLE.name}")).json()

    assert (told["chart"], told["size"], len(told["points"])) == ("individuals", 1, 31)
    assert told["points"][0]["spread"] is None
    assert told["points"][30]["parts"][0] | {"at": ""} == {
        "inspection": 31,
        "serial": "B000031",
        "at": "",
        "value": 0.4,
    }
    assert told["location"]["lower"] < told["location"]["centre"] < told["location"]["upper"] < 0.4
    assert {"rule": "WESTERN_ELECTRIC_1", "points": [30]} in told["signals"]
    assert (
        told["capability"]["cpk"]["low"] < told["capability"]["cpk"]["value"] < told["capability"]["cpk"]["high"]
    )
    assert told["capability"]["outside"] == 1
    assert (told["lower"], told["upper"], told["at_risk"]) == (-0.18, 0.18, False)


async def test_subgroups_are_of_parts_in_a_row_and_wait_until_they_are_full(
    engineer: httpx.AsyncClient, store: Store
) -> None:
    make(store, STEADY[:23])

    told = (await engineer.get(f"/api/v1/spc/{HOLE.name}?chart=xbar_r&size=4")).json()

    assert (len(told["points"]), told["waiting"], told["baseline"]["points"]) == (5, 3, 5)
    first = told["points"][0]
    assert [part["inspection"] for part in first["parts"]] == [1, 2, 3, 4]
    assert first["value"] == pytest.approx(np.mean(STEADY[:4]))
    assert first["spread"] == pytest.approx(max(STEADY[:4]) - min(STEADY[:4]))


def test_a_group_keeps_its_parts_however_many_are_shown(store: Store) -> None:
    make(store, STEADY[:33])
    groups = {tuple(part.inspection_id for part in point) for point in ask(store, size=5).points}

    shown = {tuple(part.inspection_id for part in point) for point in ask(store, size=5, count=17).points}

    assert shown <= groups
    assert len(shown) == 2


def test_limits_come_from_the_baseline_that_was_chosen(store: Store) -> None:
    numbers = make(store, [*STEADY[:30], *(value + 0.5 for value in STEADY[30:])])
    chosen = Span(numbers[0], numbers[29])

    own, of_before = ask(store), ask(store, span=chosen)

    assert of_before.baseline is not None
    assert of_before.baseline.centre == pytest.approx(np.mean(STEADY[:30]))
    assert own.baseline is not None
    assert own.baseline.centre > 0.2
    shifted = {point for signal in of_before.signals for point in signal.points}
    assert set(range(30, 60)) <= shifted
    # A baseline stays what it was when it is no longer shown.
    assert ask(store, span=chosen, count=20).baseline == of_before.baseline


def test_a_baseline_without_parts_gives_no_limits(store: Store) -> None:
    make(store, STEADY)

    answer = ask(store, span=Span(900, 950))

    assert (answer.baseline, answer.chart, answer.signals) == (None, None, ())
    assert answer.capability is not None


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_parts_make_no_chart(store: Store, count: int) -> None:
    make(store, STEADY[:count])

    answer = ask(store)

    assert (len(answer.points), answer.chart, answer.capability) == (count, None, None)


def test_adjustments_tool_changes_and_restarts_are_marked_where_they_happened(store: Store) -> None:
    make(store, STEADY[:4], tool_life_parts=[148, 149, 1, 2], offset_um=[0, 0, 0, -90])
    make(store, STEADY[4:6], boot=2, tool_life_parts=[3, 4], offset_um=[-90, -90])

    marks = ask(store).marks

    assert [(mark.kind, mark.at) for mark in marks] == [
        (MarkKind.TOOL_CHANGED, 1.5),
        (MarkKind.ADJUSTED, 2.5),
        (MarkKind.RESTARTED, 3.5),
    ]
    assert (marks[1].subject, marks[1].before, marks[1].after) == ("offset_um", 0, -90)
    assert [mark.at for mark in ask(store, size=2).marks] == [0.5, 1.0, 1.5]


def test_what_does_not_move_the_characteristic_is_not_marked(store: Store) -> None:
    make(store, STEADY[:3], another_um=[0, 5, 5], tool_life_parts=[9, 1, 2])

    assert ask(store, plan=PLAN).marks == ()


def test_a_stop_of_the_line_is_marked_with_its_reason(store: Store) -> None:
    make(store, STEADY[:4])
    at = BEGAN + timedelta(minutes=2, seconds=30)
    stop = Decision(uuid4(), DecisionKind.STOP_LINE, LINE, "mia", Role.ENGINEER, at, "tool damaged")
    store.review.decide(stop, PLAN, None)
    assert ask(store).marks == ()

    order = store.edge.record_order(stop, OrderCode.STOP_LINE, 0, 0)
    store.edge.settle_order(order.sequence, OrderState.DONE, OrderResult.DONE, "")

    assert [(mark.kind, mark.at, mark.subject) for mark in ask(store).marks] == [
        (MarkKind.STOPPED, 1.5, "tool damaged")
    ]


def test_only_measured_parts_are_points(store: Store) -> None:
    make(store, [0.01, None, 0.02, None, 0.03])

    assert [point[0].inspection_id for point in ask(store).points] == [1, 3, 5]


@pytest.mark.parametrize(
    "query",
    ["chart=pie", "size=1", "size=11", "count=1", "count=3000", "baseline=5", "baseline=a-b", "colour=red"],
)
async def test_what_cannot_be_asked_is_refused(engineer: httpx.AsyncClient, query: str) -> None:
    assert (await engineer.get(f"/api/v1/spc/{HOLE.name}?{query}")).status_code == 422


async def test_an_unknown_characteristic_is_not_found(engineer: httpx.AsyncClient) -> None:
    answer = await engineer.get("/api/v1/spc/nothing")

    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_one_limit_is_told_as_one(settings: ReviewSettings, store: Store, clock: FakeClock) -> None:
    one_sided = replace(HOLE, limits=Limits(-np.inf, 0.18))
    plan = replace(PLAN, characteristics=(one_sided,), measure_share=0.2)
    app: FastAPI = create_app(replace(settings, plan=plan), store.review, clock, CHEAP)
    make(store, STEADY)

    async with visitor(app, "engineer") as client:
        told = (await client.get(f"/api/v1/spc/{HOLE.name}")).json()

    assert (told["lower"], told["upper"], told["at_risk"]) == (None, 0.18, True)
    assert told["capability"]["cp"] is None
    assert told["capability"]["cpk"] is not None
