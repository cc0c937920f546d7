"""How far a backup is, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.models import Backup, Proof
from dashboard.views.activity_words import ProgressView
from dashboard.views.rungs import list_rungs

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MEGABYTE = 1024 * 1024


def backup_at(**given: object) -> Backup:
    return Backup(method="dump", state="preparing", created_at=NOW - timedelta(seconds=10), tool="starting", **given)


def test_before_a_worker_has_it_that_is_said() -> None:
    backup = Backup(method="dump", state="preparing", created_at=NOW)

    rungs = list_rungs(backup, None, NOW, has_scratch=True)

    assert [(rung.state, rung.fact) for rung in rungs[:2]] == [
        ("working", "waiting for a worker"),
        ("waiting", "waiting"),
    ]


def test_a_restore_that_could_not_be_tried_is_no_failure_of_the_backup() -> None:
    backup = backup_at(sha256="a" * 64, size=MEGABYTE, read_through_at=NOW)
    words = "The scratch server is down."
    proof = Proof(
        state="unavailable", up_to="restore",
        rungs=[{"name": "restored", "state": "unavailable", "words": words, "seconds": None}],
    )  # fmt: skip

    rungs = list_rungs(backup, proof, NOW, has_scratch=True)

    assert [rung.state for rung in rungs] == ["done", "done", "done", "missing"] and rungs[3].fact == words


@pytest.mark.parametrize("has_scratch", [True, False])
def test_a_restore_that_nobody_asked_for_is_not_done_and_no_riddle(has_scratch: bool) -> None:
    backup = backup_at(sha256="a" * 64, size=MEGABYTE, read_through_at=NOW)

    restored = list_rungs(backup, None, NOW, has_scratch=has_scratch)[3]

    assert (restored.state, restored.word, restored.tone) == ("undone", "not done", "waiting")
    assert restored.fact == ("not tried" if has_scratch else "not tried: no scratch server is configured")


def test_a_rung_that_is_climbed_now_is_the_only_one_that_works() -> None:
    backup = backup_at(sha256="a" * 64, size=MEGABYTE)
    told = [
        {"name": name, "state": "passed", "words": "", "seconds": 1.0} for name in ("size", "sha256", "read through")
    ]
    proof = Proof(state="working", up_to="restore", rungs=told)

    progress = ProgressView("being restored", "1 MB of about 4 MB", value=1, limit=4)

    rungs = list_rungs(backup, proof, NOW, has_scratch=True, progress=progress)

    assert [rung.state for rung in rungs] == ["done", "done", "done", "working"]
    assert rungs[3].progress is progress and rungs[3].fact == "being restored, 25 %"


def test_a_backup_that_was_not_taken_here_has_no_ladder() -> None:
    assert list_rungs(Backup(method="attest"), None, NOW, has_scratch=True) == ()
