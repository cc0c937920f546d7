"""Badges, glyphs and hashes."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard.views.badges import Badge

register = template.Library()


@register.inclusion_tag("_badge.html")
def badge(shown: Badge) -> dict[str, Badge]:
    """A pill with glyph and word."""
    return {"badge": shown}


@register.simple_tag
def glyph(name: str) -> SafeString:
    """A picture of `_glyphs.html` beside a word that says the same."""
    return format_html('<svg class="glyph" aria-hidden="true"><use href="#{}"></use></svg>', name)


@register.simple_tag
def state_glyph(tone: str) -> SafeString:
    """As `glyph`, in the tone's own colour."""
    return format_html('<svg class="glyph state-{}" aria-hidden="true"><use href="#state-{}"></use></svg>', tone, tone)


@register.filter
def fingerprint(digest: str) -> str:
    """The first twelve digits in groups of four, as people compare them."""
    return " ".join(digest[start : start + 4] for start in range(0, min(12, len(digest)), 4))
