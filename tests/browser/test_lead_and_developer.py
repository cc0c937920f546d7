"""A lead sees everything and starts nothing; a developer plans and goes no further."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.product import Product

SignIn = Callable[..., Page]
pytestmark = pytest.mark.parametrize("product", ["sqlite"], indirect=True)


def test_a_lead_sees_every_environment_its_history_and_what_is_pending(product: Product, sign_in: SignIn) -> None:
    page = sign_in("lead")

    for name, word in (("development", "current"), ("staging", "pending 2"), ("production", "pending 5")):
        expect(page.locator(f"#cell-api-{name}")).to_contain_text(word)
    page.goto(f"{product.url}/projects/api/history/?environment=production")
    expect(page.locator("#revisions tbody tr")).to_have_count(18)
    expect(page.locator("#revisions tbody tr", has_text="e3b8d4097c6a")).to_contain_text("production is here")
    page.get_by_role("link", name="4c80f2e6b9d7", exact=True).click()
    expect(page.locator("#content")).to_contain_text("def upgrade")
    page.goto(f"{product.url}/projects/api/environments/production/")
    expect(page.locator("#content")).to_contain_text("A developer or an operator can plan this upgrade.")
    assert page.get_by_role("button", name=re.compile("Plan|backup|Upgrade production")).count() == 0


def test_a_lead_can_have_the_databases_read_and_sees_a_change_made_by_hand(product: Product, sign_in: SignIn) -> None:
    page = sign_in("lead")
    product.alembic("staging", "upgrade", "head")

    page.get_by_role("button", name="Read all databases now").click()

    expect(page.locator("#cell-api-staging")).to_contain_text("current", timeout=20_000)
    page.goto(f"{product.url}/projects/api/environments/staging/")
    expect(page.locator(".ledger")).to_contain_text("utside the dashboard")


def test_a_developer_plans_and_an_operator_is_asked_for_the_rest(product: Product, sign_in: SignIn) -> None:
    page = sign_in("developer")

    page.goto(f"{product.url}/projects/api/environments/staging/")
    page.get_by_role("button", name="Plan the upgrade of 2 revisions").click()

    expect(page.locator("#gate-changes")).to_contain_text("da639b5c1f48")
    expect(page.locator("#gate-backup")).to_contain_text("An operator can take")
    assert page.locator("#typed").count() == 0
    assert page.get_by_role("button", name=re.compile("backup", re.I)).count() == 0


def test_the_stock_admin_shows_the_record_read_only_and_people(product: Product, sign_in: SignIn) -> None:
    page = sign_in("admin")

    page.goto(f"{product.url}/admin/")
    for name in ("Runs", "Backups", "Confirmations", "Observations", "Users", "Groups"):
        expect(page.locator("#content-main")).to_contain_text(name)
    page.goto(f"{product.url}/admin/dashboard/observation/")
    expect(page.locator("#result_list")).to_contain_text("production")
    assert page.get_by_role("link", name=re.compile("Add observation", re.I)).count() == 0
    page.locator("#result_list tbody th a").first.click()
    assert page.locator("input[name=_save]").count() == 0 and page.locator(".deletelink").count() == 0
