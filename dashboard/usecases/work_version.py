"""A cheap answer to "would a page tell anything else of what a worker is at?", for the pages that ask every two seconds.

Time that merely passes changes nothing; neither does a heartbeat.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable

from dashboard.models import Backup, DriftCheck, Plan, Proof, Rehearsal
from dashboard.usecases.catalogue import configuration_version

_OF_BACKUP = (
    "pk", "state", "doing", "bytes_written", "expected_bytes", "tables", "tables_done", "size", "sha256", "taken_at",
    "read_through_at", "restored_at", "error", "restore_error",
)  # fmt: skip
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
            *rehearsals.order_by("pk").values_list("pk", "state", "doing", "error"),
            *DriftCheck.objects.filter(**mine).order_by("-pk").values_list("pk", "state")[:_NEWEST],
        ]
    )


def _backups(numbers: Collection[int]) -> list[object]:
    proofs = Proof.objects.filter(backup__in=numbers).order_by("pk")
    return [
        *Backup.objects.filter(pk__in=numbers).order_by("pk").values_list(*_OF_BACKUP),
        *proofs.values_list("pk", "state", "rungs"),
    ]


def _digest(seen: Iterable[object]) -> str:
    return hashlib.sha256(repr(list(seen)).encode("utf-8", "surrogateescape")).hexdigest()[:16]
