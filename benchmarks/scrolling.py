"""What a browser has to do while somebody reads a long history: tasks that hold it up for over 50 ms."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from playwright.sync_api import Page, sync_playwright

from benchmarks.served import Served
from tests.browser.find_browser import find_browser

PARTS = 10
"""How often more is loaded: ten times two hundred revisions."""
_WATCH = """
window.longTasks = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.longTasks.push(entry.duration);
}).observe({ type: "longtask" });
"""


@dataclass(frozen=True, slots=True)
class Scrolling:
    """Milliseconds of each long task, by what the reader did."""

    loading: tuple[float, ...]
    """Opening the page."""
    scrolling: tuple[float, ...]
    """From its top to its end, PARTS times, without loading."""
    more: tuple[float, ...]
    """Loading two hundred more rows."""
    rows: int
    """In the page at last."""


def scroll(served: Served, path: str, picture: str = "") -> Scrolling:
    """In a headless Chromium on a screen of 1440 by 900. Raises where there is no browser."""
    found = find_browser()
    if found is None:
        raise RuntimeError("no Chromium: `make test` tries to install one")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": "sessionid", "value": served.session, "url": served.product.url}])
        page = context.new_page()
        page.add_init_script(_WATCH)
        page.goto(f"{served.product.url}{path}")
        page.wait_for_timeout(500)
        loading = _take(page)
        scrolling: list[float] = []
        more: list[float] = []
        for _ in range(PARTS):
            _to_the_end(page)
            scrolling += _take(page)
            _load_more(page)
            more += _take(page)
        if picture:
            page.evaluate("window.scrollTo(0, 0)")
            page.screenshot(path=picture)
        rows = page.locator("#revisions tbody tr").count()
        browser.close()
    return Scrolling(tuple(loading), tuple(scrolling), tuple(more), rows)


def _to_the_end(page: Page) -> None:
    page.mouse.move(700, 500)
    while page.evaluate("window.innerHeight + window.scrollY < document.documentElement.scrollHeight - 2"):
        page.mouse.wheel(0, 1500)
        page.wait_for_timeout(30)


def _load_more(page: Page) -> None:
    before = page.locator("#revisions tbody tr").count()
    page.click("#more a")
    until = time.monotonic() + 30
    # Not wait_for_function: the page's own policy forbids the eval that it needs.
    while page.locator("#revisions tbody tr").count() == before and time.monotonic() < until:
        page.wait_for_timeout(50)
    page.wait_for_timeout(300)


def _take(page: Page) -> list[float]:
    taken: list[float] = page.evaluate("window.longTasks.splice(0)")
    return taken
