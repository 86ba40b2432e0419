"""Signing in at a shared tablet: a badge, a PIN under a glove, a tablet that nobody touches, and no script."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.system.browser.conftest import CHEAP, TABLET, Station
from tests.system.browser.shop import Shop

pytestmark = pytest.mark.browser
LEAST_TARGET = 48
PIN = "2846"


@pytest.fixture
def with_badge(shop: Shop, station: Station) -> Station:
    """Vera has a badge and a PIN."""
    vera = shop.records.account("vera")
    assert vera is not None
    shop.records.save_account(replace(vera, badge="0042", pin_hash=CHEAP.hash(PIN)))
    return station


def _touch_pin(page: Page, pin: str) -> None:
    for digit in pin:
        page.get_by_role("button", name=digit, exact=True).click()


def test_a_scanned_badge_and_a_touched_pin_open_the_line(
    with_badge: Station, tablet: Page, tmp_path: Path
) -> None:
    del with_badge
    tablet.reload()
    # A scanner types what the badge says, then Enter.
    tablet.keyboard.type("0042")
    tablet.keyboard.press("Enter")
    expect(tablet.get_by_label("PIN or password")).to_be_focused()
    for key in tablet.locator("#pin-pad button").all():
        box = key.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= LEAST_TARGET
    tablet.screenshot(path=tmp_path / "pad.png")
    _touch_pin(tablet, "1111")
    tablet.get_by_role("button", name="Sign in").click()
    expect(tablet.get_by_role("alert")).to_contain_text("is wrong")
    expect(tablet.get_by_label("PIN or password")).to_have_value("")
    _touch_pin(tablet, PIN + "9")
    tablet.get_by_role("button", name="Take the last digit back").click()
    tablet.get_by_role("button", name="Sign in").click()
    tablet.wait_for_url("**/line")
    # From now on this tablet offers those who sign in with a PIN.
    tablet.context.clear_cookies(name="jidoka_session")
    tablet.goto(re.sub(r"/line.*", "/sign-in", tablet.url))
    expect(tablet.get_by_role("link", name=re.compile("Otto"))).to_have_count(0)
    tablet.get_by_role("link", name=re.compile("Vera")).click()
    tablet.screenshot(path=tmp_path / "names.png")
    _touch_pin(tablet, PIN)
    tablet.get_by_role("button", name="Sign in").click()
    tablet.wait_for_url("**/line")


def test_without_scripts_it_is_two_plain_forms(with_badge: Station, browser: Browser) -> None:
    context = browser.new_context(viewport=TABLET, java_script_enabled=False)
    page = context.new_page()
    page.goto(with_badge.address)
    page.get_by_label("Name or badge").fill("0042")
    page.get_by_label("Name or badge").press("Enter")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_label("Name or badge")).to_have_value("0042")
    page.get_by_label("PIN or password").fill(PIN)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/line")
    page.goto(f"{with_badge.address}/me")
    page.get_by_label("PIN or password until now").fill(PIN)
    page.get_by_label("New:").fill("1357")
    page.get_by_label("The new one again").fill("1357")
    page.get_by_role("button", name="Change").click()
    page.wait_for_url("**/line")
    context.close()


def test_a_tablet_that_nobody_touches_says_so_and_signs_out(station: Station, signed_in: Page) -> None:
    signed_in.clock.install()
    signed_in.goto(f"{station.address}/cases")
    warning = signed_in.get_by_text("Nobody has touched this tablet for a while.")
    signed_in.clock.fast_forward("14:10")
    expect(warning).to_be_visible()
    signed_in.locator("h1").first.click()
    signed_in.clock.fast_forward("00:10")
    expect(warning).to_be_hidden()
    # The station agrees that the time is over: here its session is ended as its clock would.
    signed_in.context.clear_cookies(name="jidoka_session")
    signed_in.clock.fast_forward("15:10")
    signed_in.wait_for_url("**/sign-in?next=%2Fcases")
