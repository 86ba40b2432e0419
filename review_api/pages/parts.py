"""Parts: found by serial or by scanning, and everything that is known of one."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from records.views import Filter, InspectionDetail, InspectionRow
from review_api.api.cases import RowNumber
from review_api.headers import WITH_CAMERA
from review_api.pages import case_view, part_view, words
from review_api.pages.travel import journey
from review_api.pages.visit import Visit, Visited, show

router = APIRouter()

LONGEST_SERIAL = 100
FOUND = 50
AROUND = 200
"""Parts on either side that are looked at for what this one shares with them."""


@router.get("/parts")
def parts_page(visit: Visited, serial: Annotated[str, Query(max_length=LONGEST_SERIAL)] = "") -> Response:
    """Parts whose serial contains what was typed or scanned, the newest first; the newest of all without it.

    When they are all one part, its page.
    """
    wanted = serial.strip()
    rows = _found(visit, wanted) if wanted else visit.records.recent_inspections(visit.line, FOUND)
    if wanted and len({row.serial for row in rows}) == 1:
        return RedirectResponse(f"/passages/{rows[0].id}", status_code=303)
    page = show(
        visit,
        "parts.html",
        serial=wanted,
        rows=rows,
        most=FOUND,
        about=lambda judgement: words.subject(visit.language, judgement, visit.plan),
    )
    page.headers.update(WITH_CAMERA)
    return page


@router.get("/parts/{serial:path}")
def part_page(visit: Visited, serial: Annotated[str, Path(max_length=LONGEST_SERIAL)]) -> Response:
    """The part of that serial, at its newest passage; what is no serial is searched for."""
    passages = _passages(visit, serial)
    if not passages:
        return RedirectResponse(f"/parts?serial={quote(serial, safe='')}", status_code=303)
    return passage_page(visit, passages[0].id)


@router.get("/passages/{inspection_id}")
def passage_page(visit: Visited, inspection_id: RowNumber) -> HTMLResponse:
    """A part at one of its passages: what is known of it, its cases, and what stands around it."""
    inspection = visit.records.inspection(inspection_id)
    tools = frozenset(tool.reading for tool in visit.plan.tools)
    around = visit.records.trace.around(inspection_id, AROUND, tools)
    if inspection is None or around is None:
        return show(visit, "missing.html", status=404, what="part", back="/parts")
    passages = _passages(visit, inspection.row.serial)
    found = visit.records.trace.cases_about([row.id for row in passages])
    cases = tuple(detail for detail in map(visit.records.case, found) if detail is not None)
    orders = visit.records.trace.orders_for([each.id for detail in cases for each in detail.decisions])
    near = part_view.beside(around, inspection_id)
    place = [row.inspection_id for row in near].index(inspection_id)
    return show(
        visit,
        "part.html",
        inspection=inspection,
        row=inspection.row,
        passages=passages,
        suspicions=case_view.suspicions(inspection.row.judgements),
        pictures=_pictures(visit, inspection),
        table=part_view.rows(inspection, visit.plan),
        cases=[
            (detail, [(each, journey(visit.language, each)) for each in reversed(detail.decisions)])
            for detail in cases
        ],
        orders={order.decision_id: order for order in orders},
        near=near,
        earlier=near[place - 1] if place else None,
        later=near[place + 1] if place + 1 < len(near) else None,
        suspects=part_view.suspects(around, inspection_id)
        if part_view.is_nonconforming(inspection, cases, visit.plan)
        else None,
        tools=part_view.tool_shares(around, inspection_id, visit.plan),
    )


def _found(visit: Visit, wanted: str) -> tuple[InspectionRow, ...]:
    """The passages whose serial is what was typed, else those whose serial contains it."""
    return _passages(visit, wanted) or (visit.records.parts(wanted, FOUND) if _storable(wanted) else ())


def _passages(visit: Visit, serial: str) -> tuple[InspectionRow, ...]:
    """The part's passages in every boot of the PLC, the newest first."""
    if not _storable(serial):
        return ()
    return visit.records.inspections(Filter(line=visit.line, serial=serial), limit=FOUND).rows


def _storable(text: str) -> bool:
    return "\0" not in text  # PostgreSQL has no text with it


def _pictures(visit: Visit, inspection: InspectionDetail) -> tuple[case_view.Picture, ...]:
    line = inspection.row.line
    good = {frame.camera: visit.records.last_good_frame(line, frame.camera) for frame in inspection.frames}
    return case_view.pictures(inspection, good)
