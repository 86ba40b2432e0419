"""Every page, in both languages, light and dark, as a tablet shows it: readable, reachable and nothing cut off.

axe-core (from the package axe-playwright-python) judges by WCAG 2.2 A and AA. What it cannot see is looked at
here: the content security policy, the console, the size of what is touched, 200 % zoom, clipped text and fonts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.routing import iter_route_contexts
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from quality.alarm import Alarm, Priority
from quality.case import Decision, DecisionKind
from quality.evidence import Box
from quality.plan import Role
from quality.saying import saying
from records.views import Account
from review_api import pages
from review_api.language import LANGUAGE_COOKIE
from tests.system.browser.conftest import CHEAP, TABLET, Station
from tests.system.browser.shop import LINE, PLAN, Shop
from tests.system.browser.tapping import sign_in
from tests.system.browser.test_decisions import picture

STRICT = replace(
    PLAN, characteristics=tuple(replace(c, critical=c.name == "hole_6_y_mm") for c in PLAN.characteristics)
)
LANGUAGES = ("en", "ja")
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
ZOOMED = ({"width": 640, "height": 400}, {"width": 400, "height": 640})
"""What a page has at 200 % on a 10-inch tablet, lying and standing."""
STANDING = {"width": 800, "height": 1280}
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
FACES = frozenset({"Noto Sans CJK JP", "Noto Sans JP", "Hiragino Sans", "Yu Gothic", "Meiryo"})
"""As ground.css asks for them."""
TEXT = 3
"""The DOM's number for a node of text."""
LEAST_PX = 48
ON_A_CASE_PX = 118
"""20 mm on a 10-inch tablet of 1280 by 800."""
NOT_PAGES = {"/", "/manifest.webmanifest", "/service-worker.js", "/sign-in/plant", "/sign-in/plant/back"}

LISTEN = (
    """addEventListener("securitypolicyviolation", (event) => console.error("CSP " + event.violatedDirective));"""
)
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""A chart takes its new size a frame after the page has."""
WIDER = """() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  const over = (each) => each.getBoundingClientRect().right > clientWidth + 1;
  return scrollWidth <= clientWidth ? [] : [...document.querySelectorAll("body *")]
    .filter((each) => over(each) && !over(each.parentElement)).map((each) => `${each.tagName}.${each.className}`);
}"""
CUT_OFF = """() => [...document.querySelectorAll("body *")].filter((each) => {
  const style = getComputedStyle(each);
  if (!each.getClientRects().length || each.closest(".unseen, svg, .panes, jidoka-chart")) return false;
  if (!each.textContent.trim()) return false;
  const hides = (overflow) => overflow === "hidden" || overflow === "clip";
  return (hides(style.overflowX) && each.scrollWidth > each.clientWidth + 1)
    || (hides(style.overflowY) && each.scrollHeight > each.clientHeight + 1);
}).map((each) => `${each.tagName}.${each.className} ${each.textContent.trim().slice(0, 60)}`)"""
SMALL = """([usual, selector]) => [...document.querySelectorAll(selector)].filter((each) => {
  let least = usual;
  if (!each.getClientRects().length || each.closest(".skip, dialog:not([open])")) return false;
  const { display } = getComputedStyle(each);
  // A link in a sentence, a list or a table: 24 px, as WCAG 2.5.8 wants. The strip leads where a list does too.
  if (each.tagName === "A" && each.closest("p, td, th, li, dd, h2")) {
    if (display === "inline" || each.closest(".strip")) return false;
    least = 24;
  }
  const touched = ["radio", "checkbox"].includes(each.type) ? each.closest("label") ?? each : each;
  const { width, height } = touched.getBoundingClientRect();
  return width < least - 0.5 || height < least - 0.5;
}).map((each) => `${each.tagName} ${each.textContent.trim().slice(0, 40) || each.name || each.type}`
  + ` ${Math.round(each.getBoundingClientRect().width)}x${Math.round(each.getBoundingClientRect().height)}`)"""
TOUCHED = "button, a[href], input:not([type=hidden]), select, textarea, summary"


def not_japanese(page: Page) -> list[str]:
    """Japanese text that is set in anything but a Japanese face."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("DOM.enable")
    devtools.send("CSS.enable")
    found = []
    nodes = [devtools.send("DOM.getDocument", {"depth": -1})["root"]]
    while nodes:
        node = nodes.pop()
        inner = node.get("children", ())
        nodes += inner
        if any(each["nodeType"] == TEXT and JAPANESE.search(each["nodeValue"]) for each in inner):
            fonts = devtools.send("CSS.getPlatformFontsForNode", {"nodeId": node["nodeId"]})["fonts"]
            found += [
                f"{font['familyName']} in {node['nodeName']}" for font in fonts if font["familyName"] not in FACES
            ]
    devtools.detach()
    return found


@dataclass(frozen=True)
class Seeded:
    """A station whose line has made parts of every kind, and the paths of its pages by how they are declared."""

    station: Station
    paths: dict[str, str]


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    shop = Shop(tmp_path_factory.mktemp("every-page"))
    for name, role in (("vera", Role.ENGINEER), ("ada", Role.ADMIN)):
        shop.records.save_account(Account(name, name.capitalize(), role, CHEAP.hash("correct horse")))
    for number in range(12):
        passed = shop.make({"hole_4_x_mm": 0.004 * number}, picture(), ago=timedelta(minutes=30 - number))
        shop.measure(passed, {"hole_4_x_mm": 0.005 * number - 0.01})
    held = shop.make({"hole_4_x_mm": 0.17}, picture(), score=0.9, box=Box(40, 30, 60, 50, 0.9))
    shop.make({"hole_5_y_mm": -0.2}, ago=timedelta(minutes=9))
    critical = shop.make({"hole_6_y_mm": 0.2}, picture())
    shop.edge.raise_alarm(
        Alarm(
            "face",
            "no evidence",
            Priority.HIGH,
            saying(
                "{device}: {problem}. Mend: {mend}.",
                device="face",
                problem=saying("it has been silent for {silent} s", silent="2.0"),
                mend=saying("Check the camera's power, cable and address"),
            ),
            datetime.now(UTC),
        )
    )
    shop.edge.use_plan(PLAN)
    shop.show()
    (shop.live_folder / "face.jpg").write_bytes(picture())
    cases = {each.serial: each for each in shop.edge.open_cases()}
    case, proposed = cases[held.cycle.serial], cases[critical.cycle.serial]
    release = Decision(
        uuid4(), DecisionKind.RELEASE, LINE, "otto", Role.ENGINEER, datetime.now(UTC), "Looked at", proposed.id, 1
    )
    shop.records.decide(release, STRICT, None)
    paths = {
        "/cases/{case_id}": f"/cases/{case.id}",
        "/cases/{case_id}/second": f"/cases/{proposed.id}/second?agrees=false",
        "/cases/{case_id}/decide": f"/cases/{case.id}/decide?kind=CONFIRM_HOLD",
        "/line/decide": "/line/decide?kind=STOP_LINE",
        "/parts/{serial:path}": f"/parts/{held.cycle.serial}",
        "/passages/{inspection_id}": "/passages/13",
        "/plans/{version}": f"/plans/{PLAN.version}",
    }
    station = Station(shop)
    station.start()
    yield Seeded(station, paths)
    station.stop()
    shop.close()


def tablet_of(browser: Browser, seeded: Seeded, language: str, scheme: str, who: str) -> BrowserContext:
    """A tablet on which that person has signed in and chosen the language."""
    tablet = browser.new_context(viewport=TABLET, color_scheme=scheme, has_touch=True, service_workers="block")
    tablet.add_cookies([{"name": LANGUAGE_COOKIE, "value": language, "url": seeded.station.address}])
    tablet.add_init_script(LISTEN)
    sign_in(tablet, seeded.station.address, who, "correct horse")
    return tablet


def declared() -> set[str]:
    """The pages there are, as their routes declare them."""
    return {
        context.path
        for context in iter_route_contexts(pages.router.routes)
        if "GET" in (getattr(context, "methods", None) or ()) and context.path not in NOT_PAGES
    }


def troubles(page: Page, path: str, checks: dict[str, Any]) -> list[str]:
    """What is wrong with the page that is open."""
    found = [f"cut off: {each}" for each in page.evaluate(CUT_OFF)]
    found += [f"small: {each}" for each in page.evaluate(SMALL, [LEAST_PX, TOUCHED])]
    if path == "/cases/{case_id}":
        acting = ".actions button, .actions .button"
        found += [f"small on a case: {each}" for each in page.evaluate(SMALL, [ON_A_CASE_PX, acting])]
    if page.locator("html").get_attribute("lang") == "ja" and checks is CONTRAST:
        found += [f"no Japanese face: {each}" for each in not_japanese(page)]
    judged = Axe().run(page, options=checks).response
    for violation in judged["violations"]:
        nodes = "; ".join(node["html"][:120] for node in violation["nodes"][:3])
        found.append(f"axe {violation['id']}: {nodes}")
    page.set_viewport_size(STANDING)
    page.evaluate(DRAWN)
    found += [f"cut off, standing: {each}" for each in page.evaluate(CUT_OFF)]
    for size in ZOOMED:
        page.set_viewport_size(size)
        page.evaluate(DRAWN)
        found += [f"at 200 % wider than {size['width']} px: {each}" for each in page.evaluate(WIDER)]
    page.set_viewport_size(TABLET)
    return found


@pytest.mark.parametrize(("scheme", "whole"), [("light", "en"), ("dark", "ja")])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_readable_and_reachable(
    browser: Browser, seeded: Seeded, language: str, scheme: str, whole: str
) -> None:
    """Contrast differs with the scheme, the rest of what axe judges does not: it is judged once a language."""
    wrong: list[str] = []
    tablets = {who: tablet_of(browser, seeded, language, scheme, who) for who in ("vera", "ada")}
    for path in sorted(declared()):
        page = tablets["ada" if path.startswith("/admin") else "vera"].new_page()
        said: list[str] = []

        def hear(message: ConsoleMessage, said: list[str] = said) -> None:
            if (
                message.type == "error" or "CSP" in message.text
            ) and "ERR_INTERNET_DISCONNECTED" not in message.text:
                said.append(f"console: {message.text}")

        page.on("console", hear)
        page.on("pageerror", lambda error, said=said: said.append(f"script: {error}"))
        answer = page.goto(seeded.station.address + seeded.paths.get(path, path))
        if answer is None or not answer.ok:
            wrong.append(f"{path}: answers {answer and answer.status}")
            continue
        # The page for want of a network goes back to what it stands in for as soon as there is one.
        tablets["vera"].set_offline(path == "/offline")
        wrong += [
            f"{path}: {each}" for each in troubles(page, path, AXE if language == whole else CONTRAST) + said
        ]
        tablets["vera"].set_offline(False)
        page.close()
    for tablet in tablets.values():
        tablet.close()
    assert not wrong, "\n".join(wrong)
