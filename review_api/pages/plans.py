"""Control plans: every version the line was run with, and what each says differently from another."""

from itertools import zip_longest
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from quality.plan import Role
from review_api.access import DECIDING, allowed
from review_api.api import plans as api
from review_api.pages import plan_view
from review_api.pages.visit import Visited, show

READERS = (*DECIDING, Role.IT, Role.ADMIN)
router = APIRouter(prefix="/plans", dependencies=[Depends(allowed(*READERS))])


@router.get("")
def plans_page(visit: Visited) -> HTMLResponse:
    """Every version, the newest first, each with what it changed."""
    plans = api.plans(visit.station)
    earlier = [older.version for older in plans[1:]]
    return show(
        visit,
        "plans.html",
        plans=list(zip_longest(plans, earlier)),
        admin=visit.person.role is Role.ADMIN,
    )


@router.get("/{version}")
def plan_page(
    version: str, visit: Visited, before: Annotated[str | None, Query(max_length=100)] = None
) -> HTMLResponse:
    """One version: what it says, or what it says differently from the version `before`."""
    plan = visit.records.plan(visit.line, version)
    other = None if before is None else visit.records.plan(visit.line, before)
    if plan is None or (before is not None and other is None):
        return show(visit, "missing.html", status=404, what="plan", back="/plans")
    return show(
        visit,
        "plan.html",
        shown=plan,
        before=other,
        lines=[] if other is None else plan_view.lines(visit.language, other.content, plan.content),
        facts=plan_view.facts(visit.language, plan.content),
        others=[each for each in visit.records.plans(visit.line) if each.version != version],
        admin=visit.person.role is Role.ADMIN,
    )
