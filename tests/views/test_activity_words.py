"""How far long work is, and how long it will take, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.models import Activity, Backup
from dashboard.usecases.expect_durations import DurationRange
from dashboard.views.activity_words import ProgressView, current_activity, say_rest, view_activity

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MEGABYTE = 1024 * 1024
Kind = Activity.Kind


@pytest.fixture
def backup(django_user_model: type, db: None) -> Backup:
    user = django_user_model.objects.create_user("olga")  # type: ignore[attr-defined]
    return make_backup(user, data_bytes=50 * MEGABYTE)


def make_backup(user: object, **given: object) -> Backup:
    known = {"project": "shop", "environment": "production", "method": "dump", "state": "preparing", "tables": 40}
    return Backup.objects.create(**known | {"created_by": user} | given)  # type: ignore[arg-type]


def going(backup: Backup, kind: Activity.Kind, **given: object) -> Activity:
    """For ten seconds already."""
    known = {"started_at": NOW - timedelta(seconds=10)}
    return Activity.objects.create(backup=backup, kind=kind, **known | given)  # type: ignore[arg-type]


def plain(view: ProgressView) -> tuple[str, str]:
    return view.words.replace("\xa0", " "), view.rest


@pytest.mark.parametrize(
    ("kind", "given", "words", "rest"),
    [
        (Kind.CHECKING, {}, "looking at tools, rights and space first", ""),
        (Kind.COPYING, {"bytes_done": MEGABYTE}, "being written: 1.0 MB", ""),
        (
            Kind.COPYING,
            {"bytes_done": 10 * MEGABYTE, "bytes_expected": 40 * MEGABYTE, "tables_done": 8},
            "being written: 10.0 MB of about 40.0 MB, table 8 of 40",
            "about 30 s to go",
        ),
        (
            Kind.COUNTING,
            {"bytes_done": MEGABYTE, "tables_done": 41},
            "rows are counted and hashed in its snapshot: 1.0 MB, table 40 of 40",
            "",
        ),
        (
            Kind.RESTORING,
            {"bytes_done": 5 * MEGABYTE, "bytes_expected": MEGABYTE},
            "being restored: 5.0 MB of about 1.0 MB",
            "about 1 s to go",
        ),
        (Kind.COMPARING, {"tables_done": 3}, "the copy is being compared: table 3 of 40", ""),
    ],
)
def test_progress_is_told_by_bytes_tables_and_an_estimate(
    backup: Backup, kind: Activity.Kind, given: dict[str, object], words: str, rest: str
) -> None:
    assert plain(view_activity(going(backup, kind, **given), NOW)) == (words, rest)


def test_what_it_took_before_makes_a_range_with_what_its_speed_says(backup: Backup) -> None:
    for seconds in (22.0, 18.0):
        before = make_backup(backup.created_by, data_bytes=25 * MEGABYTE)
        Activity.objects.create(backup=before, kind=Kind.COPYING, seconds=seconds)
    now = going(backup, Kind.COPYING, bytes_done=10 * MEGABYTE, bytes_expected=40 * MEGABYTE)

    view = view_activity(now, NOW)

    # Twice the data: 36 and 44 s as a whole, of which 10 s are over; by its speed 30 s are left.
    assert view.rest == "26 to 34 s to go"


def test_another_environment_and_another_kind_of_work_say_nothing(backup: Backup) -> None:
    elsewhere = make_backup(backup.created_by, environment="staging")
    Activity.objects.create(backup=elsewhere, kind=Kind.COMMAND, seconds=60.0)
    Activity.objects.create(backup=backup, kind=Kind.READING, seconds=60.0)

    assert view_activity(going(backup, Kind.COMMAND), NOW).rest == ""


def test_what_takes_longer_than_ever_says_so(backup: Backup) -> None:
    Activity.objects.create(backup=backup, kind=Kind.COMMAND, seconds=4.0)

    assert view_activity(going(backup, Kind.COMMAND), NOW).rest == "longer than before"


def test_the_bar_of_a_restore_counts_bytes_and_that_of_a_comparison_tables(backup: Backup) -> None:
    restore = view_activity(going(backup, Kind.RESTORING, bytes_done=30, bytes_expected=40), NOW)
    comparison = view_activity(going(backup, Kind.COMPARING, tables_done=10), NOW)

    assert (restore.share, comparison.share) == ("75 %", "25 %")


def test_only_what_goes_on_for_the_same_work_is_current(backup: Backup) -> None:
    proof = backup.proofs.create(up_to="read", requested_by=backup.created_by)
    going(backup, Kind.COPYING, seconds=3.0)
    reading = going(backup, Kind.READING, owner=f"proof:{proof.pk}")

    assert current_activity(backup) is None
    assert current_activity(backup, proof) == reading


@pytest.mark.parametrize(
    ("least", "most", "words"),
    [
        (5, 9, "5 to 9 s to go"),
        (0.4, 9, "up to 9 s to go"),
        (5.1, 5.3, "about 5 s to go"),
        (50, 70, "50 s to 1 min 10 s to go"),
        (0, 0.4, "about 1 s to go"),
    ],
)
def test_the_rest_is_a_range_in_whole_seconds(least: float, most: float, words: str) -> None:
    assert say_rest(DurationRange(least, most, 2)) == words
