"""What happened to an environment, and which changes no run explains."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User

from dashboard.models import Backup, Confirmation, Observation, Plan, Replacement, Run
from dashboard.views.ledger import list_entries

T0 = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def seen(minute: int, *rows: str, reason: str = "", identity: str = "db") -> Observation:
    return Observation(rows=list(rows), reason=reason, identity=identity, observed_at=T0 + timedelta(minutes=minute))


def ran(minute: int, before: list[str], after: list[str], outcome: str = Run.Outcome.SUCCEEDED) -> Run:
    user = User(username="operator")
    plan = Plan(direction="upgrade", steps=[{"revision": revision} for revision in after], current=before, target=after)
    confirmation = Confirmation(plan=plan, backup=Backup(pk=7), confirmed_by=user)
    at = T0 + timedelta(minutes=minute)
    return Run(pk=1, confirmation=confirmation, phase=Run.Phase.SETTLED, outcome=outcome, rows_before=before,
               rows_after=after, queued_at=at, started_at=at, settled_at=at)  # fmt: skip


def test_a_change_that_no_run_explains_came_from_outside() -> None:
    (entry,) = list_entries((), (seen(5, "b"), seen(0, "a")))

    assert (entry.kind, entry.before, entry.after) == ("outside", ("a",), ("b",))


def test_a_runs_own_change_is_told_once() -> None:
    entries = list_entries((ran(3, ["a"], ["b"]),), (seen(5, "b"), seen(0, "a")))

    assert [entry.kind for entry in entries] == ["run"]


def test_a_change_after_a_run_is_told_beside_it_newest_first() -> None:
    entries = list_entries((ran(3, ["a"], ["b"]),), (seen(9, "x"), seen(5, "b"), seen(0, "a")))

    assert [entry.kind for entry in entries] == ["outside", "run"]


def test_a_time_without_answers_is_no_change() -> None:
    assert list_entries((), (seen(9, "a"), seen(5, reason="timeout"), seen(0, "a"))) == ()


def test_a_change_across_a_time_without_answers_is_told() -> None:
    (entry,) = list_entries((), (seen(9, "b"), seen(5, reason="timeout"), seen(0, "a")))

    assert entry.after == ("b",)


def test_another_database_in_the_same_place_is_told() -> None:
    (entry,) = list_entries((), (seen(9, "a", identity="new"), seen(0, "a")))

    assert "replaced" in entry.words and not entry.changed


def test_the_database_that_a_restore_put_in_place_is_the_runs_own_act() -> None:
    run = ran(3, ["b"], ["a"])
    Replacement(run=run, restored_identity="restored")

    entries = list_entries((run,), (seen(5, "a", identity="restored"), seen(0, "b")))

    assert [entry.kind for entry in entries] == ["run"]


def test_another_database_than_the_restored_one_came_from_outside() -> None:
    run = ran(3, ["b"], ["a"])
    Replacement(run=run, restored_identity="restored")

    entries = list_entries((run,), (seen(5, "a", identity="stranger"), seen(0, "b")))

    assert [entry.kind for entry in entries] == ["outside", "run"]


def test_a_failed_run_did_not_upgrade() -> None:
    (entry,) = list_entries((ran(3, ["a"], ["a"], Run.Outcome.ROLLED_BACK),), ())

    assert entry.words.startswith("tried to upgrade") and not entry.changed
