"""What is known of a backup before it begins: that it can be taken, its size, and that there is room for it."""

from __future__ import annotations

from dashboard.database_target import Dialect
from dashboard.databases.backup import BackupUnavailable, Readiness, check_backup
from dashboard.models import Backup
from dashboard.sources.configuration import Environment
from dashboard.usecases.catalogue import resolve

LOOK_TIMEOUT = 10.0
USUAL_RATIO = 0.3
"""Of a compressed dump to the tables on the server's disk, as long as there was no backup to learn it from."""
LEAST_RATIO = 0.1
"""A dump is hardly ever smaller than this."""


def look_before(backup: Backup, environment: Environment) -> None:
    """Everything that can be known before anything is written. Raises BackupUnavailable, NotConfigured.

    Records about how large the backup will be, learnt from the one before.
    """
    target, settings = resolve(environment).target, environment.backup
    ready = check_backup(target, directory=settings.directory, tools=settings.tools, timeout=LOOK_TIMEOUT)
    earlier = (
        Backup.objects.filter(
            project=backup.project,
            environment=backup.environment,
            method=Backup.Method.DUMP,
            data_bytes__gt=0,
            size__gt=0,
        )
        .order_by("-pk")
        .first()
    )
    if target.dialect is Dialect.SQLITE:
        expected = needed = ready.data_bytes
    elif earlier is not None and earlier.data_bytes:
        expected = ready.data_bytes * earlier.size // earlier.data_bytes
        needed = expected * 9 // 10
    else:
        expected, needed = int(ready.data_bytes * USUAL_RATIO), int(ready.data_bytes * LEAST_RATIO)
    _require_space(ready, needed, environment)
    Backup.objects.filter(pk=backup.pk).update(
        expected_bytes=expected, data_bytes=ready.data_bytes, tables=ready.tables
    )
    backup.expected_bytes, backup.data_bytes, backup.tables = expected, ready.data_bytes, ready.tables


def _require_space(ready: Readiness, needed: int, environment: Environment) -> None:
    if ready.free_bytes < needed:
        raise BackupUnavailable(
            f"Nothing was begun: the backup needs at least {needed / 1e6:,.1f} MB, and {ready.free_bytes / 1e6:,.1f} MB "
            f"are free in {environment.backup.directory}. Make room there, or set backup.directory to another disk."
        )
