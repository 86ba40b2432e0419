"""The API described for programs: OpenAPI, with how to sign in."""

from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request

from review_api.access import CSRF_HEADER, EVERYONE, allowed
from review_api.collaborators import Handed
from review_api.problems import documented

router = APIRouter(prefix="/api/v1", tags=["description"])

READING = {
    "basic": {"type": "http", "scheme": "basic", "description": "For accounts with the role it, reading only."},
    "token": {"type": "http", "scheme": "bearer", "description": "Tokens that an admin makes, reading only."},
}


def described(app: FastAPI, session_cookie: str) -> dict[str, Any]:
    """OpenAPI of the app, how to sign in, what any request may be answered: store trouble, a bad body."""
    description = app.openapi()
    for operations in description["paths"].values():
        for operation in operations.values():
            anytime = documented(400, 413, 503) if "requestBody" in operation else documented(503)
            for status, response in anytime.items():
                operation["responses"].setdefault(str(status), response)
    session = {
        "type": "apiKey",
        "in": "cookie",
        "name": session_cookie,
        "description": f"POST /api/v1/session sets it; changes also need its token in the header {CSRF_HEADER}.",
    }
    description.setdefault("components", {})["securitySchemes"] = {"session": session, **READING}
    description["security"] = [{scheme: []} for scheme in ("session", *READING)]
    return description


@router.get("/openapi.json", dependencies=[Depends(allowed(*EVERYONE))], responses=documented(401))
async def openapi(request: Request, station: Handed) -> dict[str, Any]:
    """This description."""
    return described(request.app, station.sessions.cookie)
