"""One role's way through everything that is linked, and what to look at on a page that is open.

Links are followed by plain requests with the session of a browser, which is quick; only one page of each kind and shape is
opened in the browser itself.
"""

from __future__ import annotations

import http.client
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from django.urls import resolve
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.product import Product
from tests.browser.watch import Watch
from tests.browser.words import attribute, say_amiss, title_of

ROLES = ("lead", "developer", "operator", "admin")
WIDTHS = (1024, 390, 1440)
OF_A_KIND = 40
OF_A_CHOICE = 15
"""So many addresses of one kind are asked for, and fewer where a query only chooses: a thousandth page tells nothing new."""
ANSWER_SECONDS = 60


@dataclass
class Tour:
    """Begun at the overview. `session`: the cookie of somebody who has signed in."""

    product: Product
    session: str
    shape_of: Callable[[str, str], str] = lambda kind, html: ""
    """Of a kind and its HTML: what makes two pages of one kind worth a look each."""
    problems: list[str] = field(default_factory=list)
    opened: dict[tuple[str, str], str] = field(default_factory=dict)
    """Kind and shape of a page -> the first address of it."""
    titled: dict[str, set[str]] = field(default_factory=dict)
    """Title -> the views whose pages have it."""
    forms: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    """View that takes a form -> its address and what it sends before anybody types, for one form of each."""

    def walk(self) -> None:
        """Fills `problems` and `opened`."""
        waiting, known, kinds = deque(["/"]), {"/"}, Counter[str]()
        connection = http.client.HTTPConnection("127.0.0.1", self.product.port, timeout=ANSWER_SECONDS)
        while waiting:
            address = waiting.popleft()
            kind = kind_of(address)
            kinds[kind] += 1
            if kinds[kind] > (OF_A_CHOICE if "?" in address else OF_A_KIND):
                continue
            connection.request("GET", address, headers={"Cookie": f"sessionid={self.session}"})
            answer = connection.getresponse()
            html = answer.read().decode(errors="replace")
            links = [answer.headers["Location"]] if answer.status in {301, 302} else []
            if answer.status >= 400 or "/login/" in "".join(links):
                self.problems.append(f"{answer.status} at {address}")
            elif answer.headers.get("Content-Type", "").startswith("text/html") and not _is_of_django_admin(address):
                self.opened.setdefault((kind, self.shape_of(kind, html)), address)
                self.titled.setdefault(title_of(html), set()).add(kind.split()[0])
                amiss = (*needs_a_script(html), *say_amiss(html))
                self.problems += [f"{problem} at {address}" for problem in amiss]
                for action, sent in _forms_of(html):
                    self.forms.setdefault(kind_of(action).split()[0], (action, sent))
                links = [*links, *_links_of(html, address)]
            new = [link for link in dict.fromkeys(links) if link not in known]
            known.update(new)
            waiting.extend(new)
        connection.close()


def sign_in_all(
    browser: Browser, product: Product, roles: Iterable[str] = ROLES, *, scripts: bool = True
) -> dict[str, BrowserContext]:
    """A browser's session for each role, in which axe is at hand, or where no JavaScript runs."""
    contexts = {}
    for role in roles:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, java_script_enabled=scripts)
        page = context.new_page()
        page.goto(f"{product.url}/login/?next=/help/")
        page.fill("input[name=username]", role)
        page.fill("input[name=password]", role)
        page.click("form [type=submit]")
        page.wait_for_url(f"{product.url}/help/")
        page.close()
        context.add_init_script(AXE_SCRIPT)
        contexts[role] = context
    return contexts


def walk_all(
    product: Product, people: Mapping[str, BrowserContext], shape_of: Callable[[str, str], str] = lambda kind, html: ""
) -> dict[str, Tour]:
    """Every role's tour, side by side."""
    tours = {}
    for role, context in people.items():
        session = next(c["value"] for c in context.cookies() if c["name"] == "sessionid")
        tours[role] = Tour(product, session, shape_of)
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(tour.walk) for tour in tours.values()]:
            done.result()
    return tours


def kind_of(address: str) -> str:
    """Name of the view and of what is asked of it, not what for."""
    parts = urlsplit(address)
    match = resolve(parts.path)
    keys = sorted({key for key, value in parse_qsl(parts.query, keep_blank_values=True)})
    return f"{match.view_name or match.route} {' '.join(keys)}"


def needs_a_script(html: str) -> Iterator[str]:
    """What could not be done without JavaScript: htmx sits where a browser alone can go on as well."""
    for tag in re.findall(r"<(?:a|form|button|input|select)\b[^>]*>", html):
        is_form = tag.startswith("<form")
        if is_form and "action=" not in tag:
            yield f"a form without action: {tag}"
        if "hx-post=" in tag and not is_form:
            yield f"posted by htmx alone: {tag}"
        if tag.startswith("<a") and "href=" not in tag:
            yield f"a link without href: {tag}"


def look(page: Page) -> Iterator[str]:
    """What is wrong with the page that is open, in each theme and at each width."""
    if "/admin/" in page.url:
        return
    yield from _violations(page, "light", {})
    # Nothing but colours depends on the theme.
    yield from _violations(page, "dark", {"runOnly": ["color-contrast"]})
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found = page.evaluate("document.documentElement.scrollWidth")
        if found > width:
            yield f"{found} pixels wide at {width}"
        if width == min(WIDTHS):
            yield from _violations(page, "dark", {"runOnly": ["scrollable-region-focusable", "target-size"]})


def look_at_all(
    context: BrowserContext, product: Product, addresses: Iterable[tuple[str, str]], seen: set[str]
) -> list[str]:
    """Problems of the pages, by name. What is like one that was `seen` already is not looked at again."""
    watch = Watch(product.url)
    watch.attach(context)
    page = context.new_page()
    problems = []
    for name, address in addresses:
        page.goto(product.url + address)
        shown = without_moments(page.evaluate("document.querySelector('#content').innerHTML"))
        if shown in seen and address != "/":
            continue  # the same page as another role's; the sidebar is looked at with the overview
        seen.add(shown)
        problems += [f"{name} {address}: {problem}" for problem in look(page)]
    page.close()
    return problems + watch.problems


def without_moments(html: str) -> str:
    """The page as far as it differs neither from second to second nor by the name of who looks at it."""
    passing = r"[\w-]{40,}|seen=[\w-]+|(datetime|title)=\"[^\"]*\"|\d+| (s|min) ago"
    return re.sub(rf"\b({'|'.join(ROLES)})\b|{passing}", "", html)


def _links_of(html: str, address: str) -> Iterator[str]:
    """Ours, without fragments."""
    for href in re.findall(r'<a\b[^>]*?\shref="([^"]+)"', html):
        link = urldefrag(urljoin(address, href.replace("&amp;", "&"))).url
        if link.startswith("/"):
            yield link


def _forms_of(html: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Those that change something, but for logging out."""
    for attributes, inner in re.findall(r"<form\b([^>]*)>(.*?)</form>", html, re.DOTALL):
        action = attribute(attributes, "action")
        if attribute(attributes, "method") == "post" and not action.endswith("/logout/"):
            inputs = re.findall(r'<(?:input|button)\b([^>]*(?:type="hidden"|name=)[^>]*)>', inner)
            yield action, {attribute(one, "name"): attribute(one, "value") for one in inputs}


def _is_of_django_admin(address: str) -> bool:
    return address.startswith("/admin/") and address != "/admin/"


def _violations(page: Page, theme: Literal["light", "dark"], options: dict[str, object]) -> Iterator[str]:
    """What axe finds, once the colours have stopped fading into the theme."""
    page.emulate_media(color_scheme=theme)
    page.evaluate("document.getAnimations().forEach((one) => one instanceof CSSTransition && one.finish())")
    found = page.evaluate(
        "(options) => axe.run(document, options).then((results) => results.violations)",
        {"resultTypes": ["violations"]} | options,
    )
    for violation in found:
        nodes = ", ".join(node["html"][:120] for node in violation["nodes"][:3])
        yield f"{theme}: {violation['id']} {nodes}"
