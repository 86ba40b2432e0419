"""The queue: every case that waits, who is on it, and what has changed since the person last looked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from quality.case import CaseKind, CaseState
from records.views import CaseDetail, CaseRow, DecisionView, Filter, FrameView
from review_api.pages import case_view, words
from review_api.pages.looked import has_looked, last_looked
from review_api.pages.queue import Cost, costs, in_order
from review_api.pages.visit import Visit, Visited, show

router = APIRouter()

WAITING = frozenset({CaseState.OPEN, CaseState.PROPOSED, CaseState.ANSWERED})
CLOSED = frozenset({CaseState.CLOSED})
MOST_WAITING = 200
SHOWN = 40
CHANGES = 50

Show = Literal["open", "mine", "escalated", "escape", "closed"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the queue."""

    row: CaseRow
    detail: CaseDetail
    cost: Cost
    why: str
    subject: str
    picture: FrameView | None
    news: str

    @property
    def no_evidence(self) -> bool:
        """True when the part is held because nothing is known of it, which is no probability."""
        leading = case_view.suspicions(self.row.judgements)
        return bool(leading) and leading[0].subject.startswith("evidence:")


@router.get("/cases")
def cases_page(
    visit: Visited, show_only: Show | None = None, below: int | None = None, since: datetime | None = None
) -> HTMLResponse:
    """The queue, or what has been decided. `since` is kept while the page refreshes itself."""
    wanted: Show = show_only or "open"
    looked = (
        since if since is not None and since.tzinfo is not None else last_looked(visit.request, visit.person.name)
    )
    newest = visit.records.cases(visit.line, None, limit=MOST_WAITING).rows
    waiting = visit.records.cases(visit.line, WAITING, limit=MOST_WAITING).rows
    following = None
    if wanted == "closed":
        page = visit.records.cases(visit.line, CLOSED, below=below, limit=SHOWN)
        rows, following = list(page.rows), page.next_below
        cost = costs(rows, newest, visit.plan)
    else:
        cost = costs(waiting, newest, visit.plan)
        rows = in_order([row for row in waiting if _FILTERS[wanted](visit, row)], cost)
    decided = visit.records.decisions(Filter(line=visit.line, since=looked), limit=CHANGES).rows if looked else ()
    page_shown = show(
        visit,
        "cases.html",
        show_only=wanted,
        counts={name: sum(matches(visit, row) for row in waiting) for name, matches in _FILTERS.items()},
        entries=[_entry(visit, row, cost, looked) for row in rows[:SHOWN]],
        more=max(0, len(rows) - SHOWN),
        older=following,
        looked=looked,
        matter=lambda entry: case_view.matter(
            entry.row.case, visit.plan, case_view.outcome(entry.detail.decisions)
        ),
        changes=_changes(visit, newest, decided, looked),
        here=f"/cases?{urlencode({'show_only': wanted} | ({'since': looked.isoformat()} if looked else {}))}",
    )
    if "HX-Request" not in visit.request.headers:
        has_looked(page_shown, visit.person.name, visit.now, secure=visit.station.settings.secure_cookies)
    return page_shown


_FILTERS: Mapping[str, Callable[[Visit, CaseRow], bool]] = {
    "open": lambda _, __: True,
    "mine": lambda visit, row: row.taken_by == visit.person.name,
    "escalated": lambda visit, row: row.case.escalated or visit.now >= row.case.deadline,
    "escape": lambda _, row: row.case.kind is CaseKind.ESCAPE,
}


def _changes(
    visit: Visit, newest: tuple[CaseRow, ...], decided: tuple[DecisionView, ...], looked: datetime | None
) -> list[str]:
    """What has happened to the queue since then, each in a few words; nothing when that is not known."""
    if looked is None:
        return []
    say = visit.language.ngettext
    came = sum(row.case.opened_at > looked for row in newest)
    late = sum(row.case.escalated and row.case.deadline > looked for row in newest)
    others = sum(each.decided_by != visit.person.name for each in decided)
    said = []
    if came:
        said.append(say("{count} new case", "{count} new cases", came).format(count=came))
    if late:
        said.append(say("{count} escalated", "{count} escalated", late).format(count=late))
    if others:
        said.append(say("{count} decision by others", "{count} decisions by others", others).format(count=others))
    return said


def _entry(visit: Visit, row: CaseRow, cost: Mapping[UUID, Cost], looked: datetime | None) -> Entry:
    detail = visit.records.case(row.case.id)
    if detail is None:
        raise LookupError(f"case {row.case.id} is gone though it was just listed.")
    inspection = detail.inspection
    measured = inspection.measurements if inspection is not None else {}
    frames = inspection.frames if inspection is not None else ()
    suspect = case_view.suspicions(row.judgements)
    return Entry(
        row=row,
        detail=detail,
        cost=cost[row.case.id],
        why=case_view.why(row.case, row.judgements, measured, visit.plan)[0],
        subject=words.subject(visit.language, suspect[0], visit.plan) if suspect else "",
        picture=next((frame for frame in frames if frame.kept), None),
        news=_news(visit, row, looked),
    )


def _news(visit: Visit, row: CaseRow, looked: datetime | None) -> str:
    if looked is None:
        return ""
    if row.case.opened_at > looked:
        return visit.language.gettext("new")
    if row.case.escalated and row.case.deadline > looked:
        return visit.language.gettext("escalated")
    if row.taken_at is not None and row.taken_at > looked and row.taken_by != visit.person.name:
        return visit.language.gettext("taken")
    return ""
