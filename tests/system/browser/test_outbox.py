"""What a tapped decision goes through on bad Wi-Fi: it is sent once, or the person is told that it was not."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from quality.inspection import Inspection
from quality.plan import Role
from records.views import Account
from tests.system.browser.conftest import CHEAP, TABLET, Station
from tests.system.browser.shop import Shop
from tests.system.browser.tapping import outbox, sign_in, tap

pytestmark = pytest.mark.browser


@pytest.fixture
def held(shop: Shop) -> Inspection:
    """A part that waits for a person."""
    return shop.make({"hole_4_x_mm": 0.19})


@pytest.fixture
def page(context: BrowserContext, station: Station, shop: Shop, held: Inspection) -> Page:
    """The page of a held part's case, as an engineer sees it."""
    assert held
    sign_in(context, station.address, "vera", "correct horse")
    opened = context.new_page()
    opened.goto(f"{station.address}/cases/{shop.edge.open_cases()[0].id}")
    return opened


def release(shop: Shop) -> dict[str, Any]:
    case = shop.edge.open_cases()[0]
    return {"kind": "RELEASE", "reason": "looked at", "case_id": str(case.id), "case_version": case.version}


STOP = {"kind": "STOP_LINE", "reason": "smoke"}


def comes_late(context: BrowserContext) -> None:
    """What the tablet sends reaches the station a second after its time."""
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    context.route(
        "**/api/v1/decisions/*",
        lambda route: route.continue_(
            post_data=json.dumps(json.loads(route.request.post_data or "") | {"good_until": past})
        ),
    )


def lose_the_answer(route: Route) -> None:
    """The station takes it, and the tablet is not told."""
    route.fetch()
    route.abort()


def test_a_decision_outlives_its_tab_and_is_taken_once(
    page: Page, context: BrowserContext, station: Station, shop: Shop
) -> None:
    station.stop()
    tapped = tap(page, release(shop))
    expect(page.locator("#outbox article")).to_contain_text("Not yet sent")
    expect(page.locator(".outbox-count")).to_contain_text("Not yet sent: 1")
    assert page.locator("#outbox").bounding_box()["width"] == TABLET["width"]  # type: ignore[index]  # it is there
    page.close()
    station.start()
    assert shop.edge.pending_decisions() == []

    again = context.new_page()
    with again.expect_response(lambda answer: answer.request.method == "PUT"):
        again.goto(f"{station.address}/line")

    expect(again.locator("#outbox article")).to_have_count(0)
    assert [str(decision.id) for decision in shop.edge.pending_decisions()] == [tapped]


def test_of_two_tabs_one_delivers(page: Page, context: BrowserContext, station: Station, shop: Shop) -> None:
    other = context.new_page()
    other.goto(f"{station.address}/line")
    sent: list[str] = []
    context.on("request", lambda request: sent.append(request.url) if request.method == "PUT" else None)
    tap(page, release(shop))
    expect(page.locator("#outbox article")).to_have_count(0)
    expect(other.locator("#outbox article")).to_have_count(0)
    assert len(sent) == 1
    assert len(shop.edge.pending_decisions()) == 1


def test_a_case_that_moved_on_meanwhile_refuses_it_where_nobody_can_miss_it(
    page: Page, station: Station, shop: Shop, held: Inspection
) -> None:
    asked = release(shop)
    station.stop()
    tap(page, asked)
    expect(page.locator("#outbox article.waiting")).to_have_count(1)
    shop.measure(held, {"hole_4_x_mm": 0.21})
    station.start()
    refused = page.locator("#outbox article.refused")
    expect(refused).to_contain_text("Not done. The case has moved on", timeout=20000)
    page.reload()
    expect(refused, "the refusal outlives the page").to_contain_text("Not done. The case has moved on")
    assert shop.edge.pending_decisions() == []
    refused.get_by_role("button", name="Look again").click()
    expect(refused).to_have_count(0)


@pytest.mark.parametrize("about", ["the line", "a case"])
def test_what_comes_after_its_time_is_asked_again(
    page: Page, context: BrowserContext, shop: Shop, about: str
) -> None:
    comes_late(context)
    tap(page, STOP if about == "the line" else release(shop))
    asked = page.locator("#outbox article")
    expect(asked).to_contain_text("Not done: it did not reach the station in time")
    assert shop.edge.pending_decisions() == []
    context.unroute_all()
    asked.get_by_role("button", name="Send now").click()
    expect(asked).to_have_count(0)
    assert len(shop.edge.pending_decisions()) == 1


def test_what_was_tapped_is_meant_until_the_deadline_and_what_is_about_the_line_for_20_s(
    page: Page, station: Station, shop: Shop
) -> None:
    station.stop()
    deadline = shop.edge.open_cases()[0].deadline
    tap(page, release(shop), deadline=deadline.isoformat())
    tap(page, STOP)
    by_kind = {entry["decision"]["kind"]: entry for entry in outbox(page)}
    assert by_kind["RELEASE"]["until"] == pytest.approx(deadline.timestamp() * 1000, abs=2)
    assert by_kind["STOP_LINE"]["until"] - by_kind["STOP_LINE"]["at"] == pytest.approx(20000, abs=5)


def test_a_decision_taken_back_is_not_sent_or_the_person_is_told(
    page: Page, context: BrowserContext, shop: Shop
) -> None:
    context.route("**/api/v1/decisions/*", lose_the_answer)
    tap(page, release(shop))
    expect(page.locator("#outbox article.waiting")).to_be_visible()
    assert len(shop.edge.pending_decisions()) == 1
    context.unroute_all()
    context.route("**/api/v1/decisions/*", lambda route: route.abort())
    tap(page, STOP)
    expect(page.locator("#outbox article.waiting")).to_have_count(2)
    for _ in range(2):
        page.locator("#outbox article.waiting").first.get_by_role("button", name="Do not send").click()
    context.unroute_all()
    expect(page.locator("#outbox article.refused")).to_contain_text("It had come already", timeout=15000)
    expect(page.locator("#outbox article.sending")).to_contain_text("Taken back")
    assert [decision.kind.value for decision in shop.edge.pending_decisions()] == ["RELEASE"]


def test_another_person_sees_that_something_waits_and_does_not_send_it(
    page: Page, context: BrowserContext, station: Station, shop: Shop
) -> None:
    shop.records.save_account(Account("ruth", "Ruth", Role.SUPERVISOR, CHEAP.hash("battery staple")))
    station.stop()
    tap(page, release(shop))
    expect(page.locator("#outbox article.waiting")).to_have_count(1)
    page.close()
    station.start()
    sign_in(context, station.address, "ruth", "battery staple")
    hers = context.new_page()
    hers.goto(f"{station.address}/line")
    expect(hers.locator("#outbox article")).to_contain_text("until its person signs in: vera")
    assert shop.edge.pending_decisions() == []
    sign_in(context, station.address, "vera", "correct horse")
    hers.goto(f"{station.address}/line")
    expect(hers.locator("#outbox article")).to_have_count(0)
    assert [decision.decided_by for decision in shop.edge.pending_decisions()] == ["vera"]


def test_a_session_that_is_over_keeps_it_until_the_person_is_back(
    page: Page, context: BrowserContext, station: Station, shop: Shop
) -> None:
    asked = release(shop)
    context.clear_cookies()
    tap(page, asked)
    expect(page.locator("#outbox article")).to_contain_text("your session is over")
    sign_in(context, station.address, "vera", "correct horse")
    page.goto(f"{station.address}/line")
    expect(page.locator("#outbox article")).to_have_count(0)
    assert len(shop.edge.pending_decisions()) == 1


def test_a_portal_that_answers_in_the_stations_place_is_not_believed(
    page: Page, context: BrowserContext, shop: Shop
) -> None:
    context.route(
        "**/api/v1/decisions/*",
        lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Welcome to our Wi-Fi</h1>"),
    )
    tap(page, release(shop))
    expect(page.locator("#outbox article.waiting")).to_be_visible()
    context.unroute_all()
    expect(page.locator("#outbox article")).to_have_count(0, timeout=10000)
    assert len(shop.edge.pending_decisions()) == 1


@pytest.fixture
def forgetful(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that keeps nothing, as in a private window of some makers."""
    tablet = browser.new_context(viewport=TABLET)
    tablet.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined })")
    yield tablet
    tablet.close()


def test_a_browser_that_keeps_nothing_says_so_and_sends_at_once(
    forgetful: BrowserContext, station: Station, shop: Shop
) -> None:
    shop.make({"hole_4_x_mm": 0.19})
    sign_in(forgetful, station.address, "vera", "correct horse")
    page = forgetful.new_page()
    page.goto(f"{station.address}/line")
    expect(page.locator(".outbox-fleeting")).to_contain_text("This browser keeps nothing")
    tap(page, release(shop))
    expect(page.locator("#outbox article")).to_have_count(0)
    assert len(shop.edge.pending_decisions()) == 1
