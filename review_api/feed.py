"""The live feed: one watcher asks the store whether anything changed, and everyone connected is told what.

What is told is always the state as it is now, never a step towards it. So a slow client can skip states
without harm (the newest wins), and a client that comes back needs only what changed since.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool

from quality.case import CaseState
from quality.ports import Clock, StoreError
from records.review_records import ReviewRecords

LOOK_EVERY_S = 0.05
BEAT_EVERY_LOOKS = 100
"""Twice in the time after which a page calls its link dead."""
WAITING_STATES = frozenset({CaseState.OPEN, CaseState.PROPOSED, CaseState.ANSWERED})
MOST_CASES = 200


@dataclass(frozen=True, slots=True)
class Event:
    """The state of one topic as it became at `number`, as JSON."""

    number: int
    topic: str
    json: str


class Subscription:
    """What one client has not been told yet: the newest event of each topic after the number `told`."""

    def __init__(self, told: int) -> None:
        self.told = told
        self._untold: dict[str, Event] = {}
        self._something = asyncio.Event()
        self._closed = False

    def tell(self, event: Event) -> None:
        """Takes the event in, in the place of an older one of its topic."""
        self._untold[event.topic] = event
        self._something.set()

    def close(self) -> None:
        """Ends it: `news` returns nothing from now on."""
        self._closed = True
        self._something.set()

    async def news(self) -> list[Event]:
        """Waits for events and returns them, oldest first; empty when the feed has closed."""
        await self._something.wait()
        if self._closed:
            return []
        self._something.clear()
        untold = sorted(self._untold.values(), key=lambda event: event.number)
        self._untold.clear()
        return untold


class Feed:
    """Topics `line`, `part`, `cases` and `alarms` of one line, and a `beat` with the station's time every 5 s.

    The beat comes while the store answers, so that a page knows at any time whether it would be told.
    Event ids are `RUN-NUMBER`, where RUN differs with each start of the process: after a restart, clients are
    told everything anew.
    """

    def __init__(self, line: str, records: ReviewRecords, clock: Clock) -> None:
        self._line = line
        self._records = records
        self._clock = clock
        self._run = secrets.token_hex(4)
        self._number = 0
        self._current: dict[str, Event] = {}
        self._joining: set[Subscription] = set()
        self._subscriptions: set[Subscription] = set()
        self._watching: asyncio.Task[None] | None = None
        self._topics: dict[str, Callable[[], Any]] = {
            "line": self._line_state,
            "part": self._newest_part,
            "cases": self._waiting_cases,
            "alarms": self._listed_alarms,
        }

    def start(self) -> None:
        """Begins to watch; inside a running loop."""
        self._watching = asyncio.create_task(self._watch(), name="feed")

    @property
    def failed(self) -> bool:
        """True when watching ended by an error; nobody is told anything any more."""
        return self._watching is not None and self._watching.done() and not self._watching.cancelled()

    async def stop(self) -> None:
        """Ends watching and every subscription. Raises what watching failed of, if it did."""
        self.close()
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching

    @contextmanager
    def subscribe(self, last_id: str | None) -> Iterator[Subscription]:
        """A subscription that starts after the event of that id, or with every topic's state."""
        run, _, number = (last_id or "").partition("-")
        told = int(number) if run == self._run and number.isdecimal() else 0
        subscription = Subscription(told)
        self._joining.add(subscription)
        try:
            yield subscription
        finally:
            self._joining.discard(subscription)
            self._subscriptions.discard(subscription)

    def id_of(self, event: Event) -> str:
        """The event's id on the wire."""
        return f"{self._run}-{event.number}"

    @property
    def told(self) -> str:
        """The id of the newest event; who reads the store afterwards misses nothing by going on from it."""
        return f"{self._run}-{self._number}"

    def close(self) -> None:
        """Ends every subscription, so that the process can."""
        for subscription in self._subscriptions | self._joining:
            subscription.close()

    async def _watch(self) -> None:
        # Nothing is read while nobody listens; who joins hears nothing older than this moment's look.
        seen: int | None = None
        looks = 0
        while True:
            if self._joining or self._subscriptions:
                # A store that does not answer now is asked again at the next look.
                with suppress(StoreError):
                    version = self._records.changed()
                    if version != seen:
                        await self._look()
                        seen = version
                    self._welcome()
                    looks += 1
                    if looks % BEAT_EVERY_LOOKS == 1:
                        self._tell("beat", orjson.dumps(self._clock.now()).decode())
            await self._clock.sleep(LOOK_EVERY_S)

    def _welcome(self) -> None:
        for subscription in self._joining:
            for event in self._current.values():
                if event.number > subscription.told:
                    subscription.tell(event)
        self._subscriptions |= self._joining
        self._joining.clear()

    async def _look(self) -> None:
        for topic, read in self._topics.items():
            state = orjson.dumps(await run_in_threadpool(read)).decode()
            known = self._current.get(topic)
            if known is not None and known.json == state:
                continue
            self._tell(topic, state)

    def _tell(self, topic: str, state: str) -> None:
        self._number += 1
        event = Event(self._number, topic, state)
        self._current[topic] = event
        for subscription in self._subscriptions:
            subscription.tell(event)

    def _line_state(self) -> dict[str, object] | None:
        return self._records.line_state(self._line)

    def _newest_part(self) -> dict[str, Any] | None:
        newest = self._records.recent_inspections(self._line, 1)
        return asdict(newest[0]) if newest else None

    def _waiting_cases(self) -> list[dict[str, Any]]:
        page = self._records.cases(self._line, WAITING_STATES, None, MOST_CASES)
        return [{**asdict(row.case), "taken_by": row.taken_by, "taken_at": row.taken_at} for row in page.rows]

    def _listed_alarms(self) -> list[dict[str, Any]]:
        return [asdict(alarm) for alarm in self._records.listed_alarms(self._line, self._clock.now())]
