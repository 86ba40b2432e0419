"""Reports that plant IT pulls."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from quality.judgement import Verdict
from records.views import Filter
from review_api.access import EVERYONE, allowed
from review_api.collaborators import Handed, Spoken
from review_api.defect_report import as_csv, as_json
from review_api.problems import documented

router = APIRouter(prefix="/api/v1/reports", tags=["reports"])


class Format(StrEnum):
    """How a report is written."""

    JSON = "json"
    CSV = "csv"


@router.get(
    "/defects",
    dependencies=[Depends(allowed(*EVERYONE))],
    response_class=StreamingResponse,
    responses=documented(401, 422)
    | {200: {"description": "The report", "content": {"application/json": {}, "text/csv": {}}}},
)
def defects(
    station: Handed,
    language: Spoken,
    written_as: Annotated[Format, Query(alias="format")] = Format.JSON,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    line: str | None = None,
    verdict: Verdict | None = None,
    characteristic: str | None = None,
    serial: str | None = None,
) -> StreamingResponse:
    """What did not pass, or was measured out of limits: one row for each characteristic or face."""
    wanted = Filter(line, since, until, verdict, characteristic, serial)
    rows = station.records.defects(wanted, station.settings.plan)
    if written_as is Format.JSON:
        return StreamingResponse(as_json(rows, language), media_type="application/json")
    day = station.clock.now().astimezone(language.zone).date().isoformat()
    return StreamingResponse(
        as_csv(rows, language),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="defects-{day}.csv"'},
    )
