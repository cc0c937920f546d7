"""What goes on, in a browser's tab."""

from __future__ import annotations

import pytest

from dashboard.models import Backup
from dashboard.views.rungs import Rung
from dashboard.views.work_title import say_backup_work, say_plan_work

IDLE = {"is_looking": False, "is_counting": False, "is_surveying": False, "is_rehearsing": False}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "backup begins"),
        ({"bytes_written": 2048}, "backup 2.0\xa0KB"),
        ({"bytes_written": 30, "expected_bytes": 100}, "backup 30 %"),
        ({"bytes_written": 300, "expected_bytes": 100}, "backup 99 %"),
        ({"method": "command"}, "backup"),
        ({"state": "proven", "sha256": "1"}, ""),
    ],
)
def test_a_backup_tells_how_far_it_is(given: dict[str, object], words: str) -> None:
    backup = Backup(**({"method": "dump", "state": "preparing"} | given))

    assert say_backup_work(backup, ()) == words


def test_a_backup_that_is_being_proven_tells_the_rung() -> None:
    backup = Backup(method="dump", state="preparing", sha256="1")

    assert (
        say_backup_work(backup, [Rung("size", "", "done"), Rung("read through", "", "working")])
        == "backup: read through"
    )


def test_a_plan_tells_what_takes_longest() -> None:
    assert say_plan_work(IDLE, "") == ""
    assert say_plan_work(IDLE | {"is_looking": True}, "") == "writing SQL"
    assert say_plan_work(IDLE | {"is_looking": True}, "backup 3 %") == "backup 3 %"
    assert say_plan_work(IDLE | {"is_rehearsing": True}, "backup: restored") == "rehearsal"
