"""A cheap answer to "would a page tell anything else of what a worker is at?", for the pages that ask every two seconds.

Time that merely passes changes nothing but how long the rest will take; neither does a heartbeat.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime

from django.utils import timezone

from dashboard.models import Activity, Backup, DriftCheck, Plan, Proof, Rehearsal
from dashboard.usecases.catalogue import configuration_version

_OF_BACKUP = (
    "pk", "state", "tables", "size", "sha256", "taken_at", "read_through_at", "restored_at", "error", "restore_error",
)  # fmt: skip
TOLD_AGAIN = 5
"""Seconds."""
_NEWEST = 5
"""So many backups of an environment are looked at, as its page shows so many."""


def backup_version(backup_id: int) -> str:
    """Differs once a backup or a proof of it has come further."""
    return _digest(_backups([backup_id]))


def work_version(*, project: str, environment: str) -> str:
    """Differs once a plan was made, its SQL, counts or rehearsal came further, or a backup or comparison of the schema did."""
    mine = {"project": project, "environment": environment}
    plan = Plan.objects.filter(**mine).order_by("-pk").values_list("pk", "counted_at", "count_error", "preview").first()
    rehearsals = Rehearsal.objects.filter(plan=plan[0]) if plan else Rehearsal.objects.none()
    newest = Backup.objects.filter(**mine).order_by("-pk").values_list("pk", flat=True)[:_NEWEST]
    return _digest(
        [
            configuration_version(),
            plan,
            *_backups(list(newest)),
            *rehearsals.order_by("pk").values_list("pk", "state", "doing", "steps_done", "step_at", "error"),
            *DriftCheck.objects.filter(**mine).order_by("-pk").values_list("pk", "state")[:_NEWEST],
        ]
    )


def _backups(numbers: Collection[int]) -> list[object]:
    proofs = Proof.objects.filter(backup__in=numbers).order_by("pk")
    return [
        *Backup.objects.filter(pk__in=numbers).order_by("pk").values_list(*_OF_BACKUP),
        *proofs.values_list("pk", "state", "rungs"),
        *read_activities(numbers),
    ]


def read_activities(backups: Collection[int]) -> list[object]:
    """How far all is that goes on with backups. What is to go is told anew every few seconds."""
    going = Activity.objects.filter(backup__in=backups, seconds__isnull=True)
    return [
        (*rest, say_again(started_at))
        for started_at, *rest in going.values_list("started_at", "pk", "bytes_done", "bytes_expected", "tables_done")
    ]


def say_again(started_at: datetime | None) -> int:
    """Another number every few seconds."""
    return int((timezone.now() - started_at).total_seconds()) // TOLD_AGAIN if started_at else 0


def _digest(seen: Iterable[object]) -> str:
    return hashlib.sha256(repr(list(seen)).encode("utf-8", "surrogateescape")).hexdigest()[:16]
