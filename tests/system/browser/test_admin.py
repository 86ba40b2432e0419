"""What an admin does: accounts, tokens, devices, and what changed in the control plan."""

from dataclasses import replace

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from quality.characteristic import Limits
from quality.plan import Role
from records.views import Account
from tests.system.browser.conftest import CHEAP, Station
from tests.system.browser.shop import PLAN, Shop
from tests.system.browser.test_alarms import sign_in

pytestmark = pytest.mark.browser


@pytest.fixture
def admin(context: BrowserContext, tablet: Page, station: Station, shop: Shop) -> Page:
    shop.records.save_account(Account("ada", "Ada", Role.ADMIN, CHEAP.hash("correct horse")))
    sign_in(context, station, "ada")
    tablet.goto(f"{station.address}/admin")
    return tablet


def test_an_account_is_made_with_a_secret_shown_once_and_switched_off(admin: Page, shop: Shop) -> None:
    admin.get_by_text("Add an account").click()
    admin.get_by_label("Name to sign in with").fill("kenji")
    admin.locator(".add").get_by_label("Badge").fill("B-77")
    admin.get_by_role("button", name="Add, with a one-time secret").click()
    secret = admin.locator(".secret-text")
    expect(secret).to_be_visible()
    made = shop.records.account("kenji")
    assert made is not None
    assert (made.role, made.badge, made.must_change) == (Role.ENGINEER, "B-77", True)

    admin.goto(admin.url.replace("/admin/accounts", "/admin"))
    expect(secret).to_have_count(0)
    row = admin.locator(".account", has_text="kenji")
    row.locator("summary").click()
    row.get_by_label("Switched off").check()
    row.get_by_role("button", name="Keep the changes").click()
    expect(admin.locator(".account.disabled")).to_contain_text("kenji")
    assert shop.records.account("kenji").disabled  # type: ignore[union-attr] - it was there a moment ago


def test_the_last_admin_stays_one(admin: Page) -> None:
    row = admin.locator("#account-1")
    row.locator("summary").click()
    row.get_by_label("Role").select_option("operator")
    row.get_by_role("button", name="Keep the changes").click()
    expect(admin.get_by_role("alert")).to_be_visible()
    expect(admin.locator("#account-1 .account-role")).to_have_text("administrator")


def test_a_token_is_shown_once_and_revoked(admin: Page) -> None:
    admin.get_by_role("link", name="Programs").click()
    admin.get_by_label("What it is for").fill("night report")
    admin.get_by_role("button", name="Make a token").click()
    expect(admin.locator(".secret-text")).to_contain_text("jdk_")
    admin.get_by_role("button", name="Revoke night report").click()
    expect(admin.locator(".secret-text")).to_have_count(0)
    expect(admin.locator("tbody tr")).to_contain_text("revoked")


def test_devices_are_shown_as_the_line_shows_them(admin: Page, shop: Shop) -> None:
    shop.show(plan_version=PLAN.version, devices=[{"name": "gauge", "ok": False, "detail": "no answer"}])
    admin.get_by_role("link", name="Devices").click()
    expect(admin.locator(".device.broken")).to_have_count(1)
    expect(admin.locator(".device.broken")).to_contain_text("Device gauge")


def test_a_plan_says_what_it_changed(admin: Page, shop: Shop) -> None:
    shop.edge.use_plan(PLAN)
    first = replace(PLAN.characteristics[0], limits=Limits(-0.18, 0.2))
    shop.edge.use_plan(replace(PLAN, characteristics=(first, *PLAN.characteristics[1:]), measure_every=10))
    admin.get_by_role("link", name="Control plans").click()
    admin.get_by_role("link", name="What changed").click()
    differences = admin.get_by_role("region", name="2 differences").locator("tbody tr")
    expect(differences).to_have_count(2)
    expect(differences.filter(has_text="hole_1_x_mm")).to_contain_text("limits › upper")
    expect(differences.filter(has_text="hole_1_x_mm").locator("ins")).to_have_text("0.2")


def test_an_engineer_reads_plans_and_no_accounts(
    context: BrowserContext, tablet: Page, station: Station, shop: Shop
) -> None:
    shop.edge.use_plan(PLAN)
    sign_in(context, station)
    tablet.goto(f"{station.address}/plans/{PLAN.version}")
    expect(tablet.get_by_role("heading", level=1)).to_contain_text(PLAN.version)
    assert context.request.get(f"{station.address}/admin").status == 403
