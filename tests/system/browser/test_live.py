"""A page is live, or says since when it is not; without a network a tablet shows what it knew, marked as old."""

import random
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.proxy.wifi import BadWifi
from tests.system.browser.conftest import Station
from tests.system.browser.shop import Shop
from tests.system.browser.tapping import sign_in, tap
from tests.system.running import wait_until

pytestmark = pytest.mark.browser

LIGHT = 200_000
"""Bytes over the wire that the first page may cost."""
A_PICTURE = 33_000
"""Bytes of the live picture of the simulated line's camera, as the edge process shows it."""
SILENT_MS = 13_000


@pytest.fixture
def page(context: BrowserContext, station: Station) -> Page:
    """The line page, live."""
    sign_in(context, station.address, "vera", "correct horse")
    opened = context.new_page()
    opened.goto(f"{station.address}/line")
    expect(opened.locator("body")).to_have_attribute("data-link", "live")
    return opened


def serve_from_the_tablet(page: Page) -> None:
    """Returns when the tablet has the shell of the app, and this page."""
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    page.reload()
    page.wait_for_function("async () => (await caches.has('pages'))")


def test_a_page_says_since_when_it_is_not_live_and_catches_up(page: Page, station: Station, shop: Shop) -> None:
    expect(page.locator("#link")).to_be_hidden()
    station.stop()
    expect(page.locator("#link")).to_be_in_viewport()
    expect(page.locator("#link")).to_contain_text("Not live since")
    shop.make({"hole_4_x_mm": 0.19})
    station.start()
    expect(page.locator("#link")).to_be_hidden(timeout=20000)
    expect(page.locator("#nav-cases .count")).to_contain_text("1")


def test_a_network_that_swallows_everything_is_noticed(
    context: BrowserContext, station: Station, shop: Shop
) -> None:
    wifi = BadWifi(int(station.address.rpartition(":")[2]), 1, share=0, of_decisions=0)
    wifi.start()
    try:
        address = f"http://127.0.0.1:{wifi.port}"
        sign_in(context, address, "vera", "correct horse")
        page = context.new_page()
        page.clock.install()
        page.goto(f"{address}/line")
        expect(page.locator("body")).to_have_attribute("data-link", "live")
        wifi.fail("silent")
        page.clock.run_for(SILENT_MS)
        expect(page.locator("#link")).to_be_visible()
        shop.make({"hole_4_x_mm": 0.19})
        wifi.fail("reset")
        wifi.recover()
        page.clock.run_for(SILENT_MS)
        expect(page.locator("#link")).to_be_hidden()
        expect(page.locator("#nav-cases .count")).to_contain_text("1")
    finally:
        wifi.stop()


def test_a_link_that_comes_back_goes_on_where_it_stopped(
    page: Page, context: BrowserContext, station: Station
) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url) if "/events" in request.url else None)
    station.stop()
    expect(page.locator("#link")).to_be_visible()
    station.start()
    expect(page.locator("#link")).to_be_hidden(timeout=20000)
    told = page.locator('meta[name="jidoka"]').get_attribute("data-told") or ""
    assert asked
    assert all(url.partition("last_event_id=")[2].startswith(told.partition("-")[0]) for url in asked)


def test_a_page_asks_for_nothing_that_it_was_drawn_with(
    page: Page, context: BrowserContext, station: Station
) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url) if request.headers.get("hx-request") else None)
    page.goto(f"{station.address}/cases")
    expect(page.locator("body")).to_have_attribute("data-link", "live")
    page.wait_for_timeout(400)
    assert [url for url in asked if url.endswith("/cases")] == []


def test_without_a_network_the_last_page_is_shown_as_old_and_decisions_wait(
    page: Page, station: Station, shop: Shop
) -> None:
    shop.make({"hole_4_x_mm": 0.19})
    case = shop.edge.open_cases()[0]
    serve_from_the_tablet(page)
    station.stop()
    page.reload()
    expect(page.locator("#link")).to_be_in_viewport()
    expect(page.locator("#link")).to_contain_text("Not live since")
    assert page.evaluate("document.documentElement.dataset.kept")
    tap(page, {"kind": "RELEASE", "reason": "looked", "case_id": str(case.id), "case_version": case.version})
    expect(page.locator("#outbox article.waiting")).to_have_count(1)

    page.goto(f"{station.address}/reports")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("#page")).to_contain_text("The station does not answer")
    expect(page.locator("#outbox article")).to_have_count(1)

    station.start()
    expect(page.locator("body")).to_have_attribute("data-link", "live", timeout=20000)
    wait_until(lambda: len(shop.edge.pending_decisions()) == 1, "the decision", 10)
    expect(page.locator("#outbox article")).to_have_count(0)


def test_what_was_kept_is_forgotten_with_the_session(page: Page, station: Station) -> None:
    serve_from_the_tablet(page)
    page.goto(f"{station.address}/sign-in")
    page.wait_for_function("async () => !(await caches.has('pages'))")


def test_the_tablet_keeps_no_answer_of_the_api(page: Page) -> None:
    serve_from_the_tablet(page)
    page.evaluate("fetch('/api/v1/line').then((answer) => answer.json())")
    kept = page.evaluate(
        """async () => {
          const urls = [];
          for (const name of await caches.keys())
            for (const request of await (await caches.open(name)).keys()) urls.push(new URL(request.url).pathname);
          return urls;
        }"""
    )
    assert "/line" in kept
    assert not [path for path in kept if path.startswith(("/api", "/pictures"))]


def test_the_app_can_be_installed(page: Page, context: BrowserContext) -> None:
    serve_from_the_tablet(page)
    devtools = context.new_cdp_session(page)
    manifest = devtools.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"].endswith("/manifest.webmanifest")
    faults = {fault["errorId"] for fault in devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]}
    assert faults <= {"in-incognito"}, "a test's browser is a private one, and lacks nothing else"


def test_the_first_page_is_light(context: BrowserContext, station: Station, shop: Shop) -> None:
    for _ in range(120):
        shop.make({"hole_4_x_mm": 0.01})
    shop.make({"hole_4_x_mm": 0.19})
    (shop.live_folder / "face.jpg").write_bytes(b"\xff\xd8" + random.Random(1).randbytes(A_PICTURE))
    sign_in(context, station.address, "vera", "correct horse")
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    addresses: dict[str, str] = {}
    weights: dict[str, float] = {}

    def asked(event: dict[str, Any]) -> None:
        addresses[event["requestId"]] = event["request"]["url"]

    def came(event: dict[str, Any]) -> None:
        weights[addresses[event["requestId"]]] = event["encodedDataLength"]

    devtools.on("Network.requestWillBeSent", asked)
    devtools.on("Network.loadingFinished", came)
    page.goto(f"{station.address}/line", wait_until="load")
    expect(page.locator("body")).to_have_attribute("data-link", "live")
    total = sum(weights.values())
    heaviest = sorted(weights.items(), key=lambda pair: -pair[1])[:8]
    assert total <= LIGHT, heaviest
    assert any("/pictures/live/" in address for address in weights), "the picture counts too"
    assert len(weights) > 15, "it was the first time"
