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


@router.get("/openapi.json", dependencies=[Depends(allowed(*EVERYONE))], responses=documented(401))
async def openapi(request: Request, station: Handed) -> dict[str, Any]:
    """This description."""
    app: FastAPI = request.app
    description = app.openapi()
    session = {
        "type": "apiKey",
        "in": "cookie",
        "name": station.sessions.cookie,
        "description": f"POST /api/v1/session sets it; changes also need its token in the header {CSRF_HEADER}.",
    }
    description.setdefault("components", {})["securitySchemes"] = {"session": session, **READING}
    description["security"] = [{"session": []}, {"basic": []}, {"token": []}]
    return description
