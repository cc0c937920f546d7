"""Times as people read them: "40 s ago", "9.8 s", "23 Nov 2026, 10:02:11 UTC"."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
DATED_AFTER = timedelta(days=60)
"""An age longer than this says less than the date."""


def say_age(moment: datetime, now: datetime) -> str:
    """How long ago `moment` was; its date once that says more. Clocks that disagree never give a negative age."""
    age = now - moment
    if age > DATED_AFTER:
        return f"{timezone.localtime(moment):%d %b %Y}"
    seconds = max(0, int(age.total_seconds()))
    if seconds < MINUTE:
        return f"{seconds} s ago"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min ago"
    if seconds < DAY:
        return f"{seconds // HOUR} h ago"
    days = seconds // DAY
    return "1 day ago" if days == 1 else f"{days} days ago"


def say_duration(seconds: float) -> str:
    """Two leading units at most; hundredths only where they are all there is."""
    if seconds < 0.01:
        return "under 0.01 s"
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < HOUR:
        return _two(whole // MINUTE, "min", whole % MINUTE, "s")
    if whole < DAY:
        return _two(whole // HOUR, "h", whole % HOUR // MINUTE, "min")
    return _two(whole // DAY, "d", whole % DAY // HOUR, "h")


def say_whole(seconds: float) -> str:
    """A duration that is not measured but counts on, or is estimated: in whole seconds."""
    whole = max(0, round(seconds))
    return say_duration(whole) if whole >= MINUTE else f"{whole} s"


def say_range(least: float, most: float) -> str:
    """`10.0 to 15.8 s`, or one number where both read the same."""
    low, high = say_duration(least), say_duration(most)
    if low == high:
        return low
    short, long = low.split(), high.split()
    if len(short) == len(long) == 2 and short[1] == long[1]:
        return f"{short[0]} to {high}"
    return f"{low} to {high}"


def say_span(span: timedelta) -> str:
    """A configured span: "10 min", "1 h"; "none" for zero, which means no limit."""
    seconds = span.total_seconds()
    if seconds == 0:
        return "none"
    if seconds < MINUTE:
        return f"{seconds:g} s"
    return say_duration(seconds)


def say_exactly(moment: datetime) -> str:
    """Date, time and zone of the dashboard."""
    return f"{timezone.localtime(moment):%d %b %Y, %H:%M:%S %Z}"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit} {small} {small_unit}" if small else f"{large} {large_unit}"
