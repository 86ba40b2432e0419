"""One request for a page: who asks, what they may see, and how it is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from quality.case import DECIDING_ROLES, CaseState
from quality.characteristic import LineId
from quality.plan import ControlPlan
from quality.wording import number, percent, sentence
from records.review_records import ReviewRecords
from records.views import CaseRow
from review_api.access import EVERYONE, allowed, csrf_token
from review_api.accounts import Person
from review_api.collaborators import Collaborators, Handed
from review_api.pages import words

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters |= {
    "capital": words.capital,
    "countdown": words.countdown,
    "number": number,
    "parameter_title": words.parameter_title,
    "percent": percent,
    "reading": words.reading,
    "sentence": sentence,
    "signed": words.signed,
    "unit": words.unit,
    "word": words.word,
}
OPEN = frozenset({CaseState.OPEN})


@dataclass(frozen=True, slots=True)
class Visit:
    """A signed-in person's request for a page."""

    request: Request
    station: Collaborators
    person: Person

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
    request: Request, station: Handed, person: Annotated[Person, Depends(allowed(*EVERYONE))]
) -> Visit:
    return Visit(request, station, person)


Visited = Annotated[Visit, Depends(_visit)]


def show(visit: Visit, template: str, status: int = 200, **content: object) -> HTMLResponse:
    """The page, drawn for that visit, with the queue's length in its head."""
    content.setdefault("waiting", visit.waiting())
    settings = visit.station.settings
    frame: Mapping[str, object] = {
        "person": visit.person,
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
