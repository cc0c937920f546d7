"""What goes on, in a browser's tab."""

from __future__ import annotations

import pytest

from dashboard.models import Backup
from dashboard.views.activity_words import ProgressView
from dashboard.views.rungs import Rung
from dashboard.views.work_title import say_backup_work, say_plan_work

IDLE = {"is_looking": False, "is_counting": False, "is_surveying": False, "is_rehearsing": False}


@pytest.mark.parametrize(
    ("state", "sha256", "progress", "words"),
    [
        ("preparing", "", None, "backup"),
        ("preparing", "", ProgressView("being written", value=30, limit=100), "backup 30 %"),
        ("preparing", "", ProgressView("being written", value=100, limit=100), "backup 99 %"),
        ("preparing", "1", ProgressView("being restored", value=2, limit=5), "backup: restored 40 %"),
        ("proven", "1", ProgressView("being read"), "backup: restored"),
    ],
)
def test_a_backup_tells_how_far_it_is(state: str, sha256: str, progress: ProgressView | None, words: str) -> None:
    backup = Backup(method="dump", state=state, sha256=sha256)

    told = say_backup_work(backup, [Rung("size", "", "done"), Rung("restored", "", "working", progress)])

    assert told == words


def test_a_backup_at_which_nobody_works_tells_nothing() -> None:
    assert say_backup_work(Backup(method="dump", state="proven", sha256="1"), [Rung("size", "", "done")]) == ""


def test_a_plan_tells_what_takes_longest() -> None:
    assert say_plan_work(IDLE, "") == ""
    assert say_plan_work(IDLE | {"is_looking": True}, "") == "writing SQL"
    assert say_plan_work(IDLE | {"is_looking": True}, "backup 3 %") == "backup 3 %"
    assert say_plan_work(IDLE | {"is_rehearsing": True}, "backup: restored") == "rehearsal"
    assert say_plan_work(IDLE | {"is_rehearsing": True}, "", ProgressView("", value=3, limit=8)) == "rehearsal 37 %"
