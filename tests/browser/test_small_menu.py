"""On a phone, where Django's admin hides its sidebar, a menu leads to every page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

SignIn = Callable[..., Page]
pytestmark = pytest.mark.parametrize("product", ["sqlite"], indirect=True)


def test_runs_and_help_are_reached_from_the_overview_by_key_and_without_javascript(sign_in: SignIn) -> None:
    page = sign_in("lead", width=390, scripts=False)

    for name in ("Runs", "Help"):
        page.locator(".small-menu summary").focus()
        page.keyboard.press("Enter")
        page.get_by_role("navigation", name="Menu").get_by_role("link", name=name, exact=True).press("Enter")
        page.wait_for_url(f"**/{name.lower()}/")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_open_menu_is_accessible_and_as_wide_as_the_screen(
    sign_in: SignIn, theme: Literal["light", "dark"]
) -> None:
    page = sign_in("lead", width=390, theme=theme)

    page.get_by_text("Menu", exact=True).click()

    expect(page.get_by_role("navigation", name="Menu").get_by_role("link", name="Backups")).to_be_visible()
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate("axe.run(document).then((results) => results.violations)") == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_beside_the_sidebar_there_is_no_second_menu(sign_in: SignIn) -> None:
    page = sign_in("lead", width=1024)

    expect(page.get_by_role("link", name="Runs", exact=True)).to_be_visible()
    expect(page.locator(".small-menu")).to_be_hidden()


def test_a_touch_on_an_age_shows_the_exact_time_and_the_next_one_the_age(sign_in: SignIn) -> None:
    page = sign_in("lead", width=390)
    age = page.locator("#summary time")

    age.click()
    expect(age).to_have_text(re.compile(r"\d\d \w{3} \d{4}, \d\d:\d\d:\d\d UTC"))
    age.click()

    expect(age).to_have_text(re.compile(r" ago$"))
