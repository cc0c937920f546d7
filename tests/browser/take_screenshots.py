"""`make screenshots`: pictures of the demo as an operator leaves it.

Without an argument those that README and docs show, into docs/pictures; with a folder every page, at each width and in
both themes, to look at. Plays the operator's way on staging first, so that there is something to see.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, StorageState, sync_playwright

from tests.browser.conftest import SQLITE_TOML, lay_out_demo
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
    *(Shot(page, 1440, theme) for page in ("overview", "plan", "run", "history") for theme in ("light", "dark")),
    Shot("overview", 390, "light"),
)  # fmt: skip
"""What README and docs show."""
ALL = tuple(
    Shot(page, width, theme)
    for page in (*BEFORE_THE_RUN, *AFTER_IT)
    for width in (1440, 1024, 390)
    for theme in ("light", "dark")
)  # fmt: skip


def main(folder: Path, shots: Sequence[Shot]) -> None:
    """Writes the pictures, and tells of pages that scroll sideways."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        product = lay_out_demo(Path(temporary), SQLITE_TOML)
        try:
            product.start("web", "worker", "observer")
            _take_all(product, folder, shots)
        finally:
            product.stop()


def _take_all(product: Product, folder: Path, shots: Sequence[Shot]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=browser_arguments())
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(60_000)
        sign_in(page, product)
        state = page.context.storage_state()
        _prepare_staging(page, product)
        shoot(browser, state, product, folder, BEFORE_THE_RUN, shots)
        _run_staging(page, product)
        shoot(browser, state, product, folder, AFTER_IT, shots)
        browser.close()


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
