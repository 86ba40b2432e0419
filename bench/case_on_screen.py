"""How soon a held part is on the tablet's screen, and how soon its page can be used.

    python -m bench.case_on_screen [--cases 40] [--loads 20] [--throttle 4] [--json]

A simulated line runs; a tablet's browser (the Chromium of Debian) has the queue open, and a script in it notes
when a case's serial is drawn. The verdict is the moment on record. Then the page of a case is opened again and
again with the CPU throttled: it is interactive when its scripts have run, and it is painted.
"""

import argparse
import json
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from bench.review_tablets import running_line

CHROMIUM = "/usr/bin/chromium"
TABLET = {"width": 1280, "height": 800}
# Held parts are drawn as list entries; the first time that each text is there counts.
WATCH = """() => {
  window.seen = {};
  const look = () => {
    const now = Date.now();
    for (const serial of document.querySelectorAll(".queue .serial, .queue li"))
      for (const found of serial.textContent.matchAll(/BM-\\d+/g)) window.seen[found[0]] ??= now;
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"


def sign_in(context: BrowserContext, address: str) -> None:
    """Opens the session of the demonstration's engineer."""
    for _ in range(300):
        try:
            answer = context.request.post(
                f"{address}/api/v1/session", data={"name": "engineer", "password": "engineer"}
            )
        except Error:
            time.sleep(0.2)
        else:
            assert answer.ok, answer.text()
            return
    raise TimeoutError("The station did not start within 60 s.")


def on_screen(context: BrowserContext, address: str, cases: int) -> tuple[list[float], str]:
    """Milliseconds from verdict to screen of that many held parts, and the newest case's id."""
    page = context.new_page()
    page.goto(f"{address}/cases")
    page.evaluate(WATCH)
    before = {row["id"] for row in waiting(context, address)}
    fresh: list[dict[str, Any]] = []
    while len(fresh) < cases:
        time.sleep(1)
        # The case of an escape comes of a later measurement, not of the verdict.
        held = [row for row in waiting(context, address) if row["kind"] == "SUSPECT_PART"]
        fresh = [row for row in held if row["id"] not in before]
    time.sleep(2)
    seen: dict[str, int] = page.evaluate("window.seen")
    page.close()
    late = [
        seen[row["serial"]] - datetime.fromisoformat(judged_at(context, address, row)).timestamp() * 1000
        for row in fresh
    ]
    return late, fresh[0]["id"]


def waiting(context: BrowserContext, address: str) -> list[dict[str, Any]]:
    """The open cases, newest first."""
    answer = context.request.get(f"{address}/api/v1/cases?state=OPEN&limit=200").json()
    return [item.get("case", item) for item in answer["items"]]


def judged_at(context: BrowserContext, address: str, case: dict[str, Any]) -> str:
    """When the verdict on the case's part was given, by the record."""
    detail = context.request.get(f"{address}/api/v1/cases/{case['id']}").json()
    judged: str = detail["inspection"]["row"]["judged_at"]
    return judged


def interactive(browser: Browser, address: str, case: str, loads: int, throttle: float) -> dict[str, list[float]]:
    """Milliseconds until the page of the case can be used, first with an empty browser, then with a warm one."""
    found: dict[str, list[float]] = {"first load": [], "later loads": []}
    context = browser.new_context(viewport=TABLET, has_touch=True)
    for number in range(loads):
        if number % 5 == 0:
            context.close()
            context = browser.new_context(viewport=TABLET, has_touch=True)
            sign_in(context, address)
        page = context.new_page()
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": throttle})
        began = time.monotonic()
        page.goto(f"{address}/cases/{case}", wait_until="domcontentloaded")
        page.evaluate(PAINTED)
        found["later loads" if number % 5 else "first load"].append((time.monotonic() - began) * 1000)
        assert opens(page), "a touch opens the sheet"
        page.close()
    context.close()
    return found


def opens(page: Page) -> bool:
    """Whether a touch on the first action opens its sheet."""
    page.locator(".actions [data-opens]").first.tap()
    return page.locator("dialog[open]").count() == 1


def measure(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Both, at one running line."""
    with running_line(folder, asked.takt) as (port, _, _), sync_playwright() as playwright:
        address = f"http://127.0.0.1:{port}"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport=TABLET)
        sign_in(context, address)
        late, newest = on_screen(context, address, asked.cases)
        context.close()
        usable = interactive(browser, address, newest, asked.loads, asked.throttle)
        browser.close()
    return {"verdict to screen": figures(late)} | {name: figures(taken) for name, taken in usable.items()}


def figures(milliseconds: list[float]) -> dict[str, float]:
    """How many, median, 95th percentile and the worst."""
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return {
        "n": len(milliseconds),
        "p50_ms": round(float(p50)),
        "p95_ms": round(float(p95)),
        "max_ms": round(max(milliseconds)),
    }


def main() -> None:
    """Prints a line for each, or with --json one object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--loads", type=int, default=20)
    parser.add_argument("--throttle", type=float, default=4.0, help="times slower than this machine")
    parser.add_argument("--takt", type=float, default=0.5, help="seconds")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jidoka-bench-") as place:
        found = measure(Path(place), asked)
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    for name, each in found.items():
        print(f"{name:18} " + "  ".join(f"{key} {value:g}" for key, value in each.items()))


if __name__ == "__main__":
    main()
