"""Times in templates; the words are made by views/moments.py."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard.views import moments

register = template.Library()


@register.simple_tag
def age(moment: datetime | None) -> str | SafeString:
    """How long ago, with the exact time and zone on hover. Nothing for a time that is not known.

    dashboard.js lets it go on by the same words.
    """
    if moment is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{}" data-age>{}</time>',
        moment.isoformat(),
        moments.say_exactly(moment),
        moments.say_age(moment, timezone.now()),
    )


@register.simple_tag
def elapsed(moment: datetime | None) -> str | SafeString:
    """Since when something goes on, in whole seconds: "1 min 12 s". dashboard.js counts on."""
    if moment is None:
        return ""
    return format_html(
        '<time datetime="{}" title="since {}" data-elapsed>{}</time>',
        moment.isoformat(),
        moments.say_exactly(moment),
        moments.say_whole((timezone.now() - moment).total_seconds()),
    )


@register.simple_tag
def exactly(moment: datetime | None) -> str | SafeString:
    """Date, time and zone, with the age on hover."""
    if moment is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        moments.say_age(moment, timezone.now()),
        moments.say_exactly(moment),
    )


@register.simple_tag
def day(moment: datetime, note: str = "") -> SafeString:
    """The date alone, where many stand below each other; time, zone and `note` on hover."""
    return _day(moment, note, timezone.get_current_timezone_name())


@lru_cache(maxsize=8192)
def _day(moment: datetime, note: str, zone: str) -> SafeString:
    """In the current zone, whose name is `zone`. Kept, since a history has hundreds on each of its pages."""
    exact = moments.say_exactly(moment)
    return format_html(
        '<time class="nowrap" datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        f"{exact}, {note}" if note else exact,
        exact.partition(",")[0],
    )


@register.simple_tag
def clock(moment: datetime) -> SafeString:
    """The time of day alone, in a log; date and zone on hover."""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        moments.say_exactly(moment),
        f"{timezone.localtime(moment):%H:%M:%S}",
    )


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds as "9.8 s" or "3 min 12 s"; nothing where they are not known."""
    return "" if seconds is None else moments.say_duration(seconds)


@register.filter
def span(value: timedelta) -> str:
    """A configured span of time."""
    return moments.say_span(value)
