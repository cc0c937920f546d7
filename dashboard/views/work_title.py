"""What a worker is at, in the two words that a browser's tab has room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.template.defaultfilters import filesizeformat

from dashboard.models import Backup
from dashboard.views.rungs import Rung

_TASKS = {
    "is_looking": "writing SQL",
    "is_counting": "counting rows",
    "is_surveying": "comparing tables",
    "is_rehearsing": "rehearsal",
}


def say_plan_work(tasks: Mapping[str, bool], backup: str) -> str:
    """The longest thing that goes on for a plan. `tasks`: of _TASKS, which go on; `backup`: of say_backup_work."""
    if tasks["is_rehearsing"] or not backup:
        return next((words for task, words in reversed(_TASKS.items()) if tasks[task]), "")
    return backup


def say_backup_work(backup: Backup, rungs: Sequence[Rung]) -> str:
    """`backup 40 %`, `backup: read through`, `backup: restored`; empty where nothing goes on."""
    rung = next((rung for rung in rungs if rung.state == "working"), None)
    if backup.state == Backup.State.PREPARING and not backup.sha256:
        return f"backup {_say_amount(backup)}".strip()
    return f"backup: {rung.name}" if rung else ""


def _say_amount(backup: Backup) -> str:
    """Empty before anything is written, and for a command, which tells no bytes."""
    if not backup.bytes_written:
        return "begins" if backup.method == Backup.Method.DUMP else ""
    if not backup.expected_bytes:
        return filesizeformat(backup.bytes_written)
    # The expected size is an estimate; a hundred would say that it is done.
    return f"{min(99, 100 * backup.bytes_written // backup.expected_bytes)} %"
