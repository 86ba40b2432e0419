"""The case page under gloved fingers: every action in both languages, what is shown beside it, and who decides."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from quality.case import Case, Decision, Disposition
from quality.evidence import Box
from quality.plan import DecisionKind, Role
from records.views import Account
from tests.system.browser.conftest import CHEAP, TABLET, Station
from tests.system.browser.shop import LINE, PLAN, Shop
from tests.system.browser.tapping import sign_in
from tests.system.browser.test_decisions import picture

pytestmark = pytest.mark.browser

SECRET = "correct horse"
STRICT = replace(
    PLAN,
    characteristics=tuple(replace(c, critical=c.name == "hole_4_x_mm") for c in PLAN.characteristics),
    parameters=tuple(replace(rule, alone_within=50.0) for rule in PLAN.parameters),
    reaction=replace(PLAN.reaction, signed=(DecisionKind.RELEASE,)),
)
"""Two people let a part go that is suspect in hole 4 x, and each signs; beyond 50 µm two people adjust."""


@contextmanager
def tablet_of(browser: Browser, station: Station, name: str, **options: object) -> Iterator[Page]:
    """A tablet with that person signed in."""
    context = browser.new_context(viewport=TABLET, has_touch=True, **{"locale": "en-GB"} | options)  # type: ignore[arg-type]
    context.set_default_timeout(30000)
    sign_in(context, station.address, name, SECRET)
    yield context.new_page()
    context.close()


@pytest.fixture
def people(station: Station, shop: Shop) -> Station:
    """The station, with a supervisor besides."""
    shop.records.save_account(Account("sato", "Sato Ken", Role.SUPERVISOR, CHEAP.hash(SECRET)))
    return station


@pytest.fixture
def strict(people: Station, shop: Shop) -> Iterator[Station]:  # noqa: ARG001 - its accounts
    """A station of the same line under the stricter plan."""
    made = Station(shop, STRICT)
    made.start()
    yield made
    made.stop()


def held(shop: Shop, x: float = 0.19, ago: timedelta = timedelta()) -> Case:
    """A part that is held for hole 4 x."""
    shop.make({"hole_4_x_mm": x}, picture(), ago=ago)
    return shop.edge.open_cases()[-1]


def answered(shop: Shop, case: Case, kind: DecisionKind, disposition: Disposition | None = None) -> None:
    """A case that was decided and carried out."""
    decision = Decision(
        uuid4(), kind, LINE, "vera", Role.ENGINEER, datetime.now(UTC), "", case.id, case.version, disposition,
        reason_code="FALSE_ALARM" if kind is DecisionKind.RELEASE else "DEFECT_SEEN",
    )  # fmt: skip
    shop.records.decide(decision, PLAN, None)
    for order in shop.send_pending():
        shop.acknowledge(order)


def touch(page: Page, kind: DecisionKind, *choices: str) -> None:
    """Two touches: the action, and what its sheet asks."""
    page.locator(f'.actions [data-opens="sheet-{kind.lower().replace("_", "-")}"]').tap()
    sheet = page.locator("dialog[open]")
    for choice in choices:
        sheet.locator(f'input[value="{choice}"]').check(force=True)
    sheet.locator("[data-confirm]").tap()


def taken_up(page: Page, shop: Shop) -> Decision:
    """The one decision that the line has to carry out, once it is there."""
    for _ in range(100):
        if shop.edge.pending_decisions():
            break
        page.wait_for_timeout(50)
    (decision,) = shop.edge.pending_decisions()
    return decision


@pytest.mark.parametrize("language", ["en-GB", "ja-JP"])
def test_every_action_is_two_touches_and_reaches_the_line(
    browser: Browser, people: Station, shop: Shop, language: str
) -> None:
    first, second = held(shop), held(shop)
    with tablet_of(browser, people, "vera", locale=language) as page:
        page.goto(f"{people.address}/cases/{first.id}")
        for kind, choices in (
            (DecisionKind.ADJUST_PARAMETER, ("DRIFT",)),
            (DecisionKind.STOP_LINE, ("TOOL_DAMAGED",)),
            (DecisionKind.RELEASE, ("NO_DEFECT_SEEN",)),
        ):
            touch(page, kind, *choices)
            expect(page.locator("dialog[open]")).to_have_count(0)
            decision = taken_up(page, shop)
            assert decision.kind is kind
            for order in shop.send_pending():
                shop.acknowledge(order)
            if decision.case_id is not None:
                expect(page.locator(".journey").first).to_have_class("journey arrived")
        expect(page.locator(".actions.done")).to_be_visible()
        page.goto(f"{people.address}/cases/{second.id}")
        touch(page, DecisionKind.CONFIRM_HOLD, "SCRAP", "DEFECT_SEEN")
        expect(page.locator(".actions.done")).to_be_visible()
        assert page.locator("html").get_attribute("lang") == language[:2]
    (decision,) = shop.edge.pending_decisions()
    assert decision.disposition is Disposition.SCRAP
    assert shop.stopped
    assert shop.parameters["spindle_b_x_offset_um"] < 0


@pytest.mark.parametrize(
    ("language", "steps", "within"),
    [
        ("en-GB", ["Recorded", "Gauge asked", "Measured"], "within its limits"),
        ("ja-JP", ["記録済み", "測定依頼", "測定済み"], "規格内"),
    ],
)
def test_the_gauge_is_asked_in_two_touches_and_its_answer_appears(
    browser: Browser, people: Station, shop: Shop, language: str, steps: list[str], within: str
) -> None:
    inspection = shop.make({"hole_4_x_mm": 0.19}, picture())
    (case,) = shop.edge.open_cases()
    with tablet_of(browser, people, "vera", locale=language) as page:
        page.goto(f"{people.address}/cases/{case.id}")
        touch(page, DecisionKind.MEASURE, "UNCERTAIN")
        expect(page.locator("dialog[open]")).to_have_count(0)
        decision = taken_up(page, shop)
        assert decision.kind is DecisionKind.MEASURE
        shop.measure(inspection, {c.name: 0.03 for c in PLAN.characteristics}, decision)
        expect(page.locator(".journey").first).to_have_class("journey arrived")
        expect(page.locator(".journey .passed")).to_have_text(steps)
        expect(page.locator(".why-first")).to_contain_text("+0.03 mm")
        expect(page.locator(".why-first")).to_contain_text(within)
        expect(page.locator(".actions [data-opens]").first).to_have_attribute("data-opens", "sheet-release")
    (still,) = shop.edge.open_cases()
    assert still.id == case.id


def test_a_good_part_and_the_most_alike_cases_stand_beside_it_with_what_was_decided(
    browser: Browser, people: Station, shop: Shop
) -> None:
    shop.make({}, picture())
    box, heat = Box(340, 190, 120, 120, 0.9), np.full((32, 40), 0.4, np.float32)
    for number, (left, kind, disposition) in enumerate(
        ((20, DecisionKind.RELEASE, None), (330, DecisionKind.CONFIRM_HOLD, Disposition.SCRAP))
    ):
        seen = replace(box, left=left)
        shop.make({}, picture() + bytes(number + 1), score=0.9, box=seen, heat=heat)
        answered(shop, shop.edge.open_cases()[-1], kind, disposition)
    shop.make({}, picture() + bytes(9), score=0.9, box=box, heat=heat)
    case = shop.edge.open_cases()[-1]
    with tablet_of(browser, people, "vera") as page:
        page.goto(f"{people.address}/cases/{case.id}")
        expect(page.locator(".twin")).to_contain_text(["BM-00003", "BM-00002"])
        expect(page.locator(".twin").first).to_contain_text("held, scrap")
        expect(page.locator(".suggestion")).to_contain_text("Of the 2 most alike, 1 stayed held.")

        beside = page.locator(".pane.beside")
        page.locator(".twin").first.tap()
        expect(beside.locator(".pane-name")).to_have_text("BM-00003: held, scrap")
        expect(beside.locator(".boxes rect")).to_have_count(1)
        expect(beside.get_by_role("link")).to_have_attribute("href", "/cases/" + _of(shop, "BM-00003"))
        page.get_by_role("button", name="Good part").tap()
        expect(beside.locator(".pane-name")).to_have_text("A part that passed")
        expect(page.locator(".twin").first).to_have_attribute("aria-pressed", "false")
        page.get_by_role("button", name="Good part").tap()
        expect(beside).to_be_hidden()

        layer = page.locator(".pane:not(.beside) [data-overlay]")
        page.get_by_role("button", name="Overlay").tap()
        assert layer.evaluate("layer => layer.style.opacity") == "0"
        page.get_by_label("Overlay opacity in percent").fill("20")
        assert layer.evaluate("layer => layer.style.opacity") == "0.2"
        stage = page.locator(".pane:not(.beside) .stage")
        page.get_by_role("button", name="Closer").tap()
        page.wait_for_function(
            "stage => new DOMMatrix(getComputedStyle(stage).transform).a > 1.5", arg=stage.element_handle()
        )
        page.get_by_role("button", name="Whole").tap()
        page.wait_for_function(
            "stage => new DOMMatrix(getComputedStyle(stage).transform).a === 1", arg=stage.element_handle()
        )


def test_the_others_see_who_is_on_a_case_and_one_touch_takes_it_over(
    browser: Browser, people: Station, shop: Shop
) -> None:
    case = held(shop)
    address = f"{people.address}/cases/{case.id}"
    with tablet_of(browser, people, "vera") as hers, tablet_of(browser, people, "sato") as his:
        hers.goto(address)
        his.goto(address)
        hers.get_by_role("button", name="I take it").tap()
        expect(hers.locator(".taken")).to_contain_text("You are on it since")
        expect(his.locator(".taken")).to_contain_text("Vera is on it since")
        his.get_by_role("button", name="Take over").tap()
        expect(hers.locator(".taken")).to_contain_text("Sato Ken is on it since")
        his.goto(f"{people.address}/cases?show_only=mine")
        expect(his.locator(f"#case-{case.id}")).to_be_visible()


def test_a_step_beyond_the_band_is_tried_and_becomes_a_proposal(
    browser: Browser, strict: Station, shop: Shop
) -> None:
    case = held(shop)
    with tablet_of(browser, strict, "vera") as page:
        page.goto(f"{strict.address}/cases/{case.id}")
        page.locator('.actions [data-opens="sheet-adjust-parameter"]').tap()
        sheet = page.locator("dialog[open]")
        value = sheet.locator(".adjustable:not([hidden]) [name=value]")
        value.fill("-40")
        expect(sheet.locator("[data-tried]:visible")).to_contain_text("Nothing has been sent.")
        expect(sheet.locator("[data-second]")).to_be_hidden()
        value.fill("-80")
        expect(sheet.locator("[data-second]")).to_be_visible()
        sheet.locator('input[value="DRIFT"]').check(force=True)
        sheet.get_by_role("button", name="Propose it").tap()
        expect(page.locator(".journey")).to_contain_text("It goes on when a second person agrees.")
    assert shop.edge.pending_decisions() == []


def test_a_release_of_two_people_is_signed_by_both_at_one_tablet(
    browser: Browser, strict: Station, shop: Shop
) -> None:
    case = held(shop)
    for name in ("vera", "sato"):
        account = shop.records.account(name)
        assert account is not None
        shop.records.save_account(replace(account, pin_hash=CHEAP.hash("2580")))
    with tablet_of(browser, strict, "vera") as page:
        page.goto(f"{strict.address}/cases/{case.id}")
        page.locator('.actions [data-opens="sheet-release"]').tap()
        sheet = page.locator("dialog[open]")
        expect(sheet.locator("[data-second]")).to_be_visible()
        sheet.locator('input[value="NO_DEFECT_SEEN"]').check(force=True)
        expect(sheet.locator("[data-confirm]")).to_be_disabled()
        _enter(page, "9999")
        sheet.locator("[data-confirm]").tap()
        expect(sheet.get_by_role("alert")).to_contain_text("wrong")
        _enter(page, "2580")
        sheet.locator("[data-confirm]").tap()

        expect(page.locator("#second-title")).to_contain_text("Vera proposes: Release")
        assert shop.edge.pending_decisions() == []
        page.get_by_role("button", name="Second person here").tap()
        page.locator("dialog[open]").get_by_label("Name or badge of the second person").fill("sato")
        _enter(page, "2580")
        page.locator("dialog[open] [data-confirm]").tap()
        expect(page.locator(".journey")).to_contain_text("sato agreed")
        expect(page.locator(".journey")).to_contain_text("signed")
    (decision,) = shop.edge.pending_decisions()
    assert decision.kind is DecisionKind.RELEASE


def test_without_scripts_the_same_goes_by_links_and_forms(browser: Browser, people: Station, shop: Shop) -> None:
    case = held(shop)
    with tablet_of(browser, people, "vera", java_script_enabled=False) as page:
        page.goto(f"{people.address}/line")
        page.get_by_role("link", name="Open the first").click()
        expect(page.locator(".needs-script:visible")).to_have_count(0)
        page.get_by_role("button", name="I take it").click()
        expect(page.locator(".taken")).to_contain_text("You are on it since")
        page.get_by_role("button", name="Confirm hold").click()
        page.get_by_label("Rework").check()
        page.get_by_role("button", name="Confirm hold").click()
        expect(page.get_by_role("alert")).to_contain_text("Say why")
        page.get_by_label("Rework").check()
        page.get_by_label("Defect seen").check()
        page.get_by_role("button", name="Confirm hold").click()
        page.wait_for_url(f"**/cases/{case.id}")
        expect(page.locator(".journey")).to_contain_text("rework")
    (decision,) = shop.edge.pending_decisions()
    assert decision.disposition is Disposition.REWORK


def test_keys_open_the_sheets_and_nobody_is_trapped(browser: Browser, people: Station, shop: Shop) -> None:
    case = held(shop)
    with tablet_of(browser, people, "vera") as page:
        page.goto(f"{people.address}/cases/{case.id}")
        page.keyboard.press("r")
        sheet = page.locator("dialog[open]")
        expect(sheet.get_by_role("heading")).to_contain_text("Release")
        page.keyboard.press("Escape")
        expect(sheet).to_have_count(0)
        opener = page.locator('.actions [data-opens="sheet-confirm-hold"]')
        opener.focus()
        page.keyboard.press("Space")
        sheet.get_by_label("More, in your words").focus()
        page.keyboard.type("ram")
        expect(sheet.get_by_label("More, in your words")).to_have_value("ram")
        page.keyboard.press("Escape")
        expect(opener).to_be_focused()


def test_an_answer_that_is_overdue_is_heard_until_it_is_silenced(
    browser: Browser, people: Station, shop: Shop
) -> None:
    held(shop, ago=timedelta(minutes=6))
    with tablet_of(browser, people, "vera") as page:
        page.goto(f"{people.address}/line")
        banner = page.locator(".overdue-banner")
        expect(banner).to_contain_text("1 answer is overdue.")
        page.locator("#headline h1").tap()
        expect(page.locator("body[data-sounded]")).to_have_count(1)
        banner.get_by_role("button", name="Silence").tap()
        expect(banner.get_by_role("button", name="Silence")).to_be_hidden()


def _enter(page: Page, pin: str) -> None:
    """Types a PIN on the pad of the open sheet."""
    for digit in pin:
        page.locator(f'dialog[open] [data-digit="{digit}"]').tap()


def _of(shop: Shop, serial: str) -> str:
    return next(str(row.case.id) for row in shop.records.cases(LINE, None).rows if row.case.serial == serial)
