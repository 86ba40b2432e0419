"""The API described for programs: OpenAPI, with how to sign in."""

from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request

from review_api.access import CSRF_HEADER, EVERYONE, allowed
from review_api.problems import documented
from review_api.sessions import COOKIE

router = APIRouter(prefix="/api/v1", tags=["description"])

SECURITY_SCHEMES = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": f"POST /api/v1/session sets it; changes also need its token in the header {CSRF_HEADER}.",
    },
    "basic": {"type": "http", "scheme": "basic", "description": "For accounts with the role it, reading only."},
}


@router.get("/openapi.json", dependencies=[Depends(allowed(*EVERYONE))], responses=documented(401))
async def openapi(request: Request) -> dict[str, Any]:
    """This description."""
    app: FastAPI = request.app
    description = app.openapi()
    description.setdefault("components", {})["securitySchemes"] = SECURITY_SCHEMES
    description["security"] = [{"session": []}, {"basic": []}]
    return description
