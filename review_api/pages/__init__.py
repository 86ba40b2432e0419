"""The pages of the review station: what an engineer holds in gloved hands."""

from fastapi import APIRouter

from review_api.pages import case, cases, installed, language, line, me, parts, reports, sign_in

router = APIRouter(include_in_schema=False)
for page in (sign_in, me, language, installed, line, cases, case, parts, reports):
    router.include_router(page.router)

__all__ = ["router"]
