"""Getting about a page by the keyboard alone."""

from __future__ import annotations

import re

from playwright.sync_api import Page

MOST_TABS = 80
_FOCUSED = """() => {
  const element = document.activeElement;
  const words = element.getAttribute("aria-label") || element.innerText || element.value || element.id || "";
  return [element.tagName, element.id, words.replace(/\\s+/g, " ").trim(), element.matches(":focus-visible")];
}"""


def tab_to(page: Page, words: str = "", *tags: str, id: str = "") -> None:
    """Presses Tab until an element with these words, or of this id, has the focus, which must then be visible."""
    passed = []
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        tag, found_id, found, is_visible = page.evaluate(_FOCUSED)
        passed.append(found or found_id or tag)
        if (id == found_id if id else re.search(words, found, re.IGNORECASE)) and (not tags or tag in tags):
            assert is_visible, f"nothing shows that {found!r} has the focus"
            return
    raise AssertionError(f"{MOST_TABS} times Tab, and nothing says {words or id!r}: {passed}")


def type_into(page: Page, id: str, text: str) -> None:
    """Tab on to a field, and type; each `↑` counts one part of a date up from nothing, and goes on to the next."""
    tab_to(page, id=id)
    page.keyboard.type(text.strip("↑"))
    for _ in range(text.count("↑")):
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Tab")


def go_to_content(page: Page) -> None:
    """Over the header and the sidebar, by the link that a page begins with."""
    tab_to(page, "Skip to main content", "A")
    page.keyboard.press("Enter")
