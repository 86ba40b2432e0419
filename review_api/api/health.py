"""Whether the station lives, can do its work, and how it has done it."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_PLAIN_1_0_0
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from quality.plan import Role
from quality.ports import StoreError
from review_api.access import allowed
from review_api.accounts import Person
from review_api.collaborators import Collaborators, Handed
from review_api.line import age_s
from review_api.problems import documented

router = APIRouter(tags=["health"])
STORE_ANSWERS_WITHIN_S = 2.0
EDGE_SHOWS_WITHIN_S = 5.0


class Health(BaseModel):
    """`ready`, and when it is not, the reasons with their mend."""

    ready: bool
    reasons: list[str]


@router.get("/livez")
async def livez() -> dict[str, str]:
    """200 while the process answers."""
    return {"status": "alive"}


@router.get("/readyz", responses={503: {"model": Health, "description": "Not ready, with the reasons"}})
async def readyz(station: Handed, response: Response) -> Health:
    """200 when the store answers and the edge shows the line, else 503 with the reasons."""
    reasons = await _reasons(station)
    if reasons:
        response.status_code = 503
    return Health(ready=not reasons, reasons=reasons)


@router.get("/metrics", response_class=Response, responses=documented(401, 403))
def metrics(station: Handed, _: Annotated[Person, Depends(allowed(Role.IT, on_this_machine=True))]) -> Response:
    """Prometheus text, for the role it and for this machine."""
    return Response(station.metrics.exposition(), media_type=CONTENT_TYPE_PLAIN_1_0_0)


async def _reasons(station: Collaborators) -> list[str]:
    reasons = []
    if station.feed.failed:
        reasons.append("Live updates have stopped; restart the review station, its log says why.")
    # The store is asked in a task of its own because whatever it fails of, or hanging, is the answer here.
    asking = asyncio.ensure_future(run_in_threadpool(station.records.line_state, station.settings.line))
    done, _ = await asyncio.wait({asking}, timeout=STORE_ANSWERS_WITHIN_S)
    if not done:
        return [
            *reasons,
            f"The store does not answer within {STORE_ANSWERS_WITHIN_S:g} s; look at its disk or server.",
        ]
    if (error := asking.exception()) is not None:
        why = str(error) if isinstance(error, StoreError) else type(error).__name__
        return [*reasons, f"The store fails ({why}); look at its disk or server."]
    state = asking.result()
    if state is not None and (not_recorded := state.get("not_recorded")):
        reasons.append(f"The edge process can record nothing: {not_recorded}")
    age = age_s(state, station.clock.now())
    if age is None:
        reasons.append("The edge process has never shown this line; start it.")
    elif age > EDGE_SHOWS_WITHIN_S:
        reasons.append(f"The edge process last showed the line {age:.0f} s ago; look whether it runs.")
    return reasons
