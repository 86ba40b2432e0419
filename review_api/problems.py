"""What is answered when a request cannot be served: RFC 9457 problem details, everywhere."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from quality.case import Refusal, RefusalCode, Taken
from quality.ports import StoreError
from quality.saying import Saying, saying, told
from records.access import AccessRefused
from review_api.headers import SECURITY_HEADERS
from review_api.language import Languages

PROBLEM_JSON = "application/problem+json"
NOT_SIGNED_IN = "NOT_SIGNED_IN"
MUST_CHANGE = "MUST_CHANGE"
STORE = "STORE"
REFUSAL_STATUS: Mapping[RefusalCode, int] = {
    RefusalCode.STALE: 409,
    RefusalCode.REUSED_ID: 409,
    RefusalCode.ALREADY_ANSWERED: 409,
    RefusalCode.PROPOSED: 409,
    RefusalCode.NOT_ALLOWED: 403,
    RefusalCode.SIGNATURE: 403,
    RefusalCode.INCOMPLETE: 422,
    RefusalCode.OUT_OF_LIMITS: 422,
}
HTTP_CODES = {400: "BAD_REQUEST", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "TOO_LARGE"}


class ProblemDetails(BaseModel):
    """A problem as the API answers it (RFC 9457)."""

    type: str = Field(description="urn:jidoka:problem: and the code in small letters")
    title: str
    status: int
    detail: str = Field(description="What is wrong and the mend, in words")
    instance: str = Field(description="The path asked for")
    code: str
    errors: list[dict[str, Any]] | None = Field(None, description="For VALIDATION: where, and what is wrong there")
    first: dict[str, Any] | None = Field(
        None, description="The decision that was there before: what, by whom, when, and what a second person said"
    )


class Problem(Exception):  # noqa: N818 - the RFC's own word
    """A request that cannot be served: `code` for programs, and what is said to the person, with the mend."""

    def __init__(self, status: int, code: str, said: Saying, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(str(said))
        self.status = status
        self.code = code
        self.said = said
        self.headers = dict(headers or {})

    @property
    def detail(self) -> str:
        """What is said, in English."""
        return str(self.said)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for OpenAPI: these statuses answer with a problem."""
    schema = {"schema": ProblemDetails.model_json_schema()}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {PROBLEM_JSON: schema}}
        for status in statuses
    }


def problem_response(
    path: str,
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, Any]] | None = None,
    first: Taken | None = None,
) -> Response:
    """The problem as a response to a request for `path`."""
    content: dict[str, Any] = {
        "type": f"urn:jidoka:problem:{code.lower().replace('_', '-')}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": path,
        "code": code,
    }
    if errors is not None:
        content["errors"] = errors
    if first is not None:
        content["first"] = _as_told(first)
    return Response(orjson.dumps(content), status_code=status, headers=headers, media_type=PROBLEM_JSON)


def _as_told(first: Taken) -> dict[str, Any]:
    decision, said = first.decision, first.second
    return {
        "id": decision.id,
        "kind": decision.kind,
        "by": decision.decided_by,
        "at": decision.decided_at,
        "disposition": decision.disposition,
        "parameter": decision.parameter,
        "value": decision.value,
        "waits_for_second": first.waits,
        "second": None if said is None else {"by": said.by, "at": said.at, "agrees": said.agrees},
    }


def answer_with_problems(app: FastAPI, languages: Languages) -> None:
    """Makes every error of the app a problem; a person's browser without a session is shown the sign-in page."""

    def say(request: Request, said: str) -> str:
        return languages.of(request).say(said)

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        return _elsewhere(request, error.code) or problem_response(
            request.url.path, error.status, error.code, say(request, error.said), headers=error.headers
        )

    @app.exception_handler(Refusal)
    async def refusal(request: Request, error: Refusal) -> Response:
        return problem_response(
            request.url.path,
            REFUSAL_STATUS[error.code],
            error.code.value,
            say(request, error.said),
            first=error.first,
        )

    @app.exception_handler(AccessRefused)
    async def access_refused(request: Request, error: AccessRefused) -> Response:
        return problem_response(request.url.path, 409, error.code, say(request, error.said))

    @app.exception_handler(StoreError)
    async def store_error(request: Request, error: StoreError) -> Response:
        detail = say(request, saying("{trouble} Nothing was recorded: ask again then.", trouble=told(error)))
        return problem_response(request.url.path, 503, STORE, detail, headers={"Retry-After": "2"})

    @app.exception_handler(RequestValidationError)
    async def validation(request: Request, error: RequestValidationError) -> Response:
        errors = [{"where": ".".join(str(part) for part in e["loc"]), "problem": e["msg"]} for e in error.errors()]
        detail = "; ".join(f"{e['where']}: {e['problem']}" for e in errors)
        return problem_response(request.url.path, 422, "VALIDATION", detail, errors=errors)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        code = HTTP_CODES.get(error.status_code, f"HTTP_{error.status_code}")
        return problem_response(request.url.path, error.status_code, code, error.detail, headers=error.headers)

    @app.exception_handler(500)
    async def unexpected(request: Request, _: Exception) -> Response:
        failed = saying(
            "The review station failed on this request; its log says where. Nothing was half done: ask again."
        )
        return problem_response(request.url.path, 500, "FAILED", say(request, failed), headers=SECURITY_HEADERS)


def _elsewhere(request: Request, code: str) -> Response | None:
    """The page where a person mends it, when the request is a browser's visit to a page; None otherwise.

    A page that refreshes itself is told the problem, and leaves when nobody is deciding on it (live.js).
    """
    is_visit = "text/html" in request.headers.get("accept", "") and "hx-request" not in request.headers
    if request.method != "GET" or not is_visit:
        return None
    if code == NOT_SIGNED_IN:
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(wanted)}", status_code=303)
    return RedirectResponse("/me", status_code=303) if code == MUST_CHANGE else None
