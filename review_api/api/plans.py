"""The control plans that the line has been run with."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from quality.saying import saying
from review_api.access import EVERYONE, allowed
from review_api.collaborators import Handed
from review_api.problems import Problem, documented

router = APIRouter(
    prefix="/api/v1/plans", tags=["line"], dependencies=[Depends(allowed(*EVERYONE))], responses=documented(401)
)


class Plan(BaseModel):
    """A version of the control plan: when it was first used, and whether this station decides by it."""

    version: str
    first_used_at: datetime
    in_force: bool


class PlanContent(Plan):
    """As `Plan`, with all that it says."""

    content: dict[str, Any]


@router.get("")
def plans(station: Handed) -> tuple[Plan, ...]:
    """Every version, the newest first."""
    settings = station.settings
    rows = station.records.plans(settings.line)
    return tuple(Plan(**asdict(row), in_force=row.version == settings.plan.version) for row in rows)


@router.get("/{version}", responses=documented(404, 422))
def plan(version: str, station: Handed) -> PlanContent:
    """One version."""
    settings = station.settings
    view = station.records.plan(settings.line, version)
    if view is None:
        raise Problem(404, "NOT_FOUND", saying("This line was never run with a plan {version}.", version=version))
    return PlanContent(**asdict(view), in_force=view.version == settings.plan.version)
