"""The whole way in a browser: a held beam is released, and an adjustment moves the machine."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.system.browser.conftest import TABLET, browser
from tests.system.running import RunningLine, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.browser]
__all__ = ["browser"]


@pytest.fixture
def line(make_line: Callable[..., RunningLine]) -> RunningLine:
    made = make_line("--seed", "7", "--takt", "3", "--lane", "12", "--gauge-seconds", "0.2", "--warm-parts", "60")
    made.start("edge")
    made.start_review()
    wait_until(lambda: len(made.truth()) >= 60, "a history", 120)
    return made


@pytest.fixture
def page(browser: object, line: RunningLine) -> Iterator[Page]:
    context = browser.new_context(viewport=TABLET)  # type: ignore[attr-defined] - Playwright's browser
    context.set_default_timeout(10_000)
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.goto(line.review_address)
    opened.get_by_label("Name").fill("engineer")
    opened.get_by_label("Password").fill("engineer")
    opened.get_by_role("button", name="Sign in", exact=True).click()
    opened.wait_for_url("**/line")
    opened.get_by_role("button", name="Put away").click()
    yield opened
    context.close()
    assert not [text for text in said if "Content Security Policy" in text]


def test_a_held_part_released_on_the_tablet_passes_the_gate(page: Page, line: RunningLine) -> None:
    page.get_by_role("link", name="Open the first").click()
    page.wait_for_url("**/cases/*")
    title = page.get_by_role("heading", level=1).inner_text()
    found = re.search(r"BM-\d+", title)
    assert found is not None, title
    page.locator(".actions").get_by_role("button", name="Release").click()
    sheet = page.locator("dialog[open]")
    sheet.get_by_label("Looked at, no defect").check()
    sheet.get_by_role("button", name="Release the part").click()
    expect(page.locator(".journey .passed").last).to_have_text("Acknowledged")
    (part,) = (part for part in line.truth() if part["serial"] == found.group())
    assert part["passed_by"] == "release"


def test_an_adjustment_is_read_back_and_moves_the_holes(page: Page, line: RunningLine) -> None:
    page.get_by_role("link", name="Open the first").click()
    page.wait_for_url("**/cases/*")
    page.locator(".actions").get_by_role("button", name="Adjust").click()
    sheet = page.locator("dialog[open]")
    for _ in range(3):
        sheet.get_by_role("button", name="−10").click()
    sheet.get_by_label("Drifts towards the limit").check()
    sheet.locator("[data-confirm]").click()
    expect(page.locator(".journey.arrived")).to_be_visible()
    with line.records() as records:
        state = records.line_state(line.settings.line)
    assert state is not None
    parameters = state["parameters"]
    assert isinstance(parameters, dict)
    assert any(value != 0 for value in parameters.values())
