"""Each person's work by the keyboard alone, and the lead's and the developer's without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.keys import tab_to
from tests.browser.product import Product

SignIn = Callable[..., Page]
pytestmark = pytest.mark.parametrize("product", ["sqlite"], indirect=True)


def test_a_lead_finds_what_is_pending_and_reads_it(product: Product, sign_in: SignIn) -> None:
    page = sign_in("lead")

    page.keyboard.press("/")
    expect(page.locator("#filter")).to_be_focused()
    page.keyboard.type("prod")
    expect(page.locator("#matrix")).to_contain_text("Matching")
    expect(page).to_have_url(re.compile("q=prod"))
    expect(page.locator("#filter")).to_be_focused()
    tab_to(page, "api / production", "A")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/environments/production/$"))
    tab_to(page, "da639b5c1f48", "A")
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_contain_text("def upgrade")
    page.keyboard.press("?")
    expect(page).to_have_title(re.compile("Help"))


def test_a_developer_and_an_operator_bring_staging_to_its_head(product: Product, sign_in: SignIn) -> None:
    page = sign_in("developer")
    tab_to(page, "staging: pending 2", "A")
    page.keyboard.press("Enter")
    page.wait_for_url("**/environments/staging/")
    tab_to(page, "Plan the upgrade of 2 revisions", "BUTTON")
    page.keyboard.press("Enter")
    page.wait_for_url("**/staging/plan/")
    page = sign_in("operator")
    tab_to(page, "staging: pending 2", "A")
    page.keyboard.press("Enter")
    page.wait_for_url("**/environments/staging/")
    tab_to(page, "Plan the upgrade of 2 revisions", "BUTTON")
    page.keyboard.press("Enter")
    page.wait_for_url("**/staging/plan/")

    tab_to(page, "Take a new backup now", "BUTTON")
    page.keyboard.press("Enter")
    page.locator("#typed").wait_for(timeout=30_000)
    tab_to(page, "typed", "INPUT")
    page.keyboard.type("staging")
    tab_to(page, "Upgrade staging: apply 2 revisions", "BUTTON")
    page.keyboard.press("Enter")

    expect(page.locator("#outcome-title")).to_contain_text("at the target", timeout=30_000)


def test_a_lead_filters_and_has_databases_read_without_javascript(product: Product, sign_in: SignIn) -> None:
    page = sign_in("lead", scripts=False)

    page.fill("#filter", "staging")
    page.keyboard.press("Enter")
    expect(page.locator("#matrix")).to_contain_text("API / staging")
    assert page.locator("#matrix").get_by_text("api / production").count() == 0
    page.get_by_role("button", name="Read all databases now").click()
    expect(page.locator(".messagelist")).to_contain_text("All databases are being read.")


def test_a_developer_plans_without_javascript(product: Product, sign_in: SignIn) -> None:
    page = sign_in("developer", scripts=False)

    page.goto(f"{product.url}/projects/api/environments/staging/")
    page.get_by_role("button", name="Plan the upgrade of 2 revisions").click()

    expect(page.locator("#gate-changes")).to_contain_text("da639b5c1f48")


def test_ids_and_commands_can_be_copied_and_ages_go_on(product: Product, sign_in: SignIn) -> None:
    page = sign_in("lead")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{product.url}/projects/api/environments/production/")

    page.get_by_role("button", name="Copy e3b8d4097c6a").first.click()

    assert page.evaluate("navigator.clipboard.readText()") == "e3b8d4097c6a"
    age = page.locator(".status-line time[data-age]")
    before = age.inner_text()
    page.wait_for_timeout(2100)
    assert age.inner_text() != before
