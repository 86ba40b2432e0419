"""The SPC page under fingers: the chart drawn by its script and by the server alone, and what is chosen."""

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.system.browser.shop import Shop

pytestmark = pytest.mark.browser
ADDRESS = "/spc?characteristic=hole_4_x_mm"
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.fixture
def measured(shop: Shop) -> Shop:
    """Forty measured parts: an offset is adjusted after the twentieth, and the last five lie high."""
    values = np.random.default_rng(5).normal(0.0, 0.02, 40)
    values[35:] += 0.11
    for i, value in enumerate(values):
        if i == 20:
            shop.parameters["spindle_b_x_offset_um"] = -40.0
        shop.measure(shop.make({"hole_4_x_mm": float(value)}), {"hole_4_x_mm": float(value)})
    shop.show()
    return shop


@pytest.mark.usefixtures("measured")
def test_the_chart_is_drawn_its_points_lead_to_parts_and_nothing_is_in_the_way(signed_in: Page) -> None:
    signed_in.goto(signed_in.url.replace("/line", ADDRESS))

    chart = signed_in.locator("jidoka-control-chart")
    expect(chart.locator("canvas")).to_have_count(2)
    expect(signed_in.get_by_role("heading", level=1)).to_contain_text("Not in control")
    expect(signed_in.locator(".spc-list").filter(has_text="beyond the limits")).to_be_visible()
    expect(signed_in.locator("#spc-marks ~ ul li")).to_contain_text("Spindle B x offset from 0 to −40 µm")
    assert Axe().run(signed_in, options=WCAG).response["violations"] == []

    over = chart.locator(".u-over").first.bounding_box()
    assert over is not None
    signed_in.mouse.click(over["x"] + over["width"] - 4, over["y"] + 60)
    link = signed_in.locator(".spc-readout a")
    expect(link).to_contain_text("BM-00040")
    link.click()
    expect(signed_in.get_by_role("heading", level=1)).to_contain_text("BM-00040")


@pytest.mark.usefixtures("measured")
def test_what_is_chosen_is_shown_at_once_and_its_limits_stay(signed_in: Page) -> None:
    signed_in.goto(signed_in.url.replace("/line", ADDRESS))

    signed_in.locator("[name=baseline]").select_option(label="the oldest 20 parts")
    signed_in.wait_for_url("**baseline=1-20**")
    signed_in.locator("[name=size]").select_option(label="means of 5 in a row")

    signed_in.wait_for_url("**size=5**")
    expect(signed_in.locator("[name=baseline]")).to_have_value("1-20")
    expect(signed_in.locator(".spc-track-title").first).to_have_text("Hole 4 x, mm: mean of 5")
    expect(signed_in.get_by_text("come from 4 points only")).to_be_visible()
