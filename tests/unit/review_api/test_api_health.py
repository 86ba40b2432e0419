"""Health: alive, ready with reasons when not, and metrics that count."""

import httpx
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from quality.judgement import Verdict
from tests.unit.review_api.conftest import FakeClock, Store


async def test_the_station_is_alive_without_an_edge(anyone: httpx.AsyncClient) -> None:
    assert (await anyone.get("/livez")).status_code == 200


async def test_the_station_is_ready_while_the_edge_shows_the_line(
    anyone: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    never = await anyone.get("/readyz")
    assert never.status_code == 503
    assert "never shown" in never.json()["reasons"][0]
    store.show_line()
    assert (await anyone.get("/readyz")).json() == {"ready": True, "reasons": []}
    clock.advance(6)
    late = await anyone.get("/readyz")
    assert late.status_code == 503
    assert "6 s ago" in late.json()["reasons"][0]


async def _metrics(client: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    text = (await client.get("/metrics", auth=("it", "it-reports"))).text
    return {
        (sample.name, *(value for label, value in sorted(sample.labels.items()) if label != "line")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_metrics_count_what_happened(anyone: httpx.AsyncClient, store: Store) -> None:
    store.make_part(Verdict.PASS)
    store.make_part(Verdict.HOLD)
    store.show_line(latency_ms={"p50": 8.0, "p95": 10.0, "p99": 12.5})
    store.clock.advance(2)
    await anyone.get("/livez")
    metrics = await _metrics(anyone)
    assert metrics["jidoka_inspections_total", "PASS"] == 1
    assert metrics["jidoka_inspections_total", "HOLD"] == 1
    assert metrics["jidoka_cases", "OPEN"] == 1
    assert metrics["jidoka_verdict_latency_seconds", "99"] == 0.0125
    assert metrics["jidoka_line_state_age_seconds",] == 2
    assert metrics["jidoka_http_requests_total", "GET", "200"] == 1


async def test_metrics_do_without_an_edge(anyone: httpx.AsyncClient) -> None:
    assert ("jidoka_line_state_age_seconds",) not in await _metrics(anyone)


async def test_a_change_leaves_one_line_in_the_log_and_no_secret(anyone: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        await anyone.post("/api/v1/session", json={"name": "engineer", "password": "engineer"})
        await anyone.post("/api/v1/session?password=hunter2", json={"name": "engineer", "password": "hunter2"})
        await anyone.get("/api/v1/session")
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["method"], line["path"], line["status"]) for line in requests] == [
        ("POST", "/api/v1/session", 200),
        ("POST", "/api/v1/session", 401),
    ]
    assert "hunter2" not in str(lines)
