"""What every page's words owe to who reads them: a title of its own, buttons that say what they do, times with a zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

SITE = " | Alembic Dashboard"
VAGUE = re.compile(
    r"(?i)(ok|submit|go|apply|save|send|show|compare|discard|continue|yes|no|read now|read it|let it pass)"
)
"""A button that says no more than this."""
ZONE = re.compile(r"\d\d:\d\d:\d\d \w+")
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_BUTTON = re.compile(r"<button\b([^>]*)>(.*?)</button>", re.DOTALL)
_TIME = re.compile(r"<time\b([^>]*)>(.*?)</time>", re.DOTALL)


def say_amiss(html: str) -> Iterator[str]:
    """Of one page."""
    title = title_of(html)
    if not title.endswith(SITE) or not title.removesuffix(SITE).strip():
        yield f"a title that says nothing: {title!r}"
    for attributes, inner in _BUTTON.findall(html):
        words = _plain(inner) or attribute(attributes, "aria-label")
        if not words or VAGUE.fullmatch(words):
            yield f"a button that says only {words!r}"
    for attributes, inner in _TIME.findall(html):
        exact = attribute(attributes, "title")
        if not attribute(attributes, "datetime") or not ZONE.search(f"{_plain(inner)} {exact}"):
            yield f"a time without its zone: {attributes} {inner}"


def title_of(html: str) -> str:
    """As the browser's tab shows it."""
    found = _TITLE.search(html)
    return _plain(found.group(1)) if found else ""


def attribute(attributes: str, name: str) -> str:
    """Its value; empty where there is none."""
    found = re.search(rf'\b{name}="([^"]*)"', attributes)
    return unescape(found.group(1)) if found else ""


def _plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
