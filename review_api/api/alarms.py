"""Alarms: the list that a person has to see, who knows of what, what is out of sight, and how often they come."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from quality.alarm import FLOOD_FROM, LONGEST_SHELF, TARGET_RATE, Shelf, alarm_rate
from quality.plan import Role
from quality.saying import saying
from quality.text import LONGEST_REASON, plain
from records.views import AlarmFilter, AlarmView, ListedAlarm
from review_api.access import DECIDING, EVERYONE, allowed
from review_api.accounts import Person
from review_api.api.listings import Listing
from review_api.collaborators import Collaborators, Handed
from review_api.problems import Problem, documented

router = APIRouter(prefix="/api/v1/alarms", tags=["alarms"], responses=documented(401, 403, 422))
AT_THE_LINE = (Role.OPERATOR, *DECIDING)
"""Who may say that they know of an alarm."""
MINUTE = timedelta(minutes=1)
Reader = Annotated[Person, Depends(allowed(*EVERYONE))]
Acknowledger = Annotated[Person, Depends(allowed(*AT_THE_LINE))]
Shelver = Annotated[Person, Depends(allowed(*DECIDING))]
AlarmNumber = Annotated[int, Field(ge=1, le=2**63 - 1)]


class AskedAlarms(BaseModel):
    """What the history can be asked. Times are ISO 8601 with a zone, half open: since <= raised < until."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    priority: int | None = Field(None, ge=1, le=3)
    source: str | None = Field(None, max_length=200)
    kind: str | None = Field(None, max_length=100)
    cursor: str | None = Field(None, max_length=200)
    limit: int = Field(50, ge=1, le=500)

    def filter(self) -> AlarmFilter:
        """The filter it amounts to."""
        return AlarmFilter(self.since, self.until, self.priority, self.source, self.kind)


class AskedShelf(BaseModel):
    """For how long alarms are put out of sight, and why."""

    model_config = ConfigDict(extra="forbid")

    minutes: int = Field(ge=1, le=LONGEST_SHELF // MINUTE)
    reason: Annotated[str, Field(max_length=LONGEST_REASON), AfterValidator(plain), Field(min_length=1)]


class Rate(BaseModel):
    """Alarms in each ten minutes from `since` on, oldest first, and what ISA-18.2 holds them against."""

    since: AwareDatetime
    counts: tuple[int, ...]
    floods: tuple[bool, ...]
    average: float
    target: int = TARGET_RATE
    flood: int = FLOOD_FROM


@router.get("")
def standing_alarms(station: Handed, _: Reader, *, standing_only: bool = True) -> tuple[AlarmView, ...]:
    """The line's alarms, newest first: what stands, or the newest 500."""
    return station.records.alarms(station.settings.line, standing_only=standing_only)


@router.get("/listed")
def listed(station: Handed, _: Reader) -> tuple[ListedAlarm, ...]:
    """What stands or is not acknowledged, one for each source and kind: the most urgent and oldest first."""
    return station.records.listed_alarms(station.settings.line, station.clock.now())


@router.get("/history")
def history(station: Handed, _: Reader, asked: Annotated[AskedAlarms, Query()]) -> Listing[AlarmView]:
    """Every alarm by the time it was raised, newest first."""
    below = station.cursors.open("alarms", asked.cursor)
    page = station.records.alarm_history(station.settings.line, asked.filter(), below, asked.limit)
    return Listing(items=page.rows, next=station.cursors.seal("alarms", page.next_below))


@router.get("/rate")
def rate(station: Handed, _: Reader, hours: Annotated[int, Query(ge=1, le=168)] = 8) -> Rate:
    """How many alarms came in each ten minutes up to now."""
    until = station.clock.now()
    since = until - timedelta(hours=hours)
    counted = alarm_rate(station.records.alarms_raised(station.settings.line, since, until), since, until)
    return Rate(since=since, counts=counted.counts, floods=counted.floods, average=counted.average)


@router.post("/{alarm_id}/acknowledge", status_code=204, responses=documented(404))
def acknowledge(alarm_id: AlarmNumber, station: Handed, person: Acknowledger) -> None:
    """The person knows of it, and of the earlier ones of its source and kind. Once more changes nothing."""
    alarm = find(station, alarm_id)
    station.records.acknowledge_alarm(station.settings.line, alarm.id, person.name, station.clock.now())


@router.post("/{alarm_id}/shelve", status_code=204, responses=documented(404))
def shelve(alarm_id: AlarmNumber, asked: AskedShelf, station: Handed, person: Shelver) -> None:
    """Every alarm of its source and kind is out of sight for that long."""
    alarm, now = find(station, alarm_id), station.clock.now()
    shelf = Shelf(alarm.source, alarm.kind, person.name, asked.reason, now, now + asked.minutes * MINUTE)
    station.records.shelve_alarms(station.settings.line, shelf)


@router.post("/{alarm_id}/unshelve", status_code=204, responses=documented(404))
def unshelve(alarm_id: AlarmNumber, station: Handed, person: Shelver) -> None:
    """The alarms of its source and kind are shown again."""
    alarm = find(station, alarm_id)
    station.records.unshelve_alarms(
        station.settings.line, alarm.source, alarm.kind, person.name, station.clock.now()
    )


def find(station: Collaborators, alarm_id: int) -> AlarmView:
    """The alarm of that number. Raises Problem 404."""
    alarm = station.records.alarm(station.settings.line, alarm_id)
    if alarm is None:
        raise Problem(404, "NOT_FOUND", saying("There is no alarm {number}.", number=str(alarm_id)))
    return alarm
