"""Listings: complete, newest first, narrowed by filters, and cheap to ask often."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from quality.evidence import Measurement
from quality.judgement import Verdict
from review_api.sessions import COOKIE
from tests.unit.review_api.conftest import BEGAN, HOLE, Store


async def _all(client: httpx.AsyncClient, url: str, limit: int) -> list[dict[str, object]]:
    items: list[dict[str, object]] = []
    cursor = None
    for _ in range(50):
        page = (await client.get(url, params={"limit": limit} | ({"cursor": cursor} if cursor else {}))).json()
        assert len(page["items"]) <= limit
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items
    raise AssertionError("the listing does not end")


async def test_pages_join_up_without_gap_or_repeat(engineer: httpx.AsyncClient, store: Store) -> None:
    for _ in range(7):
        store.make_part(Verdict.HOLD)
    inspections = await _all(engineer, "/api/v1/inspections", 3)
    assert [item["cycle_sequence"] for item in inspections] == [7, 6, 5, 4, 3, 2, 1]
    cases = await _all(engineer, "/api/v1/cases", 2)
    assert [item["case"]["serial"] for item in cases] == [item["serial"] for item in inspections]


async def test_new_parts_do_not_shift_a_cursor(engineer: httpx.AsyncClient, store: Store) -> None:
    for _ in range(4):
        store.make_part()
    first = (await engineer.get("/api/v1/inspections?limit=2")).json()
    store.make_part()
    second = (await engineer.get("/api/v1/inspections", params={"limit": 2, "cursor": first["next"]})).json()
    assert [item["cycle_sequence"] for item in second["items"]] == [2, 1]


@pytest.mark.parametrize("listing", ["cases", "decisions", "measurements"])
@pytest.mark.parametrize("forged", ["", "abc", "Mw==", "aW5zcGVjdGlvbnM6NA.x"])
async def test_a_forged_or_foreign_cursor_is_refused(
    engineer: httpx.AsyncClient, store: Store, listing: str, forged: str
) -> None:
    for _ in range(2):
        store.make_part()
    foreign = (await engineer.get("/api/v1/inspections?limit=1")).json()["next"]
    for cursor in (forged, foreign):
        answer = await engineer.get(f"/api/v1/{listing}", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "BAD_CURSOR")


async def test_inspections_are_narrowed_by_every_filter(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part(Verdict.PASS)
    store.make_part(Verdict.HOLD)
    store.make_part(Verdict.REVIEW)

    async def sequences(**asked: str) -> list[int]:
        page = (await engineer.get("/api/v1/inspections", params=asked)).json()
        return [item["cycle_sequence"] for item in page["items"]]

    assert await sequences(verdict="HOLD") == [2]
    assert await sequences(serial="B000003") == [3]
    assert await sequences(line="another") == []
    at = (BEGAN + timedelta(minutes=2)).isoformat()
    assert await sequences(since=at) == [3, 2]
    assert await sequences(until=at) == [1]


async def test_a_zone_other_than_utc_is_understood(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part()
    asked = {"since": "2026-11-24T07:01:00+01:00", "until": "2026-11-24T07:01:00.000001+01:00"}
    assert len((await engineer.get("/api/v1/inspections", params=asked)).json()["items"]) == 1


async def test_cases_are_narrowed_by_every_filter(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part(Verdict.HOLD)
    store.make_part(Verdict.REVIEW)

    async def serials(**asked: str) -> list[str]:
        page = (await engineer.get("/api/v1/cases", params=asked)).json()
        return [item["case"]["serial"] for item in page["items"]]

    assert await serials(verdict="REVIEW") == ["B000002"]
    assert await serials(state="OPEN") == ["B000002", "B000001"]
    assert await serials(state="CLOSED") == []
    assert await serials(serial="B000001") == ["B000001"]
    assert await serials(characteristic=HOLE.name) == ["B000002", "B000001"]
    assert await serials(characteristic="hole_2_x_mm") == []
    assert await serials(until=(BEGAN + timedelta(minutes=2)).isoformat()) == ["B000001"]


async def test_measurements_are_listed(engineer: httpx.AsyncClient, store: Store) -> None:
    part = store.make_part()
    store.edge.record_measurements(
        [Measurement(HOLE.name, 0.2, part.cycle.serial, 1, part.judged_at)], conforming=False
    )
    (item,) = (await engineer.get(f"/api/v1/measurements?characteristic={HOLE.name}")).json()["items"]
    assert (item["serial"], item["value"], item["conforming"]) == ("B000001", 0.2, False)


async def test_decisions_are_listed_and_narrowed(engineer: httpx.AsyncClient, store: Store) -> None:
    for _ in range(2):
        store.make_part(Verdict.HOLD)
        body = {"kind": "RELEASE", "reason": "fine", "case_id": str(store.cases[-1].id), "case_version": 1}
        assert (await engineer.put(f"/api/v1/decisions/{uuid4()}", json=body)).status_code == 201
        store.clock.advance(60)

    async def serials(**asked: str) -> list[str]:
        page = (await engineer.get("/api/v1/decisions", params=asked)).json()
        return [item["serial"] for item in page["items"]]

    assert await serials() == ["B000002", "B000001"]
    assert await serials(serial="B000001") == ["B000001"]
    assert await serials(since=(store.clock.now() - timedelta(seconds=60)).isoformat()) == ["B000002"]
    assert [item["serial"] for item in await _all(engineer, "/api/v1/decisions", 1)] == ["B000002", "B000001"]


async def test_a_page_is_new_as_soon_as_a_part_is(engineer: httpx.AsyncClient, store: Store) -> None:
    for made in range(1, 4):
        store.make_part()
        assert len((await engineer.get("/api/v1/inspections")).json()["items"]) == made


async def test_a_ready_page_is_for_who_is_still_signed_in(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part()
    first = await engineer.get("/api/v1/inspections")
    again = await engineer.get("/api/v1/inspections")
    assert again.content == first.content
    assert again.headers == first.headers
    cookie = engineer.cookies[COOKIE]
    await engineer.delete("/api/v1/session")
    for headers in ({}, {"cookie": f"{COOKIE}={cookie}"}, {"cookie": f"{COOKIE}=x"}):
        assert (await engineer.get("/api/v1/inspections", headers=headers)).status_code == 401


async def test_a_ready_page_is_not_another_querys(engineer: httpx.AsyncClient, store: Store) -> None:
    for _ in range(3):
        store.make_part()
    for limit in (1, 2, 3, 1, 2, 3):
        assert len((await engineer.get(f"/api/v1/inspections?limit={limit}")).json()["items"]) == limit


async def test_many_who_ask_at_once_get_the_same_page(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part()
    store.clock.advance(2)
    answers = await asyncio.gather(*(engineer.get("/api/v1/inspections") for _ in range(20)))
    assert {answer.content for answer in answers} == {answers[0].content}
    assert {answer.status_code for answer in answers} == {200}


async def test_inspections_as_bytes_are_what_the_description_says(
    engineer: httpx.AsyncClient, store: Store
) -> None:
    store.make_part(Verdict.HOLD, with_evidence=True)
    (item,) = (await engineer.get("/api/v1/inspections")).json()["items"]
    described = (await engineer.get("/api/v1/openapi.json")).json()["components"]["schemas"]["InspectionRow"]
    assert item.keys() == described["properties"].keys()
    one = (await engineer.get(f"/api/v1/inspections/{item['id']}")).json()
    assert one["row"] == item


async def test_single_things_and_what_is_not_there(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part(Verdict.HOLD, with_evidence=True)
    case = (await engineer.get(f"/api/v1/cases/{store.cases[0].id}")).json()
    assert case["inspection"]["readings"] == {"spindle_a_power_kw": 11.5}
    assert (await engineer.get(f"/api/v1/cases/{'0' * 8}-0000-4000-8000-{'0' * 12}")).status_code == 404
    assert (await engineer.get("/api/v1/inspections/999")).status_code == 404
    assert (await engineer.get(f"/api/v1/inspections/{10**30}")).status_code == 422
    assert [p["serial"] for p in (await engineer.get("/api/v1/parts?serial=0001")).json()] == ["B000001"]


async def test_a_characteristics_history_comes_with_its_limits(engineer: httpx.AsyncClient, store: Store) -> None:
    for _ in range(3):
        store.make_part(with_evidence=True)
    history = (await engineer.get(f"/api/v1/history/{HOLE.name}?count=2")).json()
    assert (history["lower"], history["upper"], history["title"]) == (-0.18, 0.18, "hole 1 x")
    assert [point["cycle_sequence"] for point in history["points"]] == [2, 3]
    assert history["points"][0]["mean"] == pytest.approx(0.17)
    assert (await engineer.get("/api/v1/history/nothing_mm")).status_code == 404


async def test_the_line_and_its_alarms(engineer: httpx.AsyncClient, store: Store) -> None:
    assert (await engineer.get("/api/v1/line")).json()["age_s"] is None
    store.show_line(gate_closed=True)
    store.make_part()
    store.clock.advance(3)
    line = (await engineer.get("/api/v1/line")).json()
    assert (line["state"]["gate_closed"], line["age_s"], len(line["recent"])) == (True, 3.0, 1)
    assert (await engineer.get("/api/v1/alarms")).json() == []
