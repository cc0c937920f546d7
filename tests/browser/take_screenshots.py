"""`make screenshots`: pictures of every page, from the demo as an operator leaves it, for README and docs/pictures.

Each at 1440 and 390 pixels, light and dark. Plays the operator's way on staging first, so that there is something to see.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import SQLITE_TOML, _lay_out, _variables
from tests.browser.find_browser import find_browser
from tests.browser.product import ENVIRONMENTS, ROOT, Product
from tests.postgresql import free_port

STAGING = "/projects/api/environments/staging"
PAGES = {
    "overview": "/",
    "environment": f"{STAGING}/",
    "history": "/projects/api/history/?environment=production",
    "revision": "/projects/api/revisions/4c80f2e6b9d7/",
    "plan": f"{STAGING}/plan/",
    "plan_closed": "/projects/api/environments/production/plan/",
    "run": "/runs/1/",
    "runs": "/runs/",
    "backups": "/backups/",
    "audit": "/audit/",
    "help": "/help/",
}
SIZES = (1440, 390)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main(folder: Path) -> None:
    """Writes `folder`/PAGE-WIDTH-THEME.png."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        product = _demo(Path(temporary))
        try:
            product.start("web", "worker", "observer")
            _take_all(product, folder)
        finally:
            product.stop()


def _demo(directory: Path) -> Product:
    _lay_out(directory, SQLITE_TOML)
    databases = {n: {"DATABASE_URL": f"sqlite:///{directory}/data/demo/{n}.db"} for n in ENVIRONMENTS}
    product = Product(directory, free_port(), _variables(directory), databases)
    done = product.manage("set_up_demo")
    assert done.returncode == 0, done.stderr
    return product


def _take_all(product: Product, folder: Path) -> None:
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=arguments)
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        _sign_in(page, product)
        state = context.storage_state()
        _play(page, product, "before")
        _shoot(browser, state, product, folder, ("plan", "overview", "environment"))
        _play(page, product, "run")
        page.goto(f"{product.url}/projects/api/environments/production/")
        page.get_by_role("button", name=re.compile("Plan the upgrade")).click()
        _shoot(browser, state, product, folder, [name for name in PAGES if name not in {"plan", "overview", "environment"}])
        browser.close()


def _sign_in(page: Page, product: Product) -> None:
    page.goto(f"{product.url}/login/?next=/")
    page.fill("input[name=username]", "operator")
    page.fill("input[name=password]", "operator")
    page.click("form [type=submit]")
    page.wait_for_url(f"{product.url}/")


def _play(page: Page, product: Product, what: str) -> None:
    if what == "before":
        page.goto(f"{product.url}{STAGING}/")
        page.get_by_role("button", name=re.compile("Plan the upgrade")).click()
        page.get_by_role("button", name="Take a new backup now").click()
        page.locator("#typed").wait_for(timeout=30_000)
        return
    page.goto(f"{product.url}{STAGING}/plan/")
    page.fill("#typed", "staging")
    page.get_by_role("button", name=re.compile("Upgrade staging")).click()
    page.locator("#outcome-title").wait_for(timeout=30_000)


def _shoot(browser: object, state: object, product: Product, folder: Path, names: object) -> None:
    for width in SIZES:
        for theme in THEMES:
            context = browser.new_context(  # type: ignore[attr-defined]
                viewport={"width": width, "height": 900}, color_scheme=theme, storage_state=state
            )
            page = context.new_page()
            for name in names:  # type: ignore[attr-defined]
                page.goto(product.url + PAGES[name])
                page.screenshot(path=folder / f"{name}-{width}-{theme}.png", full_page=True)
                too_wide = page.evaluate("document.documentElement.scrollWidth") > width
                if too_wide:
                    sys.stderr.write(f"{name} scrolls sideways at {width}\n")
            context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures")
