"""One request for a page: who asks, what they may see, and how it is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from quality.case import DECIDING_ROLES, CaseState
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

OPEN = frozenset({CaseState.OPEN})


@dataclass(frozen=True, slots=True)
class Visit:
    """A signed-in person's request for a page."""

    request: Request
    station: Collaborators
    person: Person
    language: Language

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
        """The open cases of the line; who has least time left comes first."""
        rows = self.records.cases(self.line, OPEN, limit=200).rows
        return tuple(sorted(rows, key=lambda row: (row.case.deadline, row.case.opened_at)))

    def local(self, at: datetime) -> datetime:
        """The same moment on the plant's clock."""
        return at.astimezone(self.station.settings.time_zone)


async def _visit(
    request: Request, station: Handed, person: Annotated[Person, Depends(allowed(*EVERYONE))], language: Spoken
) -> Visit:
    return Visit(request, station, person, language)


Visited = Annotated[Visit, Depends(_visit)]


def show(visit: Visit, template: str, status: int = 200, **content: object) -> HTMLResponse:
    """The page, drawn for that visit, with the queue's length in its head."""
    content.setdefault("waiting", visit.waiting())
    settings = visit.station.settings
    frame: Mapping[str, object] = {
        "person": visit.person,
        "language": visit.language,
        "decides": visit.person.role in DECIDING_ROLES,
        "csrf": csrf_token(visit.request),
        "line": words.line_title(settings.line),
        "part": settings.plan.part,
        "now": visit.now,
        "local": visit.local,
        "plan": settings.plan,
        "reasons": words.REASONS,
        "here": str(visit.request.url.path) + (f"?{visit.request.url.query}" if visit.request.url.query else ""),
        "hints": settings.demo and not visit.person.hints_seen,
    }
    return HTMLResponse(TEMPLATES.get_template(template).render(**frame, **content), status_code=status)


def inside(path: str) -> str:
    """The path when it stays on this station, else the line; a link that is followed must not lead elsewhere."""
    stays = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if stays else "/line"
