"""What a person does about alarms on the tablet, with scripts and without."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from quality.alarm import Alarm, Priority
from tests.system.browser.conftest import TABLET, Station
from tests.system.browser.shop import LINE, Shop

pytestmark = pytest.mark.browser


def alarm(shop: Shop, source: str, kind: str, *, ago_s: float = 0, latched: bool = False) -> None:
    at = datetime.now(UTC) - timedelta(seconds=ago_s)
    shop.edge.raise_alarm(Alarm(source, kind, Priority.URGENT, f"{source} is in trouble. Mend it.", at, latched))


def sign_in(context: BrowserContext, station: Station, name: str = "vera") -> None:
    """By the API: what is tested here comes after."""
    answer = context.request.post(
        f"{station.address}/api/v1/session", data={"name": name, "password": "correct horse"}
    )
    assert answer.ok, answer.text()


@pytest.fixture
def alarms_page(context: BrowserContext, tablet: Page, station: Station) -> Page:
    sign_in(context, station)
    tablet.goto(f"{station.address}/alarms")
    return tablet


def test_one_touch_acknowledges_and_what_has_happened_is_over_then(alarms_page: Page, shop: Shop) -> None:
    expect(alarms_page.get_by_role("heading", level=1)).to_have_text("No alarm stands")
    alarm(shop, "plc", "no answer")
    alarm(shop, "line", "cycles missed", latched=True)
    expect(alarms_page.get_by_role("heading", level=1)).to_have_text("2 alarms want to be acknowledged")
    expect(alarms_page.locator(".first-out")).to_have_count(1)

    alarms_page.get_by_role("button", name="Acknowledge PLC, no answer").click()

    expect(alarms_page.locator(".alarm-entry.acknowledged")).to_contain_text("known to vera since")
    expect(alarms_page.locator("#nav-alarms .count")).to_contain_text("1")
    alarms_page.get_by_role("button", name="Acknowledge").click()
    expect(alarms_page.get_by_role("heading", level=1)).to_have_text("Every alarm is acknowledged")
    expect(alarms_page.locator(".alarm-entry")).to_have_count(1)


def test_a_chattering_alarm_is_put_out_of_sight_with_a_reason_and_shown_again(
    alarms_page: Page, shop: Shop
) -> None:
    alarm(shop, "face", "camera")
    alarms_page.locator(".shelve summary").click()
    alarms_page.get_by_label("1 h").check()
    alarms_page.get_by_label("Maintenance is at it").check()
    alarms_page.get_by_label("More, in your words").fill("back at noon")
    alarms_page.get_by_role("button", name="Put out of sight").click()

    shelved = alarms_page.locator(".alarm-entry.shelved")
    expect(shelved).to_contain_text("Maintenance is at it: back at noon")
    expect(alarms_page.get_by_role("heading", level=1)).to_have_text("No alarm stands")
    (listed,) = shop.records.listed_alarms(LINE, datetime.now(UTC))
    assert listed.shelf is not None
    assert listed.shelf.until - listed.shelf.since == timedelta(hours=1)
    shelved.get_by_role("button", name="Show again").click()
    expect(alarms_page.locator(".alarm-entry.unacknowledged")).to_have_count(1)


def test_history_is_narrowed_by_touching_a_name(alarms_page: Page, shop: Shop) -> None:
    for number in range(3):
        alarm(shop, "plc" if number else "face", "no answer", ago_s=60 * number, latched=True)
    alarms_page.get_by_role("link", name="History").click()
    expect(alarms_page.locator("tbody tr")).to_have_count(3)
    alarms_page.get_by_role("link", name="PLC", exact=True).first.click()
    expect(alarms_page.locator("tbody tr")).to_have_count(2)
    alarms_page.get_by_role("link", name="only PLC").click()
    expect(alarms_page.locator("tbody tr")).to_have_count(3)


def test_alarms_are_acknowledged_without_scripts(browser: Browser, station: Station, shop: Shop) -> None:
    alarm(shop, "plc", "no answer")
    context = browser.new_context(viewport=TABLET, java_script_enabled=False)
    sign_in(context, station, "otto")
    page = context.new_page()
    page.goto(f"{station.address}/alarms")
    assert page.locator(".shelve").count() == 0, "an operator does not shelve"
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Every alarm is acknowledged")
    context.close()
