"""One request for a page: who asks, what they may see, and how it is drawn."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from quality.alarm import AlarmState
from quality.case import ASKING, DECIDING_ROLES
from quality.characteristic import LineId
from quality.plan import ControlPlan
from records.review_records import ReviewRecords
from records.views import CaseRow
from review_api.access import EVERYONE, allowed, csrf_token
from review_api.accounts import Person
from review_api.collaborators import Collaborators, Handed, Spoken
from review_api.language import Language
from review_api.pages import words
from review_api.pages.drawing import TEMPLATES
from review_api.pages.line_view import watched
from review_api.pages.navigation import places

UNHEARD = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED})
"""The states of an alarm that nobody has acknowledged."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A signed-in person's request for a page. `told` is the newest event from before anything was read for it."""

    request: Request
    station: Collaborators
    person: Person
    language: Language
    told: str

    @property
    def records(self) -> ReviewRecords:
        """The store."""
        return self.station.records

    @property
    def plan(self) -> ControlPlan:
        """The line's control plan."""
        return self.station.settings.plan

    @property
    def line(self) -> LineId:
        """The line this station reviews."""
        return self.station.settings.line

    @property
    def now(self) -> datetime:
        """Wall time, aware."""
        return self.station.clock.now()

    def waiting(self) -> tuple[CaseRow, ...]:
        """The cases of the line that nobody has decided; who has least time left comes first."""
        rows = self.records.cases(self.line, ASKING, limit=200).rows
        return tuple(sorted(rows, key=lambda row: (row.case.deadline, row.case.opened_at)))

    def called(self, name: str) -> str:
        """What people call the person of that account; its name when there is no such account any more."""
        account = self.records.account(name)
        return name if account is None else account.display_name

    def overdue(self, rows: Iterable[CaseRow]) -> list[CaseRow]:
        """Those of them that nobody has answered in time."""
        return [row for row in rows if row.case.escalated or self.now >= row.case.deadline]

    def local(self, at: datetime) -> datetime:
        """The same moment on the plant's clock."""
        return at.astimezone(self.station.settings.time_zone)


async def _visit(
    request: Request, station: Handed, person: Annotated[Person, Depends(allowed(*EVERYONE))], language: Spoken
) -> Visit:
    return Visit(request, station, person, language, station.feed.told)


Visited = Annotated[Visit, Depends(_visit)]


def show(visit: Visit, template: str, status: int = 200, **content: object) -> HTMLResponse:
    """The page, drawn for that visit, with the queue's length in its head."""
    waiting = visit.waiting()
    content.setdefault("waiting", waiting)
    content.setdefault("overdue", visit.overdue(waiting))
    asked = visit.request.url
    content.setdefault("here", asked.path + (f"?{asked.query}" if asked.query else ""))
    settings = visit.station.settings
    alarms = visit.records.listed_alarms(visit.line, visit.now)
    frame: Mapping[str, object] = {
        "person": visit.person,
        "language": visit.language,
        "decides": visit.person.role in DECIDING_ROLES,
        "idle_s": visit.station.sessions.idle_s,
        "csrf": csrf_token(visit.request),
        "navigation": places(visit.language, visit.person.role, waiting, sum(a.state in UNHEARD for a in alarms)),
        "watched": watched(visit.language, visit.records.line_state(visit.line), visit.now),
        "line": words.line_title(settings.line),
        "part": settings.plan.part,
        "now": visit.now,
        "told": visit.told,
        "zone": settings.time_zone.key,
        "local": visit.local,
        "called": visit.called,
        "plan": settings.plan,
        "hints": settings.demo and not visit.person.hints_seen,
    }
    return HTMLResponse(TEMPLATES.get_template(template).render(**frame, **content), status_code=status)


def inside(path: str) -> str:
    """The path when it stays on this station, else the line; a link that is followed must not lead elsewhere."""
    stays = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if stays else "/line"
