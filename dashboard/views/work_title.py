"""What a worker is at, in the two words that a browser's tab has room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboard.models import Backup
from dashboard.views.activity_words import ProgressView
from dashboard.views.rungs import Rung

_TASKS = {
    "is_looking": "writing SQL",
    "is_counting": "counting rows",
    "is_surveying": "comparing tables",
}


def say_plan_work(tasks: Mapping[str, bool], backup: str, rehearsal: ProgressView | None = None) -> str:
    """The longest thing that goes on for a plan. `tasks`: of _TASKS, which go on; `backup`: of say_backup_work."""
    if tasks["is_rehearsing"]:
        if rehearsal is not None and rehearsal.kind:
            return f"rehearsal: {rehearsal.kind} {rehearsal.share}".strip()
        return f"rehearsal {rehearsal.share if rehearsal else ''}".strip()
    if not backup:
        return next((words for task, words in reversed(_TASKS.items()) if tasks[task]), "")
    return backup


def say_backup_work(backup: Backup, rungs: Sequence[Rung]) -> str:
    """`backup 40 %`, `backup: read through`, `backup: restored 40 %`; empty where nothing goes on."""
    rung = next((rung for rung in rungs if rung.state == "working"), None)
    share = rung.progress.share if rung and rung.progress else ""
    if backup.state == Backup.State.PREPARING and not backup.sha256:
        return f"backup {share}".strip()
    return f"backup: {rung.name} {share}".strip() if rung else ""
