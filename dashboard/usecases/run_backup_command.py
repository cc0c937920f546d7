"""Takes a backup by the environment's configured command."""

from __future__ import annotations

import os

from django.utils import timezone

from dashboard.alembic_process.parent import SYSTEM_VARIABLES
from dashboard.databases.command_backup import CommandFailed, take_by_command
from dashboard.models import Activity, Backup
from dashboard.plain_text import clean_line
from dashboard.sources.configuration import Environment, Project
from dashboard.usecases.catalogue import masker_for, open_database, resolve
from dashboard.usecases.follow_work import Follower
from dashboard.usecases.take_backup import READ_TIMEOUT, require_rows, require_unchanged


def run_backup_command(backup: Backup, project: Project, environment: Environment) -> None:
    """Records exit code, output and reference, masked, also where it failed. Raises CommandFailed, BackupRefused."""
    masker = masker_for(environment)

    def clean(text: str) -> str:
        return masker.mask("\n".join(clean_line(line) for line in text.splitlines()))

    database = open_database(project, environment)
    before = require_rows(database.observe(timeout=READ_TIMEOUT))
    Backup.objects.filter(pk=backup.pk).update(tool=environment.backup.command[0][:100])
    try:
        with Follower(backup) as follower:
            follower.turn_to(Activity.Kind.COMMAND)
            taken = take_by_command(
                environment.backup.command,
                folder=environment.base,
                variables=_variables(backup, environment, before.rows),
                deadline=environment.backup.timeout.total_seconds(),
            )
            follower.end()
    except CommandFailed as failure:
        Backup.objects.filter(pk=backup.pk).update(exit_code=failure.exit_code, output=clean(failure.output))
        raise
    Backup.objects.filter(pk=backup.pk).update(
        exit_code=taken.exit_code, output=clean(taken.output), where=clean(taken.reference)[:500],
        taken_at=taken.taken_at, rows=list(before.rows), identity=before.identity,
    )  # fmt: skip
    require_unchanged(before, database.observe(timeout=READ_TIMEOUT))
    Backup.objects.filter(pk=backup.pk, state=Backup.State.PREPARING).update(
        state=Backup.State.PROVEN, finished_at=timezone.now()
    )


def _variables(backup: Backup, environment: Environment, rows: tuple[str, ...]) -> dict[str, str]:
    """What a run's child is given, and what the backup is of."""
    system = {name: os.environ[name] for name in SYSTEM_VARIABLES if name in os.environ}
    return system | resolve(environment).child_variables | {
        "BACKUP_NUMBER": str(backup.pk),
        "BACKUP_PROJECT": backup.project,
        "BACKUP_ENVIRONMENT": backup.environment,
        "BACKUP_REVISIONS": ",".join(rows),
    }  # fmt: skip
