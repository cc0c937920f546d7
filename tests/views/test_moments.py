"""Times in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.views.moments import say_age, say_duration, say_exactly, say_range, say_span

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=40), "40 s ago"),
        (timedelta(seconds=59.9), "59 s ago"),
        (timedelta(minutes=14), "14 min ago"),
        (timedelta(hours=3, minutes=59), "3 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=12), "12 days ago"),
        (timedelta(days=100), "15 Aug 2026"),
        (timedelta(seconds=-5), "0 s ago"),
    ],
)
def test_ages(age: timedelta, words: str) -> None:
    assert say_age(NOW - age, NOW) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "under 0.01 s"), (0.04, "0.04 s"), (9.84, "9.8 s"), (60, "1 min"), (192, "3 min 12 s"), (3600, "1 h"), (3900, "1 h 5 min"), (90000, "1 d 1 h")],
)  # fmt: skip
def test_durations(seconds: float, words: str) -> None:
    assert say_duration(seconds) == words


@pytest.mark.parametrize(
    ("span", "words"), [(timedelta(), "none"), (timedelta(seconds=5), "5 s"), (timedelta(hours=1), "1 h")]
)
def test_configured_spans(span: timedelta, words: str) -> None:
    assert say_span(span) == words


def test_an_exact_time_names_its_zone() -> None:
    assert say_exactly(NOW) == "23 Nov 2026, 10:00:00 UTC"


@pytest.mark.parametrize(
    ("least", "most", "told"),
    [
        (10.0, 15.84, "10.0 to 15.8 s"),
        (0.02, 0.051, "0.02 to 0.05 s"),
        (0.5, 2, "0.50 to 2.0 s"),
        (3.0, 3.01, "3.0 s"),
        (0.001, 0.3, "under 0.01 s to 0.30 s"),
        (50, 70, "50.0 s to 1 min 10 s"),
    ],
)
def test_a_range_is_told_in_few_words(least: float, most: float, told: str) -> None:
    assert say_range(least, most) == told
