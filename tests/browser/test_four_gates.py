"""The operator's way through all four gates on PostgreSQL. Each is closed first and says in words what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import four_gates
from tests.browser.four_gates import LAST
from tests.browser.product import Product
from tests.browser.test_operator import SignIn
from tests.postgresql import Server

CHANGES, BACKUP, REHEARSAL, CONFIRM = (f"#gate-{name}" for name in ("changes", "backup", "rehearsal", "confirm"))


@pytest.fixture
def product(postgresql_product: Product, postgres_server: Server) -> Iterator[Product]:
    """Running, with a policy that closes every gate."""
    with four_gates.served(postgresql_product, postgres_server) as product:
        yield product
    assert "Traceback" not in product.output("web"), product.output("web")


def says(page: Page, gate: str, *words: str) -> None:
    for one in words:
        expect(page.locator(gate)).to_contain_text(one)


@pytest.mark.timeout(240)
def test_every_gate_is_closed_says_what_is_missing_and_opens(product: Product, sign_in: SignIn) -> None:
    page = sign_in("operator")

    four_gates.make_plan(page, product)
    says(page, CHANGES, "Not reviewed: ", "Read each file on its revision's page, and mark it as reviewed there.")
    says(page, CHANGES, "closed. 1 finding is not accepted", "takes data", "Not accepted yet")
    says(page, BACKUP, "closed. There is no backup of production yet", "Take a new backup.")
    says(page, REHEARSAL, "closed. The plan was not rehearsed on this backup of production")
    says(page, REHEARSAL, "It begins by itself once the backup is proven.", "held for at most 0.01 s")
    says(page, CONFIRM, "closed: 5 things missing", "staging does not have", "Upgrade staging first.")
    expect(page.locator("#typed")).to_have_count(0)

    four_gates.bring_staging_up(page, product)
    says(page, CONFIRM, "closed: 4 things missing")
    four_gates.review_every_file(page, product)
    says(page, CHANGES, "Every revision file of the plan is reviewed.")
    four_gates.accept_findings(page)
    says(page, CHANGES, "passed: 6 revisions read and pinned", "Accepted by operator", "the names were copied")

    four_gates.take_backup(page)
    says(page, BACKUP, "passed", "It was restored and compared.", "read through", "restored")
    says(page, REHEARSAL, "closed. ", "took AccessExclusiveLock on ", "and held it for ", "0.01 s are allowed.")
    says(page, REHEARSAL, "let an operator who knows why let it pass with a reason")
    says(page, CONFIRM, "closed: 1 thing missing")
    expect(page.locator("#typed")).to_have_count(0)

    four_gates.let_budget_pass(page)
    says(page, REHEARSAL, "Let pass by operator: “nobody writes at night”", "ALTER TABLE users DROP COLUMN full_name")
    says(page, CONFIRM, "open: your turn")
    four_gates.confirm(page)

    expect(page.locator("#outcome-title")).to_contain_text("production is at the target", ignore_case=True)
    assert product.current("production") == [LAST]


@pytest.mark.timeout(120)
def test_a_revision_shows_its_sql_both_ways_and_what_it_does(product: Product, sign_in: SignIn) -> None:
    page = sign_in("developer")
    page.goto(f"{product.url}/projects/api/revisions/{LAST}/")
    expect(page.locator("#sql")).to_contain_text("Nobody has had it written for this file.")

    page.get_by_role("button", name="Write the SQL").click()

    sql = page.locator("#sql")
    expect(sql).to_contain_text("ALTER TABLE users DROP COLUMN full_name", timeout=four_gates.MILLISECONDS)
    expect(sql).to_contain_text("ALTER TABLE users ADD COLUMN full_name")
    expect(sql.locator(".flagged-error")).to_contain_text("takes data")
    sql.get_by_role("link", name=re.compile("^Line ")).first.click()
    expect(page).to_have_url(re.compile("#postgresql-upgrade-"))
    with page.expect_download() as download:
        sql.get_by_role("link", name="Download as .sql").last.click()
    assert download.value.suggested_filename == f"api-{LAST}-postgresql-downgrade.sql"
