"""The handover: a shift summed up, its note, and two who write it at once."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from quality.alarm import Alarm, Priority
from quality.shift import SHIFTS, shift_at
from tests.system.browser.conftest import Station
from tests.system.browser.shop import LINE, Shop
from tests.system.browser.test_alarms import sign_in

pytestmark = pytest.mark.browser
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def handover(context: BrowserContext, tablet: Page, station: Station, shop: Shop) -> Page:
    """Of a shift with one held part and one alarm."""
    shop.make({"hole_4_x_mm": 0.19}, serial="BM-HELD")
    shop.edge.raise_alarm(Alarm("plc", "no answer", Priority.URGENT, "No reply.", datetime.now(UTC)))
    sign_in(context, station)
    tablet.goto(f"{station.address}/handover")
    return tablet


def test_a_shift_is_on_one_page_and_leads_to_what_it_left_open(handover: Page) -> None:
    expect(handover.get_by_role("region", name="Parts")).to_contain_text("held")
    expect(handover.get_by_role("region", name="Alarms")).to_contain_text("PLC, no answer")
    expect(handover.get_by_role("link", name="Shift after")).to_have_count(0)
    handover.get_by_role("link", name="Shift before").click()
    expect(handover.get_by_role("region", name="Left open")).to_contain_text("Nothing waits for an answer.")
    handover.get_by_role("link", name="Shift after").click()
    handover.get_by_role("region", name="Left open").get_by_role("link", name="BM-HELD").click()
    handover.wait_for_url("**/cases/*")


def test_a_note_is_kept_and_nobody_writes_over_another_unseen(handover: Page, shop: Shop) -> None:
    now = datetime.now(UTC)
    shift = shift_at(now, SHIFTS, BERLIN)
    note = handover.get_by_role("textbox", name="Note for the next shift")
    note.fill("Spindle B rumbles.")
    handover.get_by_role("button", name="Keep the note").click()
    expect(handover.get_by_role("heading", name="Note for the next shift")).to_contain_text("vera")

    shop.records.shifts.write_note(LINE, shift, "Mine first.", 1, "otto", now)
    note.fill("Spindle B is quiet.")
    handover.get_by_role("button", name="Keep the note").click()
    expect(handover.get_by_role("alert")).to_contain_text("otto has written this note meanwhile")
    expect(handover.locator(".note-text")).to_have_text("Mine first.")
    expect(note).to_have_value("Spindle B is quiet.")
    handover.get_by_role("button", name="Keep the note").click()
    expect(handover.get_by_role("alert")).to_have_count(0)
    kept = shop.records.shifts.note(LINE, shift)
    assert kept is not None
    assert (kept.text, kept.version) == ("Spindle B is quiet.", 3)


def test_on_paper_there_is_the_shift_and_nothing_to_touch(handover: Page) -> None:
    handover.emulate_media(media="print")
    expect(handover.get_by_role("region", name="Alarms")).to_be_visible()
    expect(handover.locator("#top")).to_be_hidden()
    expect(handover.get_by_role("button", name="Keep the note")).to_be_hidden()
