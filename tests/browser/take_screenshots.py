"""`make screenshots`: pictures of the demo as an operator leaves it, and of four gates on PostgreSQL.

Without an argument those that README and docs show, into docs/pictures; with a folder every page, at each width and in
both themes, to look at. Plays the operator's way on staging first, so that there is something to see.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, StorageState, sync_playwright

from tests import postgresql
from tests.browser import four_gates
from tests.browser.conftest import (
    SQLITE_TOML,
    copy_postgresql_product,
    copy_product,
    lay_out_demo,
    make_postgres_templates,
)
from tests.browser.find_browser import browser_arguments, find_browser
from tests.browser.product import ROOT, Product

Theme = Literal["light", "dark"]
STAGING = "/projects/api/environments/staging"
BEFORE_THE_RUN = {"overview": "/", "environment": f"{STAGING}/", "plan": f"{STAGING}/plan/"}
AFTER_IT = {
    "run": "/runs/1/",
    "history": "/projects/api/history/?environment=production",
    "revision": "/projects/api/revisions/4c80f2e6b9d7/",
    "compare": "/projects/api/compare/",
    "branches": "/projects/api/branches/",
    "plan_closed": "/projects/api/environments/production/plan/",
    "environment_after": f"{STAGING}/",
    "list": "/?state=pending",
    "runs": "/runs/",
    "backups": "/backups/",
    "audit": "/audit/",
    "help": "/help/",
}


@dataclass(frozen=True)
class Shot:
    """One picture: PAGE-WIDTH-THEME.png."""

    page: str
    width: int
    theme: Theme


SHOWN = (
    *(Shot(page, 1440, theme) for page in ("overview", "plan", "gates", "run", "history") for theme in ("light", "dark")),
    Shot("overview", 390, "light"),
)  # fmt: skip
"""What README and docs show."""
ALL = tuple(
    Shot(page, width, theme)
    for page in (*BEFORE_THE_RUN, *AFTER_IT, "gates_closed", "gates", "revision_sql")
    for width in (1440, 1024, 390)
    for theme in ("light", "dark")
)  # fmt: skip


def main(folder: Path, shots: Sequence[Shot]) -> None:
    """Writes the pictures, and tells of pages that scroll sideways."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=browser_arguments())
        folders = {name: Path(temporary) / name for name in ("prepared", "demo", "gates")}
        for own in folders.values():
            own.mkdir()
        prepared = lay_out_demo(folders["prepared"], SQLITE_TOML).directory
        product = copy_product(prepared, folders["demo"], SQLITE_TOML)
        try:
            product.start("web", "worker", "observer")
            _take_demo(browser, product, folder, shots)
        finally:
            product.stop()
        _take_gates(browser, prepared, folders["gates"], folder, shots)
        browser.close()


def _take_demo(browser: Browser, product: Product, folder: Path, shots: Sequence[Shot]) -> None:
    page = _operators_page(browser, product)
    state = page.context.storage_state()
    _prepare_staging(page, product)
    shoot(browser, state, product, folder, BEFORE_THE_RUN, shots)
    _run_staging(page, product)
    shoot(browser, state, product, folder, AFTER_IT, shots)


def _take_gates(browser: Browser, prepared: Path, directory: Path, folder: Path, shots: Sequence[Shot]) -> None:
    """All closed, then all passed but the last, on a PostgreSQL of their own."""
    binaries = postgresql.find_binaries()
    if binaries is None:
        sys.stderr.write("There is no PostgreSQL, so the pictures of the four gates stay as they are.\n")
        return
    data = postgresql.make_directory()
    server = postgresql.start(data, binaries)
    try:
        templates = make_postgres_templates(prepared, server)
        with (
            copy_postgresql_product(prepared, directory, server, templates) as stopped,
            four_gates.served(stopped, server) as product,
        ):
            page = _operators_page(browser, product)
            state = page.context.storage_state()
            four_gates.make_plan(page, product)
            shoot(browser, state, product, folder, {"gates_closed": four_gates.PLAN}, shots)
            four_gates.open_all(page, product)
            revision = f"/projects/api/revisions/{four_gates.LAST}/"
            shoot(browser, state, product, folder, {"gates": four_gates.PLAN, "revision_sql": revision}, shots)
    finally:
        postgresql.stop(data, binaries)
        shutil.rmtree(data, ignore_errors=True)


def _operators_page(browser: Browser, product: Product) -> Page:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(60_000)
    sign_in(page, product)
    return page


def sign_in(page: Page, product: Product) -> None:
    page.goto(f"{product.url}/login/?next=/")
    page.fill("input[name=username]", "operator")
    page.fill("input[name=password]", "operator")
    page.click("form [type=submit]")
    page.wait_for_url(f"{product.url}/")


def _prepare_staging(page: Page, product: Product) -> None:
    page.goto(f"{product.url}{STAGING}/")
    page.get_by_role("button", name=re.compile("Plan the upgrade")).click()
    page.get_by_role("button", name="Take a new backup now").click()
    page.locator("#typed").wait_for()


def _run_staging(page: Page, product: Product) -> None:
    page.fill("#typed", "staging")
    page.get_by_role("button", name=re.compile("Upgrade staging")).click()
    page.locator("#outcome-title").wait_for()
    page.goto(f"{product.url}/projects/api/environments/production/")
    page.get_by_role("button", name=re.compile("Plan the upgrade")).click()
    page.wait_for_url("**/plan/")


def shoot(
    browser: Browser, state: StorageState, product: Product, folder: Path, pages: dict[str, str], shots: Iterable[Shot]
) -> None:
    for shot in shots:
        if shot.page not in pages:
            continue
        context = browser.new_context(
            viewport={"width": shot.width, "height": 900}, color_scheme=shot.theme, storage_state=state
        )
        page = context.new_page()
        page.goto(product.url + pages[shot.page])
        page.wait_for_timeout(300)  # whatever fades in has faded in
        page.screenshot(path=folder / f"{shot.page}-{shot.width}-{shot.theme}.png", full_page=True)
        if page.evaluate("document.documentElement.scrollWidth") > shot.width:
            sys.stderr.write(f"{shot.page} scrolls sideways at {shot.width}\n")
        context.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]), ALL)
    else:
        main(ROOT / "docs" / "pictures", SHOWN)
