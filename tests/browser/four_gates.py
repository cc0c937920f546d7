"""PostgreSQL with a policy that closes every gate, and how an operator opens each: for the test and for the pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from playwright.sync_api import Page

from tests.browser.product import Product
from tests.postgresql import Server

PLAN = "/projects/api/environments/production/plan/"
LAST = "5e20b7c8d1fa"
MILLISECONDS = 60_000
_TOML = """
[projects.api]
title = "API"
directory = "api"

[projects.api.environments.staging]
variables_prefix = "STAGING_"

[projects.api.environments.production]
variables_prefix = "PRODUCTION_"
requires = ["staging"]
requires_review = true
scratch = { url = { env = "SCRATCH_URL" } }
backup = { verify = "restore", tools = "TOOLS" }
rehearsal = { max_lock = "10ms", max_rewrite = "100MB" }
"""
_REVISION = f'''"""Keep no full names of users

Revision ID: {LAST}
Revises: 87d1e0a4c36f
Create Date: 2026-11-23 10:04:12.480221

"""

import sqlalchemy as sa
from alembic import op

revision = "{LAST}"
down_revision = "87d1e0a4c36f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("users", "full_name")


def downgrade() -> None:
    op.add_column("users", sa.Column("full_name", sa.String(120), nullable=False, server_default=""))
'''


@contextmanager
def served(product: Product, server: Server) -> Iterator[Product]:
    """`product`, not started yet, is given the policy and a revision that takes data, and runs until the end."""
    (product.directory / "dashboard.toml").write_text(_TOML.replace("TOOLS", str(server.bin)))
    versions = product.directory / "api" / "alembic" / "versions"
    (versions / f"2026_11_23-{LAST}_keep_no_full_names.py").write_text(_REVISION)
    password = quote(server.password, safe="")
    product.variables["SCRATCH_URL"] = f"postgresql://{server.admin}:{password}@{server.host}:{server.port}/postgres"
    product.start("web", "worker", "observer")
    try:
        yield product
    finally:
        product.stop()


def make_plan(page: Page, product: Product) -> None:
    """From the environment's page; waits until its SQL was looked through."""
    page.goto(f"{product.url}/projects/api/environments/production/")
    page.get_by_role("button", name=re.compile("Plan the upgrade of")).click()
    page.locator(".finding").first.wait_for(timeout=MILLISECONDS)


def bring_staging_up(page: Page, product: Product) -> None:
    """By hand, as a deployment does it; the observer sees it, and the plan's page no longer misses it."""
    product.alembic("staging", "upgrade", "head")
    while page.locator("#gate-confirm").get_by_text("staging does not have").count():
        page.wait_for_timeout(500)
        page.goto(f"{product.url}{PLAN}")


def review_every_file(page: Page, product: Product) -> None:
    """Each on its own page."""
    links = page.locator("#gate-changes .step-head a:not(.tag-link)").evaluate_all(
        "links => links.map((link) => link.href)"
    )
    for link in links:
        page.goto(link)
        page.get_by_role("button", name="Mark this file as reviewed").click()
        page.locator("#review").get_by_text("Reviewed by").wait_for()
    page.goto(f"{product.url}{PLAN}")


def accept_findings(page: Page) -> None:
    """All that are open, with a reason."""
    page.fill("#accept-reason", "the names were copied to the archive")
    page.get_by_role("button", name=re.compile("^Accept (this|all)")).click()


def take_backup(page: Page) -> None:
    """Waits until it was restored, and the plan rehearsed on it."""
    page.get_by_role("button", name="Take a new backup now").click()
    page.locator("#override-reason").wait_for(timeout=MILLISECONDS)


def let_budget_pass(page: Page) -> None:
    """With a reason; the confirmation is open then."""
    page.fill("#override-reason", "nobody writes at night")
    page.get_by_role("button", name="Let this plan exceed the budget").click()
    page.locator("#typed").wait_for()


def open_all(page: Page, product: Product) -> None:
    """But the last, for a plan that was made; and has the SQL of its last revision written."""
    bring_staging_up(page, product)
    review_every_file(page, product)
    accept_findings(page)
    take_backup(page)
    let_budget_pass(page)
    page.goto(f"{product.url}/projects/api/revisions/{LAST}/")
    page.get_by_role("button", name="Write the SQL").click()
    page.locator("#sql .sql-lines").first.wait_for(timeout=MILLISECONDS)
    page.goto(f"{product.url}{PLAN}")


def confirm(page: Page) -> None:
    """Types the name, and waits for the end of the run."""
    page.fill("#typed", "production")
    page.get_by_role("button", name=re.compile("Upgrade production: apply 6 revisions")).click()
    page.locator("#outcome-title").wait_for(timeout=MILLISECONDS)
