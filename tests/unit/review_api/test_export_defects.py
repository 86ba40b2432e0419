"""The defect report: the agreed columns, the plant's time, nothing a spreadsheet would run."""

import csv
import io
import math
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import httpx
import orjson
import pytest

from quality.judgement import Verdict
from records.views import DefectRow
from review_api.defect_report import as_csv, as_json
from review_api.language import Languages
from tests.unit.review_api.conftest import Store

COLUMNS = (
    "serial,cycle_sequence,station,line,time,characteristic,unit,nominal,lsl,usl,forecast,measured,deviation,"
    "verdict,reason,model,decision,decided_by,decided_at,disposition"
)
ENGLISH = Languages(ZoneInfo("Europe/Berlin")).default
ROW = DefectRow(
    serial="B1",
    cycle_sequence=7,
    station="milling-1",
    line="beam-line-3",
    time=datetime(2026, 7, 1, 22, 30, tzinfo=UTC),
    characteristic="hole_1_x_mm",
    unit="mm",
    nominal=0.0,
    lower=-0.18,
    upper=math.inf,
    forecast=0.17,
    measured=None,
    deviation=-0.5,
    verdict=Verdict.HOLD,
    reason="near the limit",
    model="m",
    decision=None,
    decided_by=None,
    decided_at=None,
    disposition=None,
)


def _csv(*rows: DefectRow) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(as_csv(rows, ENGLISH)).decode(), newline="")))


async def test_a_held_part_is_in_the_report(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part(Verdict.PASS)
    store.make_part(Verdict.HOLD, with_evidence=True)
    answer = await engineer.get("/api/v1/reports/defects?format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="defects-2026-11-24.csv"'
    assert answer.text.splitlines()[0] == COLUMNS
    (row,) = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert (row["serial"], row["verdict"], row["time"]) == ("B000002", "HOLD", "2026-11-24T07:02:00+01:00")
    assert "forecast at" in row["reason"]
    (same,) = (await engineer.get("/api/v1/reports/defects")).json()
    assert list(same) == COLUMNS.split(",")
    assert same["lsl"] == -0.18


async def test_the_report_is_narrowed(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part(Verdict.HOLD)
    assert (await engineer.get("/api/v1/reports/defects?serial=other")).json() == []
    assert len((await engineer.get("/api/v1/reports/defects?verdict=HOLD")).json()) == 1


async def test_an_unknown_format_is_refused(engineer: httpx.AsyncClient) -> None:
    assert (await engineer.get("/api/v1/reports/defects?format=pdf")).json()["code"] == "VALIDATION"


def test_times_carry_the_plants_zone() -> None:
    assert _csv(ROW)[0]["time"] == "2026-07-02T00:30:00+02:00"


def test_a_limit_that_is_none_is_empty() -> None:
    assert _csv(ROW)[0]["usl"] == ""
    assert orjson.loads(b"".join(as_json([ROW], ENGLISH)))[0]["usl"] is None


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_a_spreadsheet_would_run_is_made_harmless(start: str) -> None:
    evil = f'{start}HYPERLINK("http://x","y")'
    (row,) = _csv(replace(ROW, serial=evil, decided_by=evil))
    assert row["serial"] == f"'{evil}"
    assert row["decided_by"] == f"'{evil}"


def test_numbers_stay_numbers() -> None:
    (row,) = _csv(ROW)
    assert (float(row["deviation"]), float(row["lsl"]), row["cycle_sequence"]) == (-0.5, -0.18, "7")


def test_a_long_report_comes_in_chunks_and_whole() -> None:
    rows = [replace(ROW, cycle_sequence=n) for n in range(1001)]
    chunks = list(as_json(iter(rows), ENGLISH))
    assert len(chunks) > 5
    assert [row["cycle_sequence"] for row in orjson.loads(b"".join(chunks))] == list(range(1001))
    assert len(_csv(*rows)) == 1001
    assert orjson.loads(b"".join(as_json([], ENGLISH))) == []
