"""The pages of the review station: what an engineer holds in gloved hands."""

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from review_api.pages import case, cases, line, parts, reports, sign_in


class Static(StaticFiles):
    """Our own styles and scripts and the vendored libraries; browsers keep them and ask whether they are new."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with leave to be kept."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "no-cache"
        return response


router = APIRouter(include_in_schema=False)
for page in (sign_in, line, cases, case, parts, reports):
    router.include_router(page.router)
router.mount("/static", Static(directory=Path(__file__).parents[1] / "static"))

__all__ = ["router"]
