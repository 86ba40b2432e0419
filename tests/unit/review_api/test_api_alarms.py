"""Alarms over the API: who may acknowledge, who may shelve, and what everybody is then shown."""

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from quality.alarm import Alarm, Priority
from tests.unit.review_api.conftest import Store, visitor


def raise_alarm(store: Store, source: str = "face", *, latched: bool = False) -> None:
    store.edge.raise_alarm(Alarm(source, "camera", Priority.HIGH, "No picture comes.", store.clock.now(), latched))


async def listed(client: httpx.AsyncClient) -> list[dict[str, object]]:
    answer = await client.get("/api/v1/alarms/listed")
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, object]] = answer.json()
    return rows


@pytest.mark.parametrize("name", ["operator", "engineer", "supervisor"])
async def test_who_stands_at_the_line_acknowledges(app: FastAPI, store: Store, name: str) -> None:
    raise_alarm(store)
    async with visitor(app, name) as client:
        for _ in range(2):
            assert (await client.post("/api/v1/alarms/1/acknowledge")).status_code == 204
        (row,) = await listed(client)
    assert row["state"] == "ACKNOWLEDGED"
    assert row["alarm"]["acknowledged_by"] == name  # type: ignore[index] - it is a JSON object


async def test_plant_it_looks_and_does_not_acknowledge(app: FastAPI, store: Store) -> None:
    raise_alarm(store)
    async with visitor(app, "it", "it-reports") as client:
        assert (await client.post("/api/v1/alarms/1/acknowledge")).status_code == 403
        assert [row["state"] for row in await listed(client)] == ["UNACKNOWLEDGED"]


async def test_an_operator_does_not_shelve(app: FastAPI, store: Store) -> None:
    raise_alarm(store)
    async with visitor(app, "operator") as client:
        for path, body in (("shelve", {"minutes": 5, "reason": "cable"}), ("unshelve", None)):
            assert (await client.post(f"/api/v1/alarms/1/{path}", json=body)).status_code == 403


async def test_a_shelved_alarm_comes_back_when_its_time_is_over(engineer: httpx.AsyncClient, store: Store) -> None:
    raise_alarm(store)
    answer = await engineer.post("/api/v1/alarms/1/shelve", json={"minutes": 10, "reason": " cable\nordered "})
    assert answer.status_code == 204
    (row,) = await listed(engineer)
    assert row["state"] == "SHELVED"
    assert row["shelf"]["reason"] == "cable ordered"  # type: ignore[index] - it is a JSON object
    store.clock.advance(timedelta(minutes=10).total_seconds())
    assert [row["state"] for row in await listed(engineer)] == ["UNACKNOWLEDGED"]


async def test_a_shelved_alarm_is_taken_down_by_hand(engineer: httpx.AsyncClient, store: Store) -> None:
    raise_alarm(store)
    await engineer.post("/api/v1/alarms/1/shelve", json={"minutes": 30, "reason": "cable ordered"})
    assert (await engineer.post("/api/v1/alarms/1/unshelve")).status_code == 204
    assert [row["state"] for row in await listed(engineer)] == ["UNACKNOWLEDGED"]


@pytest.mark.parametrize(
    "body",
    [
        {"minutes": 481, "reason": "cable"},
        {"minutes": 0, "reason": "cable"},
        {"minutes": 5, "reason": "  "},
        {"minutes": 5, "reason": "a\x00b"},
        {"minutes": 5},
    ],
)
async def test_a_shelf_needs_a_reason_and_ends_within_a_shift(
    engineer: httpx.AsyncClient, store: Store, body: dict[str, object]
) -> None:
    raise_alarm(store)
    assert (await engineer.post("/api/v1/alarms/1/shelve", json=body)).status_code == 422
    assert [row["state"] for row in await listed(engineer)] == ["UNACKNOWLEDGED"]


async def test_an_alarm_that_is_not_there_is_said_so(engineer: httpx.AsyncClient) -> None:
    answer = await engineer.post("/api/v1/alarms/7/acknowledge")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_history_comes_in_pages_and_the_rate_in_ten_minutes(
    engineer: httpx.AsyncClient, store: Store
) -> None:
    for source in ("a", "b", "c"):
        raise_alarm(store, source)
        store.clock.advance(250)
    first = (await engineer.get("/api/v1/alarms/history", params={"limit": 2})).json()
    assert [row["source"] for row in first["items"]] == ["c", "b"]
    rest = (await engineer.get("/api/v1/alarms/history", params={"limit": 2, "cursor": first["next"]})).json()
    assert ([row["source"] for row in rest["items"]], rest["next"]) == (["a"], None)
    rate = (await engineer.get("/api/v1/alarms/rate", params={"hours": 1})).json()
    assert (rate["counts"], rate["target"], rate["flood"]) == ([0, 0, 0, 0, 1, 2], 1, 10)
