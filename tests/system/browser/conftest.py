"""Chromium against a real review station over a real store; the edge's part is played by the shop."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import uvicorn
from argon2 import PasswordHasher
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from quality.plan import ControlPlan, Role
from records.views import Account
from review_api.app import create_app
from review_api.settings import ReviewSettings
from tests.system.browser.shop import LINE, PLAN, STATION, Shop

CHROMIUM = Path("/usr/bin/chromium")
TABLET = {"width": 1280, "height": 800}
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Argon2 that costs no time: what is tested here is the pages."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, once a file: while it runs, Playwright has an event loop that no other test could share."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is absent; install the package chromium to drive the pages")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A line that has made nothing yet."""
    made = Shop(tmp_path)
    made.show()
    over = threading.Event()

    def beat() -> None:
        while not over.wait(1):
            made.show_again()

    edge = threading.Thread(target=beat, daemon=True)
    edge.start()
    yield made
    over.set()
    edge.join()
    made.close()


class Station:
    """The review station in service, which can be taken off the network and put back."""

    def __init__(self, shop: Shop, plan: ControlPlan = PLAN) -> None:
        settings = ReviewSettings(LINE, STATION, ZoneInfo("Europe/Berlin"), plan, shop.live_folder, bytes(32))
        self._app = create_app(settings, shop.records, hasher=CHEAP)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self.address = f"http://127.0.0.1:{self._port}"
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        config = uvicorn.Config(
            self._app, host="127.0.0.1", port=self._port, log_level="critical", timeout_graceful_shutdown=1
        )
        self._server = server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
        self._thread.start()
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            threading.Event().wait(0.02)
        raise TimeoutError(f"The review station did not open {self.address} within 10 s.")

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(10)


@pytest.fixture
def station(shop: Shop) -> Iterator[Station]:
    """The review station of that shop."""
    for name, role in (("vera", Role.ENGINEER), ("otto", Role.OPERATOR)):
        shop.records.save_account(Account(name, name.capitalize(), role, CHEAP.hash("correct horse")))
    served = Station(shop)
    served.start()
    yield served
    served.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A tablet of its own."""
    tablet = browser.new_context(viewport=TABLET)
    tablet.set_default_timeout(8000)
    yield tablet
    tablet.close()


@pytest.fixture
def tablet(context: BrowserContext, station: Station) -> Iterator[Page]:
    """A page that has seen nothing yet. Whatever the content security policy forbids fails the test."""
    page = context.new_page()
    forbidden: list[str] = []
    broken: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            forbidden.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.goto(station.address)
    yield page
    assert forbidden == []
    assert broken == []


@pytest.fixture
def signed_in(tablet: Page) -> Page:
    """The line page as an engineer sees it."""
    tablet.get_by_label("Name").fill("vera")
    tablet.get_by_label("Password").fill("correct horse")
    tablet.get_by_role("button", name="Sign in").click()
    tablet.wait_for_url("**/line")
    return tablet
