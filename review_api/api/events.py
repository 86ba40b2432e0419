"""The live feed as server-sent events."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
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
    request: Request,
    station: Handed,
    last_event_id: Annotated[str | None, Query(max_length=100)] = None,
    again_from: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Events `line`, `part`, `cases` and `alarms`, each with the state as it is now, as JSON.

    A slow client skips states and gets the newest. With `last_event_id`, or the header Last-Event-ID of a browser
    that connects again by itself, only what changed since is sent. A `beat` with the station's time comes every
    5 s. The stream ends when the session does.
    """
    with station.feed.subscribe(again_from or last_event_id) as subscription:
        while news := await subscription.news():
            if not await still_signed_in(request):
                return
            for event in news:
                yield ServerSentEvent(raw_data=event.json, event=event.topic, id=station.feed.id_of(event))
