"""The live feed as server-sent events."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from review_api.access import EVERYONE, allowed, still_signed_in
from review_api.collaborators import Handed
from review_api.problems import documented

router = APIRouter(prefix="/api/v1", tags=["live"])


@router.get(
    "/events",
    response_class=EventSourceResponse,
    dependencies=[Depends(allowed(*EVERYONE))],
    responses=documented(401),
)
async def events(
    request: Request, station: Handed, last_event_id: Annotated[str | None, Header()] = None
) -> AsyncIterator[ServerSentEvent]:
    """Events `line`, `part`, `cases` and `alarms`, each with the state as it is now, as JSON.

    A slow client skips states and gets the newest. With Last-Event-ID only what changed since is sent.
    A comment comes every 15 s when nothing else does. The stream ends when the session does.
    """
    with station.feed.subscribe(last_event_id) as subscription:
        while news := await subscription.news():
            if not await still_signed_in(request):
                return
            for event in news:
                yield ServerSentEvent(raw_data=event.json, event=event.topic, id=station.feed.id_of(event))
