"""`python -m tests.browser.take_gallery FOLDER`: every state, outcome, gate and verdict in pictures, to look at."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.find_browser import browser_arguments, find_browser
from tests.browser.gallery import GATES, HEAD, OTHER_PLANS, REVISIONS, STATES, lay_out_gallery, list_numbered
from tests.browser.product import Product
from tests.browser.take_screenshots import Shot, Theme, shoot, sign_in

SHOP = "/projects/shop"
PLACES: tuple[tuple[int, Theme], ...] = ((1440, "light"), (1440, "dark"), (390, "light"), (390, "dark"))
PAGES = {
    "overview": "/",
    "overview-matching": "/?state=failed_run",
    **{
        f"environment-{name}": f"{SHOP}/environments/{name}/"
        for name in (*STATES, "secretless", "succeeded", "running")
    },
    **{f"plan-{name}": f"{SHOP}/environments/{name}/plan/" for name in (*GATES, *OTHER_PLANS, "current", "succeeded")},
    "history": f"{SHOP}/history/?environment=pending",
    "history-empty": "/projects/empty/history/",
    "revision": f"{SHOP}/revisions/{REVISIONS[0][0]}/",
    "revision-head": f"{SHOP}/revisions/{HEAD}/",
    "compare": f"{SHOP}/compare/?left=ref:main&right=ref:feature/invoices",
    "compare-conflict": f"{SHOP}/compare/?left=ref:main&right=ref:conflicting",
    "branches": f"{SHOP}/branches/",
    "alterations": f"{SHOP}/altered/",
    "runs": "/runs/",
    "backups": "/backups/",
    "audit": "/audit/",
    "help": "/help/",
    "password": "/password/",
    "not-found": "/projects/shpo/history/",
    "admin": "/admin/",
}


def main(folder: Path) -> None:
    """Writes PAGE-WIDTH-THEME.png for each page, as the operator sees it."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        product = lay_out_gallery(Path(temporary))
        product.start("web")
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=find_browser(), args=browser_arguments())
                _take(browser, product, folder)
                browser.close()
        finally:
            product.stop()


def _take(browser: Browser, product: Product, folder: Path) -> None:
    page = browser.new_page()
    sign_in(page, product)
    pages = PAGES | list_numbered(product)
    shots = [Shot(name, width, theme) for name in pages for width, theme in PLACES]
    shoot(browser, page.context.storage_state(), product, folder, pages, shots)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
