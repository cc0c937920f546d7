"""The overview of 3 projects with 200 environments: server time, queries, size, what an unchanged poll costs, first paint.

    python -m benchmarks.overview

Server time is measured in this process, warm; first paint in a real browser on the served product, static files cached.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.fleet import write_fleet
from benchmarks.results import Limit, tell

TIMES = 30
WHAT = {
    "server time": ("server time, warm", "ms", 60.0),
    "queries": ("queries, however many environments", "", None),
    "size": ("compressed", "KB", 100.0),
    "poll": ("an unchanged poll, answered 204", "ms", 10.0),
    "first paint": ("first paint", "ms", 300.0),
}


def measure_overview() -> Iterator[Limit]:
    """Sets up Django for a site of its own."""
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        os.environ |= {
            "DASHBOARD_DEMO": "1",
            "DASHBOARD_CONFIG": str(write_fleet(directory)),
            "DASHBOARD_DATA": str(directory / "data"),
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        }
        measured = measure_server() | {"first paint": measure_paint(directory)}
    for name, (what, unit, limit) in WHAT.items():
        yield Limit(f"overview of 200 environments: {what}", measured[name], unit, limit)


def measure_server() -> dict[str, float]:
    """Medians of what a client of this process waits."""
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    call_command("set_up_demo", stdout=io.StringIO())
    call_command("status", refresh=True, stdout=io.StringIO())
    client = Client()
    client.force_login(User.objects.get(username="lead"))
    page = client.get("/")
    with CaptureQueriesContext(connection) as queries:
        client.get("/")
        number = len(queries)
    seen = re.search(rb"seen=([\w-]+)", page.content)
    assert seen is not None
    address = f"/?part=matrix&seen={seen[1].decode()}"
    htmx = {"HX-Request": "true"}
    assert client.get(address, headers=htmx).status_code == 204
    connection.close()
    return {
        "server time": _median(lambda: client.get("/")),
        "queries": float(number),
        "size": len(gzip.compress(page.content)) / 1000,
        "poll": _median(lambda: client.get(address, headers=htmx)),
    }


def measure_paint(directory: Path) -> float:
    """First contentful paint of the second visit, median, in ms."""
    from playwright.sync_api import sync_playwright

    from tests.browser.find_browser import browser_arguments, find_browser
    from tests.browser.product import Product
    from tests.postgresql import free_port

    names = ("DASHBOARD_DEMO", "DASHBOARD_CONFIG", "DASHBOARD_DATA")
    product = Product(directory, free_port(), {name: os.environ[name] for name in names}, {})
    assert product.manage("collectstatic", "--no-input").returncode == 0
    product.start("web")
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_browser(), args=browser_arguments())
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{product.url}/login/?next=/")
            page.fill("input[name=username]", "lead")
            page.fill("input[name=password]", "lead")
            page.click("form [type=submit]")
            page.wait_for_url(f"{product.url}/")
            paints = []
            for _ in range(9):
                page.goto(f"{product.url}/")
                page.wait_for_timeout(200)
                paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
            browser.close()
    finally:
        product.stop()
    return statistics.median(paints)


def _median(call: Callable[[], object]) -> float:
    """Milliseconds."""
    times = []
    for _ in range(TIMES):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    tell(measure_overview())
