"""Draws the app's icons: `static/icon.svg` as PNG, and on a full ground for systems that cut their own shape.

    python review_api/frontend/icons.py

Needs the development environment (Playwright and the Chromium of Debian). Its pictures are committed; run it again
when icon.svg has changed.
"""

from pathlib import Path

from playwright.sync_api import sync_playwright

STATIC = Path(__file__).resolve().parents[1] / "static"
GROUND = "#39434c"
# What a maskable icon may lose is a tenth on each side (W3C Web Application Manifest, safe zone).
ICONS = {"180": (180, 0.0), "192": (192, 0.0), "512": (512, 0.0), "maskable": (512, 0.1)}


def main() -> None:
    """Draws all of them."""
    drawing = (STATIC / "icon.svg").read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, (size, margin) in ICONS.items():
            page = browser.new_page(viewport={"width": size, "height": size})
            inner = round(size * (1 - 2 * margin))
            ground = GROUND if margin or name == "180" else "transparent"
            page.set_content(
                f"<style>body{{margin:0;height:{size}px;display:grid;place-items:center;background:{ground}}}"
                f"svg{{width:{inner}px;height:{inner}px}}</style>{drawing}"
            )
            path = STATIC / "icons" / f"{name}.png"
            path.parent.mkdir(exist_ok=True)
            page.screenshot(path=path, omit_background=True)
        browser.close()


if __name__ == "__main__":
    main()
