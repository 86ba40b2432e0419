"""Three tablets on bad Wi-Fi decide at a running line: each decision is applied once, or visibly refused.

What runs is a review station, an edge process, a simulated PLC, and three browsers with disks of their own, each
behind a network that loses, delays and swallows. Tabs are closed and opened again, browsers ended and started anew
and, once each, killed. `JIDOKA_WIFI_DECISIONS=1000` makes the long run of docs/figures.md out of it.
"""

import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import BrowserContext, Error, Page, Playwright, sync_playwright

from quality.order import OrderState
from records.views import CaseRow, DecisionView, Filter
from tests.proxy.wifi import BadWifi
from tests.system.browser.conftest import CHROMIUM, TABLET
from tests.system.browser.tapping import outbox, sign_in, tap
from tests.system.held_parts import line_of_held_parts, waiting
from tests.system.running import RunningLine, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.browser]

DECISIONS = int(os.environ.get("JIDOKA_WIFI_DECISIONS", "24"))
SEED = int(os.environ.get("JIDOKA_WIFI_SEED", "5"))
CONTESTED = 0.15
"""The share of the cases that two tablets answer."""
WANTED = round(DECISIONS / (1 + CONTESTED)) + 1
"""Cases."""
PATIENCE = 3
"""Tries to open a page during an outage."""
SETTLED_WITHIN_S = 300
A_PART_WITHIN_S = 3
"""On a machine that is busy with other things."""
PEOPLE = ("engineer", "supervisor", "engineer")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


class Tablet:
    """One browser with a disk of its own, on a Wi-Fi of its own."""

    def __init__(self, playwright: Playwright, folder: Path, line: RunningLine, person: str, seed: int) -> None:
        self._playwright = playwright
        self._folder = folder
        self.person = person
        self.line = line
        self.wifi = BadWifi(line.review_port, seed)
        self.wifi.start()
        self.address = f"http://127.0.0.1:{self.wifi.port}"
        self.happened: Counter[str] = Counter()
        self._start()

    def _start(self) -> None:
        self.context: BrowserContext = self._playwright.chromium.launch_persistent_context(
            self._folder, executable_path=CHROMIUM, args=ARGUMENTS, viewport=TABLET
        )
        self.context.set_default_timeout(15_000)
        # The cookie is the same whatever the port; the bad network is for what the page does.
        sign_in(self.context, self.line.review_address, self.person, self.person)
        self.page: Page = self.context.pages[0]
        self.open()

    def open(self) -> None:
        """The line page, however often it takes; after some tries one walks back to where there is a network."""
        for number in range(60):
            if number == PATIENCE:
                self.wifi.recover()
            try:
                self.page.goto(f"{self.address}/line", wait_until="domcontentloaded")
                self.page.wait_for_function("document.querySelector('#outbox') !== null", timeout=3000)
            except Error:
                self.happened["page did not come"] += 1
            else:
                return
        raise TimeoutError("The line page did not come in 60 tries.")

    def decide(self, body: dict[str, Any], title: str) -> str:
        """Taps; the decision's id, once the tablet says that it has it. Its reason tells it from every other."""
        for _ in range(60):
            try:
                return tap(self.page, body, title)
            except Error:
                # The page turned under the finger, or has no scripts yet and shows no sheet either.
                self.happened["page turned while tapping"] += 1
                self.open()
                if known := self._known(body["reason"]):
                    return known
        raise TimeoutError("Nothing could be tapped in 60 tries.")

    def _known(self, reason: str) -> str | None:
        """The id of that decision, if the tablet or the store has it."""
        kept = {entry["decision"]["reason"]: entry["id"] for entry in self.kept()}
        return kept.get(reason) or {view.reason: str(view.id) for view in recorded(self.line)}.get(reason)

    def kept(self) -> list[dict[str, Any]]:
        """What the tablet keeps; a page that turns meanwhile is asked again."""
        for _ in range(60):
            try:
                return outbox(self.page)
            except Error:
                self.page.wait_for_timeout(250)
        raise TimeoutError("The tablet's store did not open in 60 tries.")

    def close_the_tab(self) -> None:
        """And opens another."""
        self.happened["tab closed"] += 1
        old, self.page = self.page, self.context.new_page()
        old.close()
        self.open()

    def restart(self) -> None:
        """The browser ends and begins anew."""
        self.happened["browser restarted"] += 1
        self.context.close()
        self._start()

    def kill(self) -> None:
        """The battery is empty."""
        self.happened["browser killed"] += 1
        for process in _of_folder(self._folder):
            os.kill(process, signal.SIGKILL)
        wait_until(lambda: not _of_folder(self._folder), "the browser's end", 10)
        try:
            self.context.close()
        except Error:
            self.happened["closed after its end"] += 1
        self._start()

    def refused(self) -> set[str]:
        """The ids of the decisions that the page shows as not done."""
        shown = self.page.locator("#outbox article.refused")
        wait_until(lambda: shown.count() == len(self.kept()), "what is kept to be drawn", 30)
        return set(shown.evaluate_all("all => all.map(one => one.dataset.id)"))

    def is_settled(self) -> bool:
        """Whether nothing waits on it any more."""
        return all(entry["state"] == "refused" for entry in self.kept())

    def stop(self) -> None:
        """Ends browser and network."""
        self.context.close()
        self.wifi.stop()


def _of_folder(folder: Path) -> list[int]:
    """The main process of the browser that has its disk there, which ours started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"--user-data-dir={folder}".encode() in words and not any(w.startswith(b"--type=") for w in words):
                found.append(int(entry.name))
    return found


@pytest.fixture
def line(make_line: Callable[..., RunningLine]) -> RunningLine:
    """What is wanted waits at it, before anybody signs in and is idle until then."""
    running = line_of_held_parts(make_line, DECISIONS + DECISIONS // 4 + 10)
    wait_until(lambda: len(waiting(running)) >= WANTED, f"{WANTED} cases", 60 + A_PART_WITHIN_S * WANTED)
    return running


@pytest.fixture
def tablets(line: RunningLine, tmp_path: Path) -> Iterator[list[Tablet]]:
    """Three of them; two are used by the same person."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is absent; install the package chromium to drive the pages")
    with sync_playwright() as playwright:
        made: list[Tablet] = []
        try:
            for number, person in enumerate(PEOPLE):
                made.append(Tablet(playwright, tmp_path / f"tablet-{number}", line, person, SEED + number))
            yield made
        finally:
            for tablet in made:
                tablet.stop()


def recorded(line: RunningLine) -> list[DecisionView]:
    """Every decision on record."""
    views: list[DecisionView] = []
    below: int | None = None
    with line.records() as records:
        while True:
            page = records.decisions(Filter(line=line.settings.line), below, 500)
            views += page.rows
            if (below := page.next_below) is None:
                return views


def answer_to(row: CaseRow, chance: random.Random, touch: int) -> dict[str, Any]:
    """What somebody decides on it."""
    body: dict[str, Any] = {
        "reason": f"looked at it, touch {touch}",
        "case_id": str(row.case.id),
        "case_version": row.case.version,
    }
    if chance.random() < 0.6:
        return body | {"kind": "RELEASE"}
    return body | {"kind": "CONFIRM_HOLD", "disposition": "SCRAP"}


def something_happens(tablet: Tablet, chance: random.Random, to_kill: set[str]) -> None:
    """What a shift does to a tablet."""
    if tablet.wifi.outage is not None and chance.random() < 0.4:
        tablet.wifi.recover()
    roll = chance.random()
    if roll < 0.06:
        tablet.wifi.fail(chance.choice(("reset", "silent")))
        tablet.happened["outage"] += 1
    elif roll < 0.10:
        tablet.wifi.recover()
        tablet.close_the_tab()
    elif roll < 0.12:
        tablet.wifi.recover()
        tablet.restart()
    elif roll < 0.16 and tablet.address in to_kill:
        to_kill.remove(tablet.address)
        tablet.wifi.recover()
        tablet.kill()


def test_every_decision_is_applied_once_or_visibly_refused(line: RunningLine, tablets: list[Tablet]) -> None:
    chance = random.Random(SEED)
    cases = waiting(line)[:WANTED]
    tapped: dict[str, tuple[Tablet, UUID]] = {}
    to_kill = {tablet.address for tablet in tablets}
    for row in cases:
        deciding = chance.sample(tablets, 2 if chance.random() < CONTESTED else 1)
        for tablet in deciding:
            body = answer_to(row, chance, len(tapped))
            tapped[tablet.decide(body, f"{body['kind']} {row.case.serial}")] = tablet, row.case.id
            something_happens(tablet, chance, to_kill)
        if len(tapped) >= DECISIONS:
            break
    for tablet in tablets:
        tablet.wifi.heal()
        tablet.open()
    for tablet in tablets:
        wait_until(tablet.is_settled, f"the outbox of {tablet.address}", SETTLED_WITHIN_S)
    report(reconciled(line, tablets, tapped), tablets)


def reconciled(line: RunningLine, tablets: list[Tablet], tapped: dict[str, tuple[Tablet, UUID]]) -> dict[str, int]:
    """What the tablets say, what is on record, and what the PLC did, held against one another."""
    refused = {decision: tablet for tablet in tablets for decision in tablet.refused()}
    views = recorded(line)
    taken = [str(view.id) for view in views]
    assert len(set(taken)) == len(taken), "a decision is on record twice"
    lost = tapped.keys() - set(taken) - refused.keys()
    assert not lost, f"lost: {sorted(lost)}"
    assert not set(taken) & refused.keys(), "shown as not done, and done"
    assert set(taken) | refused.keys() == tapped.keys(), "nobody tapped this"
    for decision, tablet in refused.items():
        assert tapped[decision][0] is tablet, "shown on another tablet"
    about = Counter(str(view.case_id) for view in views)
    assert max(about.values()) == 1, "one case was answered twice"
    wait_until(
        lambda: all(view.travel is OrderState.DONE for view in recorded(line)), "every decision at the PLC", 120
    )
    with line.records() as records:
        details = {str(view.id): records.case(view.case_id) for view in views if view.case_id is not None}
        orders = records.orders(line.settings.line)
    assert Counter(str(order.decision_id) for order in orders).keys() == set(taken)
    assert len(orders) == len(taken), "an order was made twice"
    released = {d.case.serial for view in views if view.kind == "RELEASE" and (d := details[str(view.id)])}
    truth = line.truth()
    assert {part["serial"] for part in truth if part["passed_by"] == "release"} == released
    passed = Counter(part["serial"] for part in truth if part["passed_by"] is not None)
    assert max(passed.values(), default=1) == 1, "a part passed twice"
    return {"tapped": len(tapped), "applied": len(taken), "refused": len(refused), "released": len(released)}


def report(figures: dict[str, int], tablets: list[Tablet]) -> None:
    """What the run was like, for whoever runs it by hand with -s."""
    happened: Counter[str] = sum((tablet.happened for tablet in tablets), Counter())
    faults: Counter[str] = sum((tablet.wifi.faults for tablet in tablets), Counter())
    sys.stdout.write(f"\n{figures}\n{dict(happened)}\n{dict(faults.most_common())}\n")
