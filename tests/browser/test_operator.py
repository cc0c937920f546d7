"""The operator's whole way in a real browser, on SQLite and on PostgreSQL, with and without JavaScript."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.product import Product

HEAD = "87d1e0a4c36f"
SignIn = Callable[..., Page]
SECONDS = 20_000


def states(product: Product) -> dict[str, Any]:
    """Environment -> its part of `manage.py status --refresh --json`."""
    done = product.manage("status", "--refresh", "--json")
    assert done.returncode == 0, done.stderr
    return {e["name"]: e for e in json.loads(done.stdout)["projects"][0]["environments"]}


def go_to_confirmation(page: Page, environment: str, *, reload: bool = False) -> None:
    """From the overview to the open confirmation: plan, take a backup, wait for its proof."""
    page.click(f"[aria-label^='API {environment}:'], #cell-api-{environment} a")
    page.get_by_role("button", name=re.compile("Plan the upgrade of")).click()
    page.get_by_role("button", name="Take a new backup now").click()
    for _ in range(20):
        if page.locator("#typed").count():
            return
        page.wait_for_timeout(1000)
        if reload:
            page.goto(page.url)
    page.locator("#typed").wait_for(timeout=SECONDS)


def test_an_operator_backs_up_confirms_and_watches_staging_become_current(product: Product, sign_in: SignIn) -> None:
    before = states(product)
    assert before["development"]["state"] == "current"
    assert [p["revision"] for p in before["staging"]["pending"]] == ["da639b5c1f48", HEAD]
    assert len(before["production"]["pending"]) == 5
    page = sign_in("operator")

    expect(page.locator("#cell-api-staging")).to_contain_text("pending 2")
    go_to_confirmation(page, "staging")
    expect(page.locator("#gate-backup")).to_contain_text("sha256")
    page.fill("#typed", "staging")
    page.get_by_role("button", name="Upgrade staging: apply 2 revisions").click()

    expect(page).to_have_url(re.compile(r"/runs/\d+/$"))
    expect(page.locator("#outcome-title")).to_contain_text(
        "staging is at the target", ignore_case=True, timeout=SECONDS
    )
    expect(page.locator("#run")).to_contain_text("Index the orders of a project by time")
    expect(page.locator("#run")).to_contain_text(f"The version table holds {HEAD}, which is the target.")
    expect(page).to_have_title(re.compile("Run"))
    page.get_by_role("link", name="Back to api / staging").click()
    expect(page.locator("#content")).to_contain_text("current")
    after = states(product)
    assert after["staging"]["state"] == "current" and after["staging"]["current"] == [HEAD]
    assert product.current("staging") == [HEAD]
    assert product.manage("status", "api", "staging", "--check").returncode == 0


@pytest.mark.parametrize("product", ["sqlite"], indirect=True)
def test_the_whole_way_works_without_javascript_on_a_phone(product: Product, sign_in: SignIn) -> None:
    page = sign_in("operator", width=390, scripts=False)

    go_to_confirmation(page, "staging", reload=True)
    page.fill("#typed", "staging")
    page.get_by_role("button", name=re.compile("Upgrade staging")).click()
    for _ in range(20):
        if page.locator("#outcome-title").count():
            break
        page.wait_for_timeout(1000)
        page.goto(page.url)

    expect(page.locator("#outcome-title")).to_contain_text("at the target")
    assert product.current("staging") == [HEAD]


@pytest.mark.parametrize("product", ["sqlite"], indirect=True)
def test_a_wrong_name_starts_nothing_and_says_why(product: Product, sign_in: SignIn) -> None:
    page = sign_in("operator")
    go_to_confirmation(page, "staging")
    page.evaluate("document.querySelector('#typed').removeAttribute('pattern')")

    page.fill("#typed", "production")
    page.get_by_role("button", name=re.compile("Upgrade staging")).click()

    expect(page.locator(".messagelist")).to_contain_text("The name typed is not staging")
    assert product.current("staging") == ["4c80f2e6b9d7"]


@pytest.mark.parametrize("product", ["sqlite"], indirect=True)
def test_production_waits_for_staging_and_says_so(product: Product, sign_in: SignIn) -> None:
    page = sign_in("operator")

    page.goto(f"{product.url}/projects/api/environments/production/")
    page.get_by_role("button", name=re.compile("Plan the upgrade of 5")).click()

    expect(page.locator("#gate-confirm")).to_contain_text("staging does not have da639b5c1f48, 87d1e0a4c36f yet.")
    expect(page.locator("#gate-backup")).to_contain_text("There is no backup of production yet.")
    assert page.locator("#typed").count() == 0


@pytest.mark.parametrize("product", ["sqlite"], indirect=True)
def test_a_revision_that_fails_on_bad_data_is_shown_with_what_is_left(product: Product, sign_in: SignIn) -> None:
    path = product.directory / "data" / "demo" / "production.db"
    text = (product.directory / "dashboard.toml").read_text()
    (product.directory / "dashboard.toml").write_text(text.replace('requires = ["staging"]', ""))
    with sqlite3.connect(path) as connection:
        columns = [c[1] for c in connection.execute("PRAGMA table_info(invoices)") if c[1] != "id"]
        names = ", ".join(columns)
        connection.execute(f"INSERT INTO invoices ({names}) SELECT {names} FROM invoices WHERE id = 1")
    page = sign_in("operator")
    page.goto(f"{product.url}/projects/api/environments/production/")
    page.goto(f"{product.url}/")
    go_to_confirmation(page, "production")

    page.fill("#typed", "production")
    page.get_by_role("button", name=re.compile("Upgrade production")).click()

    outcome = page.locator(".outcome")
    expect(outcome).to_contain_text("may hold a part of a revision", timeout=SECONDS)
    expect(outcome).to_contain_text("invoice numbers are not unique")
    expect(outcome).to_contain_text("2 of 5 revisions")
    expect(outcome).to_contain_text("estore backup")
    assert product.current("production") == ["b5e17d3f9a02"]


def test_killing_the_worker_leaves_no_lie(product: Product, sign_in: SignIn) -> None:
    versions = product.directory / "api" / "alembic" / "versions"
    slow = (
        "op.execute('SELECT pg_sleep(60)')"
        if "STAGING_DATABASE_HOST" in product.variables
        else "op.get_context().as_sql or time.sleep(60)"
    )
    (versions / "slow.py").write_text(
        f'"""Take long"""\nimport time\nfrom alembic import op\nrevision = "slow"\ndown_revision = "{HEAD}"\n'
        f"def upgrade():\n    {slow}\ndef downgrade():\n    pass\n"
    )
    page = sign_in("operator")
    go_to_confirmation(page, "development")
    page.fill("#typed", "development")
    page.get_by_role("button", name="Upgrade development: apply 1 revision").click()
    expect(page.locator("#run-status")).to_contain_text("running", timeout=SECONDS)
    expect(page.locator(".run-running")).to_contain_text("Take long", timeout=SECONDS)

    product.kill("worker")

    expect(page.locator("#outcome-title")).to_be_visible(timeout=60_000)
    expect(page.locator(".outcome")).to_contain_text("worker", ignore_case=True)
    assert "succeeded" not in page.locator("#run-status").inner_text()
    assert product.current("development") == [HEAD]
