"""Parts: found by serial, and everything that is known of one."""

import math
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from quality.characteristic import Characteristic
from quality.judge import probability_outside
from quality.judgement import Verdict
from records.views import Filter, InspectionDetail
from review_api.pages import case_view, words
from review_api.pages.travel import journey
from review_api.pages.visit import Visited, show

router = APIRouter()

SHOWN_SHARE = 0.05
"""Measured values are shown to two digits of this share of their limits' width."""


@router.get("/parts")
def parts_page(visit: Visited, serial: Annotated[str, Query(max_length=32)] = "") -> HTMLResponse:
    """Parts whose serial contains what was typed; the newest without it."""
    wanted = serial.strip()
    rows = visit.records.parts(wanted) if wanted else visit.records.recent_inspections(visit.line, 50)
    return show(
        visit, "parts.html", serial=wanted, rows=rows, about=lambda j: words.subject(visit.language, j, visit.plan)
    )


@router.get("/parts/{inspection_id}")
def part_page(visit: Visited, inspection_id: int) -> HTMLResponse:
    """One part: verdict, judgements, readings, forecast against measured, pictures, decisions."""
    inspection = visit.records.inspection(inspection_id)
    if inspection is None:
        return show(visit, "missing.html", status=404, what="part", back="/parts")
    row = inspection.row
    decisions = visit.records.decisions(Filter(line=row.line, serial=row.serial)).rows
    good = {f.camera: visit.records.last_good_frame(row.line, f.camera) for f in inspection.frames}
    return show(
        visit,
        "part.html",
        inspection=inspection,
        row=row,
        suspicions=case_view.suspicions(row.judgements),
        pictures=case_view.pictures(inspection, good),
        table=[_line(c, inspection) for c in visit.plan.characteristics],
        journeys=[(decision, journey(visit.language, decision)) for decision in decisions],
        neighbours=(
            visit.records.inspection(inspection_id - 1),
            visit.records.inspection(inspection_id + 1),
        ),
    )


def _line(characteristic: Characteristic, inspection: InspectionDetail) -> dict[str, object]:
    """One characteristic of the part: forecast against measured, within its limits."""
    forecast = next((f for f in inspection.forecasts if f.characteristic == characteristic.name), None)
    measured = inspection.measurements.get(characteristic.name)
    limits = characteristic.limits
    return {
        "characteristic": characteristic,
        "forecast": forecast,
        "chance": None if forecast is None else probability_outside(forecast.mean, forecast.scale, limits),
        "suspect": any(
            j.subject == characteristic.name and j.verdict is not Verdict.PASS for j in inspection.row.judgements
        ),
        "signed": limits.lower < 0,
        "like": limits.width * SHOWN_SHARE if math.isfinite(limits.width) else None,
        "measured": measured,
        "out": measured is not None and not characteristic.limits.contain(measured),
    }
