"""The pages of the review station: what an engineer holds in gloved hands."""

from fastapi import APIRouter

from review_api.pages import (
    admin,
    alarms,
    case,
    cases,
    deciding,
    handover,
    installed,
    language,
    line,
    me,
    parts,
    plans,
    plant,
    reports,
    sign_in,
    spc,
)

router = APIRouter(include_in_schema=False)
for page in (
    *(sign_in, plant, me, language, installed),
    *(line, cases, case, deciding, parts, spc, alarms, handover, reports),
    *(admin, plans),
):
    router.include_router(page.router)

__all__ = ["router"]
