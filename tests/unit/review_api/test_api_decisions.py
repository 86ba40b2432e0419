"""Decisions: taken exactly once, or the person is told that they were not."""

from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from quality.judgement import Verdict
from tests.unit.review_api.conftest import FakeClock, Store, visitor


def _url() -> str:
    return f"/api/v1/decisions/{uuid4()}"


def _release(store: Store, version: int = 1) -> dict[str, object]:
    return {
        "kind": "RELEASE",
        "reason": "measured by hand",
        "case_id": str(store.cases[-1].id),
        "case_version": version,
    }


async def test_a_decision_is_recorded_and_waits_for_the_edge(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part(Verdict.HOLD)
    url = _url()
    answer = await engineer.put(url, json=_release(store))
    assert answer.status_code == 201
    view = answer.json()
    assert (view["kind"], view["decided_by"], view["travel"]) == ("RELEASE", "engineer", "RECORDED")
    assert str(store.edge.pending_decisions()[0].id) == view["id"]
    assert (await engineer.get(url)).json() == view


async def test_the_same_again_changes_nothing(engineer: httpx.AsyncClient, store: Store, clock: FakeClock) -> None:
    store.make_part(Verdict.HOLD)
    url = _url()
    first = await engineer.put(url, json=_release(store))
    clock.advance(30)
    again = await engineer.put(url, json=_release(store))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert len(store.edge.pending_decisions()) == 1


async def test_what_comes_after_the_person_meant_it_is_not_taken_however_often_it_comes(
    engineer: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    store.make_part(Verdict.HOLD)
    url, meant = _url(), _release(store) | {"good_until": (clock.now() + timedelta(seconds=20)).isoformat()}
    clock.advance(21)
    for _ in range(2):
        answer = await engineer.put(url, json=meant)
        assert (answer.status_code, answer.json()["code"]) == (409, "LATE")
    assert store.edge.pending_decisions() == []


async def test_what_was_taken_in_time_is_told_however_late_one_asks_again(
    engineer: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    store.make_part(Verdict.HOLD)
    url, meant = _url(), _release(store) | {"good_until": (clock.now() + timedelta(seconds=20)).isoformat()}
    assert (await engineer.put(url, json=meant)).status_code == 201
    clock.advance(21)
    assert (await engineer.put(url, json=meant)).status_code == 200
    assert len(store.edge.pending_decisions()) == 1


async def test_the_same_id_for_another_decision_is_refused(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part(Verdict.HOLD)
    url = _url()
    await engineer.put(url, json=_release(store))
    answer = await engineer.put(url, json=_release(store) | {"kind": "CONFIRM_HOLD", "disposition": "SCRAP"})
    assert (answer.status_code, answer.json()["code"]) == (409, "REUSED_ID")


async def test_an_answer_to_an_older_version_is_refused(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part(Verdict.HOLD)
    await engineer.put(_url(), json=_release(store) | {"kind": "MEASURE"})
    answer = await engineer.put(_url(), json=_release(store))
    assert (answer.status_code, answer.json()["code"]) == (409, "STALE")
    assert "decide again" in answer.json()["detail"]


async def test_a_case_is_answered_once(engineer: httpx.AsyncClient, app: FastAPI, store: Store) -> None:
    store.make_part(Verdict.HOLD)
    await engineer.put(_url(), json=_release(store))
    async with visitor(app, "supervisor") as supervisor:
        answer = await supervisor.put(_url(), json=_release(store, version=2))
    assert (answer.status_code, answer.json()["code"]) == (409, "ALREADY_ANSWERED")


@pytest.mark.parametrize(
    "missing", [{"reason": "  "}, {"kind": "CONFIRM_HOLD"}, {"kind": "RELEASE", "case_id": None}]
)
async def test_an_incomplete_decision_is_refused(
    engineer: httpx.AsyncClient, store: Store, missing: dict[str, object]
) -> None:
    store.make_part(Verdict.HOLD)
    url = _url()
    answer = await engineer.put(url, json=_release(store) | missing)
    assert (answer.status_code, answer.json()["code"]) == (422, "INCOMPLETE")
    assert (await engineer.get(url)).status_code == 404


@pytest.mark.parametrize(
    "body", [{"kind": "EXPLODE", "reason": "x"}, {"kind": "RESUME", "reason": "x", "who": "me"}]
)
async def test_what_is_no_decision_is_refused(engineer: httpx.AsyncClient, body: dict[str, object]) -> None:
    assert (await engineer.put(_url(), json=body)).json()["code"] == "VALIDATION"


def _adjust(value: float) -> dict[str, object]:
    return {"kind": "ADJUST_PARAMETER", "reason": "drift", "parameter": "offset_um", "value": value}


async def test_a_parameter_is_adjusted_from_its_value_in_force(engineer: httpx.AsyncClient, store: Store) -> None:
    store.show_line(parameters={"offset_um": 20.0})
    assert (await engineer.put(_url(), json=_adjust(120))).status_code == 201
    answer = await engineer.put(_url(), json=_adjust(121))
    assert (answer.status_code, answer.json()["code"]) == (422, "OUT_OF_LIMITS")
    assert "largest step" in answer.json()["detail"]


async def test_a_parameter_is_not_adjusted_blindly(
    engineer: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    assert "not known" in (await engineer.put(_url(), json=_adjust(20))).json()["detail"]
    store.show_line(parameters={"offset_um": 20.0}, plc={"ok": False})
    assert "not known" in (await engineer.put(_url(), json=_adjust(20))).json()["detail"]
    store.show_line(parameters={"offset_um": 20.0})
    clock.advance(11)
    assert "not known" in (await engineer.put(_url(), json=_adjust(20))).json()["detail"]


async def test_a_decision_that_was_never_taken_is_told_so(engineer: httpx.AsyncClient) -> None:
    answer = await engineer.get(_url())
    assert answer.status_code == 404
    assert "safe to send it again" in answer.json()["detail"]
