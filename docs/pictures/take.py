"""Takes the pictures of docs/engineers.md and docs/design.md from a demonstration that runs, with Chromium.

    jidoka demo --port 8080 &
    python docs/pictures/take.py http://127.0.0.1:8080

It goes through the beginning of a shift as an engineer does, once in each language, and decides on the cases
it meets: the demonstration needs two of them that wait.
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
TABLET = {"width": 1280, "height": 800}
STANDING = {"width": 800, "height": 1280}
LANGUAGES = ("en", "ja")
QUALITY = 62
"""Of the JPEGs: a page stays below 120 KB, and its small print can be read."""
SETTLED_MS = 1500


def take(page: Page, name: str) -> None:
    """One picture, once the page has settled."""
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=HERE / f"{name}.jpg", type="jpeg", quality=QUALITY)


def shift(page: Page, address: str, language: str) -> None:
    """The beginning of a shift, picture by picture."""

    def step(name: str, path: str | None = None) -> None:
        if path is not None:
            page.goto(f"{address}/{path}")
        take(page, f"{name}.{language}")

    page.goto(f"{address}/sign-in")
    page.locator(f"html[lang={language}], button[name=code][value={language}]").first.wait_for(state="attached")
    if page.locator("html").get_attribute("lang") != language:
        page.locator(f"button[name=code][value={language}]").click()
    step("sign-in")
    page.locator("form:has(input[name=name][value=engineer]) button").click()
    page.wait_for_url("**/line")
    if page.locator("#hints").is_visible():
        page.locator("[data-hints=end]").click()
    step("line")
    step("cases", "cases")
    page.locator("ol.queue li:has(img) a").first.click()
    step("case")
    for kind, name in (("ADJUST_PARAMETER", "adjust"), ("RELEASE", "release")):
        sheet = page.locator(f"dialog:has(form[data-decision={kind}])")
        page.locator(f"[data-opens={sheet.get_attribute('id')}]").first.click()
        step(name)
        sheet.locator("[data-closes]").first.click()
    hold = page.locator("dialog:has(form[data-decision=CONFIRM_HOLD])")
    page.locator(f"[data-opens={hold.get_attribute('id')}]").first.click()
    hold.locator("label:has([value=SCRAP])").click()
    hold.locator("label:has([value=MEASURED_OUT])").click()
    step("hold")
    hold.locator("[data-confirm]").click()
    step("travels")
    for path in ("alarms", "spc", "parts", "handover"):
        step(path, path)


def design(browser: Browser, address: str) -> None:
    """The case page in the dark, and standing."""
    for name, scheme, size in (("dark", "dark", TABLET), ("standing", "light", STANDING)):
        tablet = browser.new_context(viewport=size, color_scheme=scheme, has_touch=True)
        page = tablet.new_page()
        page.goto(f"{address}/sign-in")
        page.locator("form:has(input[name=name][value=engineer]) button").click()
        page.goto(f"{address}/cases")
        page.locator("ol.queue li:has(img) a").first.click()
        take(page, name)
        tablet.close()


def main(address: str) -> None:
    """All of them."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for language in LANGUAGES:
            tablet = browser.new_context(viewport=TABLET, has_touch=True, color_scheme="light")
            shift(tablet.new_page(), address, language)
            tablet.close()
        design(browser, address)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
