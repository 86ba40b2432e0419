"""The order of the queue, and what has changed since somebody looked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
from fastapi import FastAPI

from quality.case import Case, CaseKind
from quality.characteristic import Characteristic, Limits, LineId, PartSerial, StationId
from quality.judgement import Judgement, Verdict
from quality.plan import ControlPlan, ReactionPlan, Role, Thresholds
from records.views import CaseRow
from review_api.pages.queue import costs, in_order
from tests.unit.review_api.conftest import FakeClock, Store, visitor

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
PLAIN = Characteristic("hole_1_x_mm", "mm", Limits(-0.2, 0.2), 0.0)
CRITICAL = Characteristic("hole_2_x_mm", "mm", Limits(-0.2, 0.2), 0.0, critical=True)
PLAN = ControlPlan("beam", (PLAIN, CRITICAL), Thresholds(0.2, 0.6), Thresholds(0.3, 0.7), 5, ReactionPlan())


def row(number: int, subject: str, probability: float, *, opened: timedelta, due: timedelta) -> CaseRow:
    case = Case(
        UUID(int=number),
        CaseKind.SUSPECT_PART,
        LineId("l"),
        StationId("s"),
        1,
        number,
        PartSerial(f"B{number}"),
        AT + opened,
        AT + due,
        Role.ENGINEER,
    )
    judgement = Judgement(subject, probability, Verdict.HOLD, marginal=False)
    return CaseRow(case, number, Verdict.HOLD, (judgement,))


def test_the_minute_comes_first_and_within_it_the_cost() -> None:
    later = row(1, PLAIN.name, 1.0, opened=timedelta(), due=timedelta(minutes=6))
    unlikely = row(2, CRITICAL.name, 0.3, opened=timedelta(), due=timedelta(minutes=5, seconds=1))
    likely = row(3, PLAIN.name, 0.8, opened=timedelta(), due=timedelta(minutes=5, seconds=50))
    rows = (later, unlikely, likely)
    cost = costs(rows, rows, PLAN)
    # 0.3 of a critical characteristic weighs 0.9, and so more than 0.8 of another.
    assert in_order(rows, cost) == [unlikely, likely, later]


def test_what_comes_again_within_an_hour_costs_more() -> None:
    first = row(1, PLAIN.name, 0.5, opened=timedelta(), due=timedelta(minutes=5))
    again = row(2, PLAIN.name, 0.5, opened=timedelta(minutes=30), due=timedelta(minutes=35))
    other = row(3, CRITICAL.name, 0.5, opened=timedelta(minutes=31), due=timedelta(minutes=36))
    old = replace(first, case=replace(first.case, id=UUID(int=9), opened_at=AT - timedelta(hours=2)))
    cost = costs((first, again, other), (first, again, other, old), PLAN)
    assert [cost[each.case.id].repeats for each in (first, again, other)] == [0, 1, 0]
    assert cost[again.case.id].weight == 2 * cost[first.case.id].weight


async def test_a_case_that_came_since_the_last_look_is_new_once(
    app: FastAPI, store: Store, clock: FakeClock
) -> None:
    store.make_part(Verdict.HOLD)
    async with visitor(app, "engineer") as engineer:
        assert "new case" not in (await engineer.get("/cases")).text
        store.made = 124
        store.make_part(Verdict.HOLD)
        clock.advance(10 * 60)
        seen = await engineer.get("/cases")
        assert "1 new case" in seen.text
        assert seen.text.count('class="news"') == 1
        assert "nothing new" in (await engineer.get("/cases")).text


async def test_a_refresh_by_script_is_no_new_look(app: FastAPI, clock: FakeClock) -> None:
    async with visitor(app, "engineer") as engineer:
        await engineer.get("/cases")
        looked = dict(engineer.cookies)
        clock.advance(60)
        await engineer.get("/cases", headers={"HX-Request": "true"})
        assert {name: engineer.cookies[name] for name in looked} == looked


async def test_what_somebody_is_on_is_theirs_alone(
    app: FastAPI, store: Store, engineer: httpx.AsyncClient
) -> None:
    store.make_part(Verdict.HOLD)
    case = store.cases[0].id
    assert "None of these." in (await engineer.get("/cases?show_only=mine")).text
    taken = await engineer.post(f"/cases/{case}/take")
    assert (taken.status_code, taken.headers["location"]) == (303, f"/cases/{case}")
    assert str(case) in (await engineer.get("/cases?show_only=mine")).text
    async with visitor(app, "supervisor") as supervisor:
        assert "None of these." in (await supervisor.get("/cases?show_only=mine")).text
        assert "is on it since" in (await supervisor.get(f"/cases/{case}")).text
    await engineer.post(f"/cases/{case}/leave")
    assert "None of these." in (await engineer.get("/cases?show_only=mine")).text
