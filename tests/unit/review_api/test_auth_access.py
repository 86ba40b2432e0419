"""How one gets in: sessions, HTTP Basic, this machine. Who may use which route is in test_auth_matrix.py."""

import httpx
import pytest
from fastapi import FastAPI

from tests.unit.review_api.conftest import FakeClock, visitor


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/inspections",
        "/api/v1/cases",
        "/api/v1/decisions",
        "/api/v1/measurements",
        "/api/v1/line",
        "/api/v1/reports/defects",
        "/api/v1/events",
        "/api/v1/openapi.json",
        "/metrics",
        "/pictures/live/face",
        "/pictures/" + "0" * 64,
    ],
)
async def test_a_stranger_reads_nothing(anyone: httpx.AsyncClient, path: str) -> None:
    answer = await anyone.get(path)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("name", "password"), [("operator", "operator"), ("it", "it-reports")])
async def test_only_engineers_and_supervisors_decide(app: FastAPI, name: str, password: str) -> None:
    async with visitor(app, name, password) as client:
        answer = await client.put(
            "/api/v1/decisions/6f1c1f0e-4a38-4b8a-9d57-0d5b1f3b7a11", json={"kind": "STOP_LINE", "reason": "smoke"}
        )
    assert answer.status_code == 403
    assert answer.json()["code"] == "NOT_ALLOWED"


async def test_plant_it_reads_with_basic_credentials(anyone: httpx.AsyncClient) -> None:
    answer = await anyone.get("/api/v1/inspections", auth=("it", "it-reports"))
    assert answer.status_code == 200


async def test_basic_credentials_are_for_plant_it_only(anyone: httpx.AsyncClient) -> None:
    answer = await anyone.get("/api/v1/inspections", auth=("engineer", "engineer"))
    assert answer.status_code == 403


async def test_basic_credentials_change_nothing(anyone: httpx.AsyncClient) -> None:
    answer = await anyone.delete("/api/v1/session", auth=("it", "it-reports"))
    assert answer.status_code == 401


async def test_wrong_basic_credentials_are_challenged_and_made_to_wait(
    anyone: httpx.AsyncClient, clock: FakeClock
) -> None:
    for _ in range(5):
        answer = await anyone.get("/api/v1/inspections", auth=("it", "wrong"))
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic")
    assert (await anyone.get("/api/v1/inspections", auth=("it", "it-reports"))).status_code == 429
    clock.advance(2)
    assert (await anyone.get("/api/v1/inspections", auth=("it", "it-reports"))).status_code == 200


@pytest.mark.parametrize("credentials", ["Bearer abc", "Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Basic /w=="])
async def test_other_authorization_is_refused(anyone: httpx.AsyncClient, credentials: str) -> None:
    answer = await anyone.get("/api/v1/inspections", headers={"Authorization": credentials})
    assert answer.status_code == 401


async def test_metrics_are_for_plant_it(engineer: httpx.AsyncClient, anyone: httpx.AsyncClient) -> None:
    assert (await engineer.get("/metrics")).status_code == 403
    assert (await anyone.get("/metrics", auth=("it", "it-reports"))).status_code == 200


async def test_metrics_are_for_this_machine_but_not_for_who_comes_through_its_proxy(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 40000))
    async with httpx.AsyncClient(transport=transport, base_url="http://station") as client:
        assert (await client.get("/metrics")).status_code == 200
        assert (await client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"})).status_code == 401
