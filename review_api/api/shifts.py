"""Shifts: what each leaves to the next, and the note it wrote for it."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from quality.alarm import AlarmRate, alarm_rate
from quality.saying import saying
from quality.shift import Shift, shift_after, shift_at, shift_before
from quality.text import plain_lines
from records.shift_views import ShiftNote, ShiftRecord
from review_api.access import EVERYONE, allowed
from review_api.accounts import Person
from review_api.api.alarms import AT_THE_LINE
from review_api.collaborators import Collaborators, Handed
from review_api.problems import Problem, documented

router = APIRouter(prefix="/api/v1/shifts", tags=["shifts"], responses=documented(401, 403, 422))
LONGEST_NOTE = 2000
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
Start = Annotated[AwareDatetime, Field(description="Any moment of the shift, ISO 8601 with a zone")]


class ShiftSummary(BaseModel):
    """One shift, up to now while it lasts. `flooded_minutes` counts those in which alarms came as a flood."""

    start: AwareDatetime
    end: AwareDatetime
    before: AwareDatetime
    after: AwareDatetime | None
    record: ShiftRecord
    alarm_counts: tuple[int, ...]
    alarm_average: float
    flooded_minutes: int


class AskedNote(BaseModel):
    """The whole note, and the version that the person saw when they wrote it (0: none yet)."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=LONGEST_NOTE), AfterValidator(plain_lines)]
    version: int = Field(ge=0, le=2**31 - 2)


@router.get("/{start}", responses=documented(404))
def shift(start: Start, station: Handed, _: Annotated[Person, Depends(allowed(*EVERYONE))]) -> ShiftSummary:
    """The shift in which that moment lies."""
    return summary(station, shift_of(station, start))


@router.put("/{start}/note", responses=documented(404, 409))
def put_note(
    start: Start, asked: AskedNote, station: Handed, person: Annotated[Person, Depends(allowed(*AT_THE_LINE))]
) -> ShiftNote:
    """Writes the shift's note; 409 says that somebody else has written it meanwhile."""
    return write_note(station, person, shift_of(station, start), asked)


def shift_of(station: Collaborators, at: datetime) -> Shift:
    """The shift in which that moment lies. Raises Problem 404 for one that has not begun, or was long ago."""
    settings = station.settings
    if not EARLIEST <= at <= station.clock.now():
        raise Problem(404, "NOT_FOUND", saying("Nothing is known of that shift."))
    return shift_at(at, settings.shifts, settings.time_zone)


def summary(station: Collaborators, of: Shift) -> ShiftSummary:
    """The shift, summed up."""
    settings, now = station.settings, station.clock.now()
    following = shift_after(of, settings.shifts, settings.time_zone)
    rate = rate_of(station, of)
    return ShiftSummary(
        start=of.start,
        end=of.end,
        before=shift_before(of, settings.shifts, settings.time_zone).start,
        after=following.start if following.start <= now else None,
        record=station.records.shifts.record(settings.line, of, now),
        alarm_counts=rate.counts,
        alarm_average=rate.average,
        flooded_minutes=10 * sum(rate.floods),
    )


def rate_of(station: Collaborators, of: Shift) -> AlarmRate:
    """How often alarms came in the shift, up to now."""
    until = min(of.end, station.clock.now())
    raised = station.records.alarms_raised(station.settings.line, of.start, until)
    return alarm_rate(raised, of.start, until)


def write_note(station: Collaborators, person: Person, of: Shift, asked: AskedNote) -> ShiftNote:
    """The note as it is on record now. Raises Problem 409 STALE when somebody else has written it meanwhile."""
    shifts, line, now = station.records.shifts, station.settings.line, station.clock.now()
    newer = shifts.write_note(line, of, asked.text, asked.version, person.name, now)
    if newer is not None:
        raise Problem(
            409,
            "STALE",
            saying(
                "{who} has written this note meanwhile. Read theirs, and add yours to it.", who=newer.written_by
            ),
        )
    return ShiftNote(asked.text, asked.version + 1, person.name, now)
