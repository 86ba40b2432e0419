"""In a language that marks everything it says, nothing on any page is left unmarked but names and numbers."""

import re
from collections.abc import Iterator
from dataclasses import replace
from gettext import NullTranslations
from html.parser import HTMLParser

import pytest
from fastapi import FastAPI

from quality.alarm import Alarm, Priority
from quality.judgement import Verdict
from quality.reasons import USUAL
from quality.saying import saying, spread
from review_api.language import NAMES, Languages
from review_api.seeding import DEMO
from review_api.settings import ReviewSettings
from tests.unit.review_api.conftest import HOLE, PLAN, Store, visitor

SPOKEN_ATTRIBUTES = frozenset({"alt", "aria-label", "placeholder", "title"})
GIVEN = re.compile(
    "|".join(
        (
            r"B\d{6}",
            r"(?i:beam.line.3|bumper beam|hole 1 x|hole_1_x_mm|offset_um|milling-1|face)",
            r"(?i:spindle a x offset|spindle a power)",
            r"[0-9a-f]{8,}",
            r"model-digest",
            r"\b(Jidoka|English|SPC|PLC|LSL|USL|CSV|JSON|UTC|Nov|Cpk?|Ppk?|min|Bearer|Authorization)\b",
            r"\b(mm|um|µm|kW|ms)\b",
            r"BADGE-\w+",
            *(re.escape(each.en) for each in USUAL),
            *(re.escape(name) for account in DEMO for name in account[:4] if name),
        )
    )
)
"""What the plant calls its things, and what is called the same everywhere."""


class Marked(NullTranslations):
    """A language in which everything that is said stands in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


class Read(HTMLParser):
    """What a person reads of a page, or has read out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tags.append(tag)
        self.texts += [value for name, value in attrs if value and name in SPOKEN_ATTRIBUTES]

    def handle_data(self, data: str) -> None:
        if self._tags[-1:] not in (["script"], ["style"]):
            self.texts.append(data)


def unmarked(page: str) -> Iterator[str]:
    """The pieces of the page that were said without the language."""
    read = Read()
    read.feed(page)
    for text in read.texts:
        left = text
        while (less := re.sub(r"⟦[^⟦⟧]*⟧", " ", left)) != left:
            left = less
        if re.search(r"[A-Za-z]{2,}", GIVEN.sub(" ", left)):
            yield " ".join(left.split())


@pytest.fixture
def marked(app: FastAPI, settings: ReviewSettings) -> FastAPI:
    """The station in that language."""
    app.state.collaborators = replace(
        app.state.collaborators,
        languages=Languages(settings.time_zone, "en", dict.fromkeys(NAMES, Marked())),
    )
    return app


@pytest.fixture
def line(store: Store) -> Store:
    """A line on which all sorts of things have happened."""
    for verdict in (Verdict.PASS, Verdict.REVIEW, Verdict.HOLD, Verdict.PASS, Verdict.HOLD):
        store.make_part(verdict, with_evidence=True)
    store.edge.use_plan(PLAN)
    trouble = saying("it has been silent for {silent} s", silent="2.0")
    mend = saying("Check the camera's power, cable and address")
    sentence = saying("{device}: {problem}. Mend: {mend}.", device="face", problem=trouble, mend=mend)
    store.edge.raise_alarm(Alarm("face", "no evidence", Priority.HIGH, sentence, store.clock.now()))
    store.show_line(
        cameras=[{"name": "face", "ok": False, **spread("detail", sentence)}],
        store={"ok": True, "detail": ""},
        line_stopped=True,
        serial="B000005",
        part_present=True,
        gate_closed=True,
        watchdog_tripped=False,
        bypass=False,
        held_count=2,
        readings={"spindle_a_power_kw": 11.5},
        parameters={"offset_um": 0.0},
        latency_ms={"p50": 41.0, "p95": 63.0, "p99": 88.0},
    )
    return store


@pytest.mark.parametrize("person", ["engineer", "operator", "supervisor", "admin"])
async def test_nothing_is_said_but_in_the_language(marked: FastAPI, line: Store, person: str) -> None:
    case = line.cases[-1].id
    paths = [
        *(
            "/line",
            "/cases",
            "/cases?state=closed",
            f"/cases/{case}",
            "/cases/" + "0" * 8 + "-0000-4000-8000-" + "0" * 12,
        ),
        *("/parts", "/parts/3", "/parts?serial=B", "/parts/999", "/spc", f"/spc?characteristic={HOLE.name}"),
        *("/alarms", "/alarms/history", "/handover", "/reports", "/me", "/sign-in"),
        *(
            f"/cases/{case}/decide?kind=CONFIRM_HOLD",
            "/line/decide?kind=RESUME",
            "/plans",
            f"/plans/{PLAN.version}",
        ),
        *("/admin", "/admin/tokens", "/admin/devices", "/offline"),
    ]
    password = next(each[1] for each in DEMO if each[0] == person)
    found: dict[str, list[str]] = {}
    async with visitor(marked, person, password) as client:
        for path in paths:
            answer = await client.get(path, headers={"accept": "text/html"}, follow_redirects=True)
            assert answer.status_code < 500, path
            if answer.headers["content-type"].startswith("text/html"):
                found[path] = sorted(set(unmarked(answer.text)))
    said = [f"{path}: {text}" for path, texts in found.items() for text in texts]
    assert not said, "\n".join(said)
    assert len(found) > 10
