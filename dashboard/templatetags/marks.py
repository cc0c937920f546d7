"""Badges, glyphs, hashes and names."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from html import escape

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from dashboard.usecases.catalogue import title_of
from dashboard.views.badges import Badge
from dashboard.views.cells import Cell

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=1024)
def badge(shown: Badge) -> SafeString:
    """A pill with glyph and word."""
    return format_html(
        '<span class="badge state-{0}"><svg class="glyph" aria-hidden="true"><use href="#state-{0}"></use></svg>{1}</span>',
        shown.tone,
        shown.word,
    )


@register.simple_tag
def tile(cell: Cell, *, named: bool = False) -> SafeString:
    """An environment as a link of one glyph, or with its name. Written at once: a page shows hundreds."""
    words = ", ".join(badge.word for badge in (cell.badge, cell.drift) if badge)
    project, name, tone, word = (escape(text) for text in (cell.project, cell.name, cell.badge.tone, words))
    visible = f'<span class="tile-name">{name}</span>' if named else ""
    hidden = word if named else f"{name}: {word}"
    return mark_safe(  # noqa: S308  (each of its parts is escaped above)
        f'<a class="tile{" tile-named" if named else ""} state-{tone}" id="tile-{project}-{name}" '
        f'href="{escape(cell.href)}" title="{name}: {word}">{state_glyph(cell.badge.tone)}{visible}'
        f'<span class="visually-hidden">{hidden}</span></a>'
    )


@register.simple_tag
@cache
def glyph(name: str) -> SafeString:
    """A picture of `_glyphs.html` beside a word that says the same."""
    return format_html('<svg class="glyph" aria-hidden="true"><use href="#{}"></use></svg>', name)


@register.simple_tag
@cache
def state_glyph(tone: str) -> SafeString:
    """As `glyph`, in the tone's own colour."""
    return format_html('<svg class="glyph state-{}" aria-hidden="true"><use href="#state-{}"></use></svg>', tone, tone)


@register.filter
def spaced(name: str) -> str:
    """An enum's value as words: "rolled back"."""
    return name.replace("_", " ")


@register.filter
def titled(project: str) -> str:
    """A project's title instead of its name."""
    return title_of(project)


@register.filter
def breakable(path: str) -> SafeString:
    """A path that breaks after a slash or an underscore rather than inside a word."""
    return mark_safe(re.sub("[/_]", r"\g<0><wbr>", escape(path)))  # noqa: S308  (escaped first)


@register.filter
def fingerprint(digest: str) -> str:
    """The first twelve digits in groups of four, as people compare them."""
    return " ".join(digest[start : start + 4] for start in range(0, min(12, len(digest)), 4))
