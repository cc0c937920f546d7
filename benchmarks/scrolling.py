"""What a browser has to do while somebody reads a long history: tasks that hold it up for over 50 ms."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.served import Served
from tests.browser.find_browser import browser_arguments, find_browser

PARTS = 10
"""How often more is loaded: ten times two hundred revisions."""
_WATCH = """
window.longTasks = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.longTasks.push(entry.duration);
}).observe({ type: "longtask" });
"""


_CATEGORIES = ["toplevel", "disabled-by-default-devtools.timeline"]


@dataclass(frozen=True, slots=True)
class Scrolling:
    """Milliseconds of processor time of the page's longest tasks, a value each time; and how many the browser calls long.

    The browser counts by the clock, so that whatever else the machine does makes its tasks longer.
    """

    scrolling: tuple[float, ...]
    """From top to end, PARTS times."""
    more: tuple[float, ...]
    """Loading two hundred more rows."""
    long_scrolling: int
    long_more: int
    rows: int
    """In the page at last."""


def scroll(served: Served, path: str) -> Scrolling:
    """In a headless Chromium on a screen of 1440 by 900. Raises where there is no browser."""
    found = find_browser()
    if found is None:
        raise RuntimeError("no Chromium: `make test` tries to install one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=browser_arguments())
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": "sessionid", "value": served.session, "url": served.product.url}])
        page = context.new_page()
        page.add_init_script(_WATCH)
        page.goto(f"{served.product.url}{path}")
        page.wait_for_timeout(1000)
        _take(page)
        scrolling, more, long_scrolling, long_more = [], [], 0, 0
        for _ in range(PARTS):
            scrolling.append(_longest(browser, page, _to_the_end))
            long_scrolling += len(_take(page))
            more.append(_longest(browser, page, _load_more))
            long_more += len(_take(page))
        rows = page.locator("#revisions tbody tr").count()
        browser.close()
    return Scrolling(tuple(scrolling), tuple(more), long_scrolling, long_more, rows)


def _longest(browser: Browser, page: Page, act: Callable[[Page], None]) -> float:
    browser.start_tracing(page=page, categories=_CATEGORIES)
    act(page)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    named = [event for event in events if event.get("name") == "thread_name"]
    main = {(event["pid"], event["tid"]) for event in named if event["args"]["name"] == "CrRendererMain"}
    tasks = (event for event in events if event.get("ph") == "X" and (event["pid"], event["tid"]) in main)
    longest: float = max(event.get("tdur", 0) for event in tasks)
    return longest / 1000


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
