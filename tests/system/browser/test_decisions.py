"""What an engineer does on the tablet, from sign-in to the PLC's acknowledgement."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from quality.case import Case, CaseKind
from quality.evidence import Box
from quality.plan import Role
from tests.system.browser.conftest import Station
from tests.system.browser.shop import LINE, STATION, Shop

pytestmark = pytest.mark.browser


def picture() -> bytes:
    grey = np.full((512, 640), 140, np.uint8)
    cv2.circle(grey, (400, 250), 60, 30, -1)
    return cv2.imencode(".jpg", grey)[1].tobytes()


def hold_a_part(shop: Shop, serial: str = "BM-00001", ago: timedelta = timedelta()) -> None:
    shop.make({"hole_4_x_mm": 0.19}, picture(), serial=serial, ago=ago)


def open_the_case(page: Page) -> None:
    page.get_by_role("link", name="Open the first").click()
    page.wait_for_url("**/cases/*")


def decide(page: Page, action: str, reason: str, confirm: str) -> None:
    page.locator(".actions").get_by_role("button", name=action).click()
    sheet = page.locator("dialog[open]")
    expect(sheet.locator("[data-confirm]")).to_be_disabled()
    sheet.get_by_label(reason).check()
    sheet.get_by_role("button", name=confirm).click()


def test_a_wrong_password_is_told_and_lets_nobody_in(tablet: Page) -> None:
    tablet.get_by_label("Name").fill("vera")
    tablet.get_by_label("Password").fill("wrong")
    tablet.get_by_role("button", name="Sign in").click()

    expect(tablet.get_by_role("alert")).to_have_text("The name, or the PIN or password, is wrong.")
    expect(tablet.get_by_label("Name")).to_have_value("vera")


def test_a_held_part_appears_without_a_reload(signed_in: Page, shop: Shop) -> None:
    expect(signed_in.get_by_role("heading", level=1)).to_have_text("The line runs.")

    hold_a_part(shop)

    expect(signed_in.get_by_role("heading", level=1)).to_have_text("The line runs. 1 part waits for you.")
    expect(signed_in.locator("#nav-cases .count")).to_contain_text("1")
    expect(signed_in.locator(".strip li.hold")).to_have_count(1)


def test_the_queue_shows_the_least_time_left_first(signed_in: Page, shop: Shop) -> None:
    hold_a_part(shop, "BM-FIRST", timedelta(seconds=90))
    hold_a_part(shop, "BM-SECOND")
    signed_in.get_by_role("link", name="Cases").click()

    expect(signed_in.locator(".queue li")).to_have_count(2)
    expect(signed_in.locator(".queue li").first).to_contain_text("BM-FIRST")
    expect(signed_in.locator(".queue .deadline").first).to_contain_text("3:")


def test_release_is_shown_as_it_travels_to_the_plc(signed_in: Page, shop: Shop) -> None:
    hold_a_part(shop)
    open_the_case(signed_in)

    decide(signed_in, "Release", "Looked at, no defect", "Release the part")

    expect(signed_in.locator(".journey .passed")).to_have_text(["Recorded"])
    (order,) = shop.send_pending()
    expect(signed_in.locator(".journey .passed")).to_have_text(["Recorded", "Sent to PLC"])
    shop.acknowledge(order)
    expect(signed_in.locator(".journey .passed")).to_have_text(["Recorded", "Sent to PLC", "Acknowledged"])
    expect(signed_in.get_by_role("heading", level=1)).to_have_text("Bumper beam BM-00001 is released")
    expect(signed_in.locator(".actions")).to_contain_text("This case is closed.")


def test_adjusting_is_prefilled_stays_within_one_step_and_reaches_the_plc(signed_in: Page, shop: Shop) -> None:
    hold_a_part(shop)
    open_the_case(signed_in)
    suggested = signed_in.locator(".actions .button").first
    expect(suggested).to_contain_text("Adjust −")
    suggested.click()
    sheet = signed_in.locator("dialog[open]")
    value = sheet.get_by_label("New value of spindle B x offset in µm")
    prefilled = int(value.input_value())
    assert -100 <= prefilled < 0

    for _ in range(12):
        sheet.get_by_role("button", name="−10").click()
    expect(value).to_have_value("-100")
    sheet.get_by_label("Drifts towards the limit").check()
    sheet.get_by_role("button", name="Adjust").click()

    expect(signed_in.locator(".journey")).to_contain_text("spindle B x offset to −100")
    (order,) = shop.send_pending()
    shop.acknowledge(order)
    expect(signed_in.locator(".journey.arrived")).to_be_visible()
    assert shop.parameters["spindle_b_x_offset_um"] == -100
    expect(signed_in.locator(".actions").get_by_role("button", name="Release")).to_be_visible()


def test_a_decision_on_what_has_moved_on_is_refused_plainly(signed_in: Page, shop: Shop) -> None:
    inspection = shop.make({"hole_4_x_mm": 0.19}, picture())
    open_the_case(signed_in)
    signed_in.locator(".actions").get_by_role("button", name="Release").click()
    sheet = signed_in.locator("dialog[open]")
    sheet.get_by_label("Looked at, no defect").check()

    shop.measure(inspection, {"hole_4_x_mm": 0.21})
    expect(signed_in.locator(".why-first")).to_contain_text("was measured at +0.21")
    sheet.get_by_role("button", name="Release the part").click()

    expect(signed_in.locator("#outbox")).to_contain_text("Not done. The case has moved on")
    assert shop.edge.pending_decisions() == []
    signed_in.get_by_role("button", name="Look again").click()
    expect(signed_in.locator("#outbox article")).to_have_count(0)


def test_a_decision_survives_a_gap_in_the_network_and_is_taken_once(
    signed_in: Page, shop: Shop, station: Station
) -> None:
    hold_a_part(shop)
    open_the_case(signed_in)
    station.stop()

    decide(signed_in, "Release", "Looked at, no defect", "Release the part")

    expect(signed_in.locator("#outbox")).to_contain_text("Not yet sent, trying again")
    assert shop.edge.pending_decisions() == []
    station.start()
    expect(signed_in.locator("#outbox article")).to_have_count(0, timeout=15000)
    expect(signed_in.locator(".journey")).to_contain_text("Release", timeout=15000)
    assert len(shop.edge.pending_decisions()) == 1


def test_the_line_is_stopped_and_resumed_in_two_touches_each(signed_in: Page, shop: Shop) -> None:
    for action, reason, sentence in (
        ("Stop the line", "Tool damaged", "The line is stopped."),
        ("Resume the line", "Cause removed", "The line runs."),
    ):
        signed_in.locator(".hero").get_by_role("button", name=action).click()
        sheet = signed_in.locator("dialog[open]")
        sheet.get_by_label(reason).check()
        sheet.get_by_role("button", name=action).click()
        expect(signed_in.locator(".journey")).to_contain_text(reason)
        (order,) = shop.send_pending()
        shop.acknowledge(order)
        shop.show()
        expect(signed_in.get_by_role("heading", level=1)).to_have_text(sentence)


def test_a_defect_is_marked_and_a_good_part_can_be_put_beside_it(signed_in: Page, shop: Shop) -> None:
    shop.make({}, picture())
    shop.make(
        {}, picture() + b"\0", score=0.9, box=Box(340, 190, 120, 120, 0.9), heat=np.full((32, 40), 0.4, np.float32)
    )
    open_the_case(signed_in)

    expect(signed_in.locator(".boxes rect")).to_have_count(1)
    signed_in.get_by_role("button", name="Good part").click()
    expect(signed_in.locator(".pane.beside img")).to_be_visible()
    signed_in.get_by_label("Overlay opacity in percent").fill("20")
    assert signed_in.locator("[data-overlay]").evaluate("layer => layer.style.opacity") == "0.2"


def test_a_serial_from_the_plc_is_shown_as_text_and_never_as_markup(signed_in: Page, shop: Shop) -> None:
    hostile = "<b>X</b>'\"&"
    hold_a_part(shop, hostile)
    open_the_case(signed_in)
    expect(signed_in.get_by_role("heading", level=1)).to_contain_text(hostile)
    signed_in.get_by_role("link", name="Parts").click()
    expect(signed_in.locator(".part-list .serial")).to_have_text(hostile)


def test_a_session_that_is_over_leads_to_the_sign_in_page(signed_in: Page, shop: Shop) -> None:
    signed_in.context.clear_cookies()
    hold_a_part(shop)
    expect(signed_in.get_by_label("Password")).to_be_visible()


def test_an_escaped_part_is_told_and_cannot_be_released(signed_in: Page, shop: Shop) -> None:
    cycle = shop.make({}, picture(), serial="BM-ESCAPED").cycle
    now = datetime.now(UTC)
    shop.edge.open_case(
        Case(uuid4(), CaseKind.ESCAPE, LINE, STATION, 1, cycle.sequence, cycle.serial, now, now, Role.ENGINEER)
    )
    open_the_case(signed_in)
    expect(signed_in.get_by_role("heading", level=1)).to_have_text(
        "Bumper beam BM-ESCAPED passed, and measures out"
    )
    expect(signed_in.locator(".actions .button")).to_contain_text(["Confirm hold", "Adjust", "Stop the line"])


def test_an_operator_looks_and_is_offered_no_decision(tablet: Page, shop: Shop) -> None:
    hold_a_part(shop)
    tablet.get_by_label("Name").fill("otto")
    tablet.get_by_label("Password").fill("correct horse")
    tablet.get_by_role("button", name="Sign in").click()
    open_the_case(tablet)

    expect(tablet.locator(".actions")).to_contain_text("An engineer or a supervisor decides.")
    expect(tablet.locator("[data-opens]")).to_have_count(0)


def test_what_acts_on_the_line_is_large_enough_for_a_glove(signed_in: Page, shop: Shop) -> None:
    hold_a_part(shop)
    open_the_case(signed_in)
    heights = signed_in.locator(".actions .button").evaluate_all("all => all.map(one => one.offsetHeight)")
    assert min(heights) >= 118
    signed_in.locator(".actions").get_by_role("button", name="Confirm hold").click()
    targets = signed_in.locator("dialog[open] :is(.choices span, footer button)")
    assert min(targets.evaluate_all("all => all.map(one => one.offsetHeight)")) >= 88


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (800, 1280), (390, 844)])
def test_no_page_is_wider_than_its_screen(signed_in: Page, shop: Shop, width: int, height: int) -> None:
    hold_a_part(shop, "BM-0123456789AB")
    signed_in.set_viewport_size({"width": width, "height": height})
    case = f"/cases/{shop.edge.open_cases()[0].id}"
    for path in ("/line", "/cases", case, "/parts", "/passages/1", "/reports"):
        signed_in.goto(signed_in.url.split("/", 3)[0] + "//" + signed_in.url.split("/", 3)[2] + path)
        assert signed_in.evaluate("document.documentElement.scrollWidth") <= width, path
