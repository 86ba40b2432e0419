"""Every error is a problem (RFC 9457), and every answer carries the security headers."""

import httpx
import orjson
import pytest
from fastapi import FastAPI

from quality.case import RefusalCode
from review_api.headers import CONTENT_SECURITY_POLICY
from review_api.problems import REFUSAL_STATUS
from tests.unit.review_api.conftest import visitor


def _is_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.headers["content-type"] == "application/problem+json"
    problem = orjson.loads(answer.content)
    assert {"type", "title", "status", "detail", "instance", "code"} <= problem.keys()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == f"urn:jidoka:problem:{code.lower().replace('_', '-')}"


async def test_what_is_not_there(engineer: httpx.AsyncClient) -> None:
    _is_problem(await engineer.get("/api/v1/nothing"), 404, "NOT_FOUND")
    _is_problem(await engineer.patch("/api/v1/session"), 405, "METHOD_NOT_ALLOWED")


async def test_what_does_not_make_sense_is_named(engineer: httpx.AsyncClient) -> None:
    answer = await engineer.get("/api/v1/inspections?limit=501&since=2026-11-24T08:00:00&colour=red")
    _is_problem(answer, 422, "VALIDATION")
    assert {e["where"] for e in answer.json()["errors"]} == {"query.limit", "query.since", "query.colour"}


async def test_a_refused_sign_in_does_not_repeat_the_password(anyone: httpx.AsyncClient) -> None:
    answer = await anyone.post("/api/v1/session", json={"name": 7, "password": "hunter2"})
    _is_problem(answer, 422, "VALIDATION")
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_large_body_is_not_read(anyone: httpx.AsyncClient, *, chunked: bool) -> None:
    async def pieces() -> object:
        for _ in range(70):
            yield b"x" * 1024

    content = pieces() if chunked else b"x" * 70 * 1024
    answer = await anyone.post("/api/v1/session", content=content, headers={"content-type": "application/json"})
    _is_problem(answer, 413, "TOO_LARGE")


async def test_an_unexpected_failure_is_a_problem_too(app: FastAPI) -> None:
    @app.get("/broken")
    def broken() -> None:
        raise ZeroDivisionError("a secret detail")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://station") as client:
        answer = await client.get("/broken")
    _is_problem(answer, 500, "FAILED")
    assert "secret detail" not in answer.text
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_every_refusal_has_a_status() -> None:
    assert REFUSAL_STATUS.keys() == set(RefusalCode)


@pytest.mark.parametrize("path", ["/livez", "/api/v1/line", "/nowhere"])
async def test_security_headers_are_on_every_answer(anyone: httpx.AsyncClient, path: str) -> None:
    headers = (await anyone.get(path)).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["cache-control"] == "no-store"


async def test_the_api_describes_itself(app: FastAPI) -> None:
    async with visitor(app, "it", "it-reports") as client:
        description = (await client.get("/api/v1/openapi.json")).json()
    put = description["paths"]["/api/v1/decisions/{decision_id}"]["put"]
    assert {"200", "201", "401", "403", "409", "422"} <= put["responses"].keys()
    assert "application/problem+json" in put["responses"]["409"]["content"]
    assert description["components"]["securitySchemes"].keys() == {"session", "basic", "token"}
