"""Every link as every role: none is dead, no page errs, none shuts anybody out, none scrolls sideways.

One product serves the whole module. Every address is asked for; one of each kind of page is opened in the browser.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import resolve
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.conftest import SQLITE_TOML, copy_product
from tests.browser.product import Product
from tests.browser.watch import Watch

ROLES = ("lead", "developer", "operator", "admin")
WIDTHS = (390, 1024, 1440)
OF_A_KIND = 40
"""So many addresses of one kind are asked for; a thousandth revision's page tells nothing new."""


@dataclass
class Tour:
    """One role's way through everything that is linked, begun at the overview."""

    context: BrowserContext
    url: str
    dead: list[str] = field(default_factory=list)
    opened: dict[str, str] = field(default_factory=dict)
    """Kind of page -> the first address of it."""

    def walk(self) -> None:
        waiting, known, kinds = deque(["/"]), {"/"}, Counter[str]()
        while waiting:
            address = waiting.popleft()
            kind = kind_of(address)
            kinds[kind] += 1
            if kinds[kind] > OF_A_KIND:
                continue
            answer = self.context.request.get(self.url + address)
            if not answer.ok:
                self.dead.append(f"{answer.status} at {address}")
            if not answer.headers.get("content-type", "").startswith("text/html") or is_of_django_admin(address):
                continue
            self.opened.setdefault(kind, address)
            for link in links_of(answer.text(), address):
                if link not in known:
                    known.add(link)
                    waiting.append(link)


def links_of(html: str, address: str) -> Iterator[str]:
    """Ours, without fragments."""
    for href in re.findall(r'<a\b[^>]*?\shref="([^"]+)"', html):
        link = urldefrag(urljoin(address, href.replace("&amp;", "&"))).url
        if link.startswith("/"):
            yield link


def kind_of(address: str) -> str:
    parts = urlsplit(address)
    match = resolve(parts.path)
    keys = sorted({key for key, value in parse_qsl(parts.query, keep_blank_values=True)})
    return f"{match.view_name or match.route} {' '.join(keys)}"


def is_of_django_admin(address: str) -> bool:
    return address.startswith("/admin/") and address != "/admin/"


@pytest.fixture(scope="module")
def played(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A running product, on which an operator has upgraded staging and planned production."""
    product = copy_product(prepared, tmp_path_factory.mktemp("every_page"), SQLITE_TOML)
    product.start("web", "worker", "observer")
    try:
        yield product
    finally:
        product.stop()
    assert "Traceback" not in product.output("web"), product.output("web")


@pytest.fixture(scope="module")
def people(played: Product, chromium: Browser) -> Iterator[dict[str, BrowserContext]]:
    """Each role's session; the operator has left something to see."""
    contexts = {role: signed_in(chromium, played, role) for role in ROLES}
    leave_traces(contexts["operator"].new_page(), played)
    yield contexts
    for context in contexts.values():
        context.close()


def signed_in(chromium: Browser, product: Product, role: str) -> BrowserContext:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{product.url}/login/?next=/help/")
    page.fill("input[name=username]", role)
    page.fill("input[name=password]", role)
    page.click("form [type=submit]")
    page.wait_for_url(f"{product.url}/help/")
    page.close()
    return context


def leave_traces(page: Page, product: Product) -> None:
    staging = f"{product.url}/projects/api/environments/staging"
    page.goto(f"{staging}/")
    page.get_by_role("button", name=re.compile("Plan the upgrade of")).click()
    page.get_by_role("button", name="Take a new backup now").click()
    page.fill("#typed", "staging", timeout=30_000)
    page.get_by_role("button", name=re.compile("Upgrade staging")).click()
    page.locator("#outcome-title").wait_for(timeout=30_000)
    page.goto(f"{product.url}/projects/api/environments/production/")
    page.get_by_role("button", name=re.compile("Plan the upgrade of")).click()
    page.wait_for_url("**/production/plan/")


@pytest.fixture(scope="module")
def tours(played: Product, people: dict[str, BrowserContext]) -> dict[str, Tour]:
    """Each role's, walked."""
    found = {role: Tour(context, played.url) for role, context in people.items()}
    for tour in found.values():
        tour.walk()
    return found


@pytest.mark.parametrize("role", ROLES)
def test_no_link_is_dead_for_any_role(tours: dict[str, Tour], role: str) -> None:
    assert tours[role].dead == []
    assert {"overview ", "environment ", "history ", "revision ", "plan ", "run ", "runs ", "backups ", "audit ", "help "} <= (
        tours[role].opened.keys()
    )  # fmt: skip


def test_no_page_errs_shuts_anybody_out_or_scrolls_sideways(
    played: Product, people: dict[str, BrowserContext], tours: dict[str, Tour]
) -> None:
    problems: list[str] = []
    seen: set[str] = set()
    for role, context in people.items():
        watch = Watch(played.url)
        watch.attach(context)
        page = context.new_page()
        for kind, address in tours[role].opened.items():
            page.goto(played.url + address)
            shown = without_moments(page.evaluate("document.querySelector('#content').innerHTML"))
            if shown in seen and address != "/":
                continue  # the same page as another role's; the sidebar is looked at with the overview
            seen.add(shown)
            problems += [f"{kind} as {role}: {problem}" for problem in look(page)]
        page.close()
        problems += [f"as {role}: {problem}" for problem in watch.problems]

    assert not problems, "\n".join(problems)


def without_moments(html: str) -> str:
    """The page as far as it differs neither from second to second nor by the name of who looks at it."""
    passing = r"[\w-]{40,}|seen=[\w-]+|(datetime|title)=\"[^\"]*\"|\d+| (s|min) ago"
    return re.sub(rf"\b({'|'.join(ROLES)})\b|{passing}", "", html)


def look(page: Page) -> Iterator[str]:
    """What is wrong with the page that is open, in each theme and at each width."""
    if "/admin/" not in page.url:
        yield from violations(page, "light", {})
        # Nothing but colours depends on the theme.
        yield from violations(page, "dark", {"runOnly": ["color-contrast"]})
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            found = page.evaluate("document.documentElement.scrollWidth")
            if found > width:
                yield f"{found} pixels wide at {width}"


def violations(page: Page, theme: Literal["light", "dark"], options: dict[str, object]) -> Iterator[str]:
    """What axe finds, once the colours have stopped fading into the theme."""
    page.emulate_media(color_scheme=theme)
    page.evaluate("document.getAnimations().forEach((one) => one instanceof CSSTransition && one.finish())")
    for violation in Axe().run(page, options=options).response["violations"]:
        nodes = ", ".join(node["html"][:120] for node in violation["nodes"][:3])
        yield f"{theme}: {violation['id']} {nodes}"
