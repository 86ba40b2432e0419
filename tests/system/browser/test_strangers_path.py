"""The way of somebody who has never seen this: from the address that `jidoka demo` prints to a released part.

`JIDOKA_PICTURES=docs/pictures/first-minute` keeps a picture of each step, as docs/first-minute.md shows them.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.system.browser.conftest import TABLET, browser
from tests.system.running import ENVIRONMENT, ROOT, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.browser]
__all__ = ["browser"]

MOST_TOUCHES = 5
PICTURES = os.environ.get("JIDOKA_PICTURES")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where the demonstration says that the tablet's page is."""
    command = [sys.executable, "-m", "edge.cli", "demo", "--port", "0", "--seed", "7", "--keep", str(tmp_path)]
    said = tmp_path / "out"
    with said.open("wb") as out:
        demo = subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdout=out, stderr=out)
    try:
        wait_until(lambda: b"The tablet's page" in said.read_bytes(), "the demo's greeting", 300)
        found = re.search(r"The tablet's page.*?(http://\S+)", said.read_text(encoding="utf-8"), re.DOTALL)
        assert found is not None
        yield found.group(1)
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(30)


class Stranger:
    """Somebody with a tablet: touches are counted, and what is seen before each is kept."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.touches = 0

    def touch(self, what: Locator) -> None:
        """Touches it, as soon as it is there."""
        expect(what).to_be_visible(timeout=60_000)
        self.look(what)
        self.touches += 1
        what.tap()

    def look(self, at: Locator | None = None) -> None:
        """Keeps a picture of what there is to see, with a ring around what is touched next."""
        if PICTURES is None:
            return
        folder = ROOT / PICTURES
        folder.mkdir(parents=True, exist_ok=True)
        if at is not None:
            at.evaluate("one => one.style.setProperty('outline', '6px solid #ff4b3e')")
        self._page.screenshot(path=folder / f"{self.touches + 1}.png")
        if at is not None:
            at.evaluate("one => one.style.removeProperty('outline')")


def test_a_stranger_releases_a_part_in_five_touches(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport=TABLET, has_touch=True)
    page = context.new_page()
    page.goto(address)
    stranger, began = Stranger(page), time.monotonic()
    stranger.touch(page.locator(".demo-accounts").get_by_role("button", name="Engineer"))
    page.wait_for_url("**/line")
    stranger.touch(page.get_by_role("link", name="Open the first"))
    page.wait_for_url("**/cases/*")
    stranger.touch(page.locator(".actions").get_by_role("button", name="Release"))
    sheet = page.locator("dialog[open]")
    stranger.touch(sheet.locator(".choices label").first)
    stranger.touch(sheet.locator("[data-confirm]"))
    expect(page.locator(".journey")).to_contain_text("Acknowledged", timeout=15_000)
    took = time.monotonic() - began
    stranger.look()
    context.close()
    assert stranger.touches <= MOST_TOUCHES
    sys.stdout.write(f"\n{stranger.touches} touches, {took:.1f} s\n")
