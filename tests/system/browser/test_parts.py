"""Finding a part by a scanner that types and by the tablet's camera, and walking to its neighbours."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.system.browser.shop import Shop
from tests.system.browser.test_spc import WCAG

pytestmark = pytest.mark.browser

CAMERA = """
navigator.mediaDevices.getUserMedia = async () => {
  const canvas = document.createElement("canvas");
  canvas.getContext("2d").fillRect(0, 0, 1, 1);
  return canvas.captureStream(5);
};
window.BarcodeDetector = class { async detect() { return [{ rawValue: "BM-00002" }]; } };
"""
"""A camera that always sees the code of the second part, in a browser that can read it."""


@pytest.fixture
def made(shop: Shop) -> Shop:
    """Five parts, of which the third is measured out between two good ones."""
    for value in (0.0, 0.01, 0.3, 0.02, 0.01):
        part = shop.make({})
        if part.cycle.sequence != 2:
            shop.measure(part, {"hole_4_x_mm": value})
    shop.show()
    return shop


SCANNER = """code => {
  for (const key of [...code, "Enter"]) {
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  }
}"""
"""A scanner's keys, all at once: typed one by one they would come at this machine's pace."""


def open_parts(page: Page) -> None:
    page.get_by_role("link", name="Parts").click()
    page.wait_for_url("**/parts")


@pytest.mark.usefixtures("made")
def test_a_scanner_that_types_finds_the_part_whatever_has_the_focus(signed_in: Page) -> None:
    open_parts(signed_in)
    expect(signed_in.locator("#scan-says")).to_contain_text("a scanner that types works on this page")
    assert Axe().run(signed_in, options=WCAG).response["violations"] == []
    signed_in.get_by_label("Serial of the part").fill("what stood here before")

    signed_in.evaluate(SCANNER, "BM-00003")

    signed_in.wait_for_url(re.compile(r"/passages/\d+$"))
    expect(signed_in.get_by_role("heading", level=1)).to_contain_text("BM-00003")
    expect(signed_in.locator(".containment .near")).to_have_count(1)
    expect(signed_in.locator(".containment")).to_contain_text("BM-00002")
    assert Axe().run(signed_in, options=WCAG).response["violations"] == []
    signed_in.get_by_role("link", name="later →").click()
    expect(signed_in.get_by_role("heading", level=1)).to_contain_text("BM-00004")

    open_parts(signed_in)
    signed_in.locator("body").click(position={"x": 5, "y": 300})
    signed_in.evaluate(SCANNER, "BM-00001")
    expect(signed_in.get_by_role("heading", level=1)).to_contain_text("BM-00001")


@pytest.mark.usefixtures("made")
def test_the_tablets_camera_finds_the_part(signed_in: Page) -> None:
    signed_in.add_init_script(CAMERA)
    open_parts(signed_in)

    signed_in.get_by_role("button", name="Scan").click()

    expect(signed_in.get_by_role("heading", level=1)).to_contain_text("BM-00002")
