"""A run that failed half-way is undone from the browser, and what it replaced is deleted there."""

from __future__ import annotations

import re
import sqlite3

import pytest
from playwright.sync_api import expect

from tests.browser.product import Product
from tests.browser.test_operator import SECONDS, SignIn, go_to_confirmation

pytestmark = pytest.mark.parametrize("product", ["sqlite"], indirect=True)


@pytest.mark.fault(44)
def test_an_operator_undoes_a_run_that_failed_half_way(product: Product, sign_in: SignIn) -> None:
    path = product.directory / "data" / "demo" / "production.db"
    text = (product.directory / "dashboard.toml").read_text()
    allowed = text.replace('requires = ["staging"]', 'allow = ["upgrade", "restore"]')
    (product.directory / "dashboard.toml").write_text(allowed)
    with sqlite3.connect(path) as connection:
        names = ", ".join(c[1] for c in connection.execute("PRAGMA table_info(invoices)") if c[1] != "id")
        connection.execute(f"INSERT INTO invoices ({names}) SELECT {names} FROM invoices WHERE id = 1")
        before = list(connection.iterdump())
    connection.close()
    page = sign_in("operator")
    page.goto(f"{product.url}/")
    go_to_confirmation(page, "production")
    page.fill("#typed", "production")
    page.get_by_role("button", name=re.compile("Upgrade production")).click()
    expect(page.locator("#outcome-title")).to_contain_text(
        re.compile("stopped part-way|may hold a part"), timeout=SECONDS
    )

    page.get_by_role("button", name=re.compile(r"^Restore backup \d+$")).click()
    expect(page.locator("#plan-restore")).to_contain_text("webhook_endpoints", timeout=SECONDS)
    expect(page.locator("#plan-restore")).to_contain_text("What does not come along")
    page.locator("#typed").fill("production")
    page.get_by_role("button", name=re.compile("Restore production from backup")).click()

    expect(page.locator("#outcome-title")).to_contain_text("is restored from backup", timeout=SECONDS)
    expect(page.locator(".outcome")).to_contain_text("equalled those of backup")
    with sqlite3.connect(path) as connection:
        assert list(connection.iterdump()) == before
    connection.close()
    kept = page.locator("#replaced strong").inner_text()
    assert (path.parent / kept).exists()
    page.fill("#replaced-name", kept)
    page.get_by_role("button", name="Delete the replaced database").click()
    for _ in range(20):
        if "was deleted" in page.locator("#replaced").inner_text():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator("#replaced")).to_contain_text("was deleted")
    assert not (path.parent / kept).exists()
