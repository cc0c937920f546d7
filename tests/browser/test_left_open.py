"""Pages that stay open: what a poll brings, a second viewer, a line that breaks, a session that ends."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.gallery import list_numbered
from tests.browser.keys import tab_to
from tests.browser.product import Product
from tests.browser.tour import sign_in_all
from tests.browser.watch import Watch

SHOP = "/projects/shop"
SETTLED = """
from django.utils import timezone
from dashboard.models import Run
Run.objects.filter(environment="running").update(
    phase="settled", outcome="unchanged", settled_at=timezone.now(), evidence=["The version table is as before."])
"""
BACKED_UP = (
    "from dashboard.models import Backup; Backup.objects.filter(environment='backing-up').update(state='failed')"
)


@pytest.fixture(scope="module")
def numbered(gallery: Product) -> dict[str, str]:
    return list_numbered(gallery)


@pytest.fixture(scope="module")
def people(gallery: Product, chromium: Browser) -> Iterator[dict[str, BrowserContext]]:
    contexts = sign_in_all(chromium, gallery, ("lead", "developer", "operator"))
    watch = Watch(gallery.url, expected=["ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest"])
    for context in contexts.values():
        watch.attach(context)
    yield contexts
    for context in contexts.values():
        context.close()
    assert watch.problems == []


def opened(gallery: Product, context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(gallery.url + address)
    return page


def shell(gallery: Product, command: str) -> None:
    done = gallery.manage("shell", "--verbosity", "0", "--command", command)
    assert done.returncode == 0, done.stderr


def test_a_poll_takes_away_neither_what_is_typed_and_folded_nor_the_focus(
    gallery: Product, people: dict[str, BrowserContext]
) -> None:
    page = opened(gallery, people["operator"], f"{SHOP}/environments/backing-up/plan/")
    page.fill("#accept-reason", "it was moved to conta")
    expect(page.locator("details.sql")).to_have_attribute("open", "")
    tab_to(page, "^SQL preview", "SUMMARY")
    page.keyboard.press("Enter")

    shell(gallery, BACKED_UP)

    expect(page.locator("#backup-progress[hx-get]")).to_have_count(0)
    expect(page.locator("#accept-reason")).to_have_value("it was moved to conta")
    expect(page.locator("details.sql")).not_to_have_attribute("open", "")
    assert "SQL preview" in page.evaluate("document.activeElement.innerText")
    tab_to(page, id="accept-reason")
    page.close()


def test_reading_all_databases_by_the_keyboard_keeps_the_focus(
    gallery: Product, people: dict[str, BrowserContext]
) -> None:
    page = opened(gallery, people["lead"], "/")
    page.focus("#observe-all")

    page.keyboard.press("Enter")

    expect(page.locator("#observe-all")).to_have_text("Reading …")
    expect(page.locator("#observe-all")).to_be_focused()
    page.close()


def test_a_second_viewer_sees_what_the_first_did(
    gallery: Product, people: dict[str, BrowserContext], numbered: dict[str, str]
) -> None:
    viewer = opened(gallery, people["lead"], numbered["run-queued"])
    actor = opened(gallery, people["operator"], numbered["run-queued"])

    actor.get_by_role("button", name=re.compile("^Cancel run")).click()

    expect(viewer.locator("#run-status")).to_contain_text("cancelled")
    expect(viewer).to_have_title(re.compile("^cancelled · Run"))
    viewer.close()
    actor.close()


def test_a_page_says_that_nothing_answers_and_shows_the_end_once_it_does(
    gallery: Product, people: dict[str, BrowserContext], numbered: dict[str, str]
) -> None:
    page = opened(gallery, people["developer"], numbered["run-running"])

    people["developer"].set_offline(True)
    expect(page.get_by_text("The dashboard has not answered for")).to_be_visible()
    shell(gallery, SETTLED)
    people["developer"].set_offline(False)

    expect(page.locator("#run-status")).to_contain_text("unchanged")
    expect(page.get_by_text("The dashboard has not answered for")).to_have_count(0)
    page.close()


def test_a_session_that_ended_leads_a_page_left_open_to_the_login_and_back(gallery: Product, chromium: Browser) -> None:
    address = f"{SHOP}/environments/broken-rehearsal/?ledger=2"
    (context,) = sign_in_all(chromium, gallery, ["operator"]).values()
    page = opened(gallery, context, address)
    context.clear_cookies(name="sessionid")

    page.get_by_role("button", name="Take a backup now").click()
    expect(page.locator(".messagelist")).to_contain_text("nothing was done")
    page.fill("input[name=username]", "operator")
    page.fill("input[name=password]", "operator")
    page.keyboard.press("Enter")
    page.wait_for_url(gallery.url + address)
    page.goto(f"{gallery.url}{SHOP}/environments/rehearsing/plan/#gate-rehearsal")
    context.clear_cookies(name="sessionid")

    page.wait_for_url(re.compile(r"/login/\?next="))
    expect(page.locator("#login-form input[name=next]")).to_have_value(re.compile("/rehearsing/plan/#gate-rehearsal$"))
    context.close()


def test_a_link_to_a_place_on_a_page_leads_there_through_the_login(gallery: Product, chromium: Browser) -> None:
    page = chromium.new_page()
    address = f"{SHOP}/history/?environment=pending&show=pending#revisions"

    page.goto(gallery.url + address)
    page.fill("input[name=username]", "lead")
    page.fill("input[name=password]", "lead")
    page.keyboard.press("Enter")

    page.wait_for_url(gallery.url + address)
    page.close()


def test_escape_closes_a_phones_menu(gallery: Product, people: dict[str, BrowserContext]) -> None:
    page = opened(gallery, people["lead"], "/help/")
    page.set_viewport_size({"width": 390, "height": 800})
    tab_to(page, "^Menu", "SUMMARY")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    page.keyboard.press("Escape")

    expect(page.locator(".small-menu")).not_to_have_attribute("open", "")
    expect(page.locator(".small-menu summary")).to_be_focused()
    page.close()
