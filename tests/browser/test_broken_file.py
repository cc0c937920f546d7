"""A dashboard.toml that breaks while somebody looks: told on the page that is open, and on its own; both mend themselves."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.browser.product import Product
from tests.browser.watch import Watch

SignIn = Callable[..., Page]
pytestmark = pytest.mark.parametrize("product", ["sqlite"], indirect=True)


def test_an_open_page_and_a_new_one_say_what_is_wrong_until_it_is_mended(
    product: Product, sign_in: SignIn, watch: Watch
) -> None:
    page = sign_in("lead")
    file = product.directory / "dashboard.toml"
    good = file.read_text()
    file.write_text(
        good.replace("[projects.api.environments.staging]", "[projects.api.environments.staging]\nalow = 1")
    )

    page.evaluate("htmx.trigger(document.body, 'reading')")

    expect(page.locator("#broken")).to_contain_text("projects.api.environments.staging.alow There is no such key.")
    expect(page.locator("#cell-api-staging")).to_be_visible()
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate("axe.run(document).then((results) => results.violations)") == []

    watch.expected.append("status of 500")
    other = page.context.new_page()
    other.goto(product.url)
    expect(other.get_by_role("heading", name="dashboard.toml cannot be used")).to_be_visible()
    watch.problems[:] = [problem for problem in watch.problems if not problem.startswith("500 from")]

    file.write_text(good)

    expect(page.locator("#broken")).to_be_empty(timeout=15_000)
    expect(other.locator("#cell-api-staging")).to_be_visible(timeout=15_000)
