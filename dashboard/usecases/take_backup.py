"""Backups: asked for by an operator, taken and proven by a worker, or attested by a person."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone

from dashboard import access
from dashboard.databases.backup import (
    BackupFailed,
    BackupRejected,
    BackupUnavailable,
    Progress,
    take_backup,
)
from dashboard.models import HEARTBEAT_LOST_AFTER, Activity, Backup, Proof
from dashboard.revisions.status import VersionReading
from dashboard.sources.configuration import Environment, NotConfigured, Project
from dashboard.usecases.catalogue import find_environment, masker_for, open_database, resolve
from dashboard.usecases.follow_work import Follower
from dashboard.usecases.heartbeat import heartbeat
from dashboard.usecases.keep_backups import delete_backup_files, delete_surplus_backups
from dashboard.usecases.look_before_backup import look_before
from dashboard.usecases.prove_backup import climb
from dashboard.usecases.read_status import latest_observation

logger = logging.getLogger(__name__)

READ_TIMEOUT = 10.0


class BackupRefused(Exception):
    """No backup was begun or recorded; the message says why and what to do."""


def request_backup(*, user: AbstractBaseUser | AnonymousUser, project: str, environment: str) -> Backup:
    """Queues one backup and returns at once. Raises BackupRefused, PermissionDenied, UnknownName."""
    from dashboard.tasks import back_up

    operator = access.require(user, access.BACK_UP)
    _project, e = find_environment(project, environment)
    method = Backup.Method.COMMAND if e.backup.method == "command" else Backup.Method.DUMP
    with transaction.atomic():
        if Backup.objects.filter(
            project=project, environment=environment, state=Backup.State.PREPARING,
            heartbeat_at__gt=timezone.now() - HEARTBEAT_LOST_AFTER,
        ).exists():  # fmt: skip
            raise BackupRefused(f"A backup of {environment} is being taken already. Wait until it is done.")
        backup = Backup.objects.create(project=project, environment=environment, method=method, created_by=operator)
        back_up.enqueue(backup.pk)
    return backup


def attest_backup(
    *,
    user: AbstractBaseUser | AnonymousUser,
    project: str,
    environment: str,
    where: str,
    taken_at: datetime,
    how: str,
) -> Backup:
    """Records a person's word for a backup taken elsewhere: where it is, when its snapshot was taken (aware).

    It counts for the rows and the database of the latest observation. Raises BackupRefused, PermissionDenied, UnknownName.
    """
    operator = access.require(user, access.BACK_UP)
    _project, e = find_environment(project, environment)
    if e.backup.method != "attest":
        raise BackupRefused(
            f"{environment} asks for a backup that the dashboard takes; an attested one would not count."
        )
    if not where.strip() or not how.strip():
        raise BackupRefused("Say where the backup is kept and how you know that it restores.")
    if taken_at > timezone.now() + timedelta(minutes=1):
        raise BackupRefused("The backup's time lies in the future. Give the time at which its snapshot was taken.")
    observation = latest_observation(project, environment)
    if observation is None or not observation.identity:
        raise BackupRefused(
            f"{environment} could not be read, so it is not known what the backup holds. Read it first."
        )
    masker = masker_for(e)
    return Backup.objects.create(
        project=project,
        environment=environment,
        method=Backup.Method.ATTEST,
        state=Backup.State.PROVEN,
        created_by=operator,
        taken_at=taken_at,
        finished_at=timezone.now(),
        rows=observation.rows,
        identity=observation.identity,
        where=masker.mask(where.strip())[:500],
        how=masker.mask(how.strip()),
    )


def take_backup_now(*, backup_id: int) -> None:
    """In a worker: takes the backup, proves it as far as the policy asks, and records the proof or why it failed."""
    from dashboard.usecases.request_rehearsal import begin_where_asked
    from dashboard.usecases.run_backup_command import run_backup_command

    claimed = Backup.objects.filter(pk=backup_id, state=Backup.State.PREPARING, tool="").update(tool="starting")
    if not claimed:
        return
    backup = Backup.objects.get(pk=backup_id)
    project, environment = find_environment(backup.project, backup.environment)
    take = run_backup_command if backup.method == Backup.Method.COMMAND else _take_and_prove
    try:
        with heartbeat(Backup, backup.pk), _failures(environment):
            take(backup, project, environment)
    except BackupRefused as failure:
        Backup.objects.filter(pk=backup.pk, state=Backup.State.PREPARING).update(
            state=Backup.State.FAILED, error=str(failure), finished_at=timezone.now(), tool=""
        )
        delete_backup_files(backup)
        return
    delete_surplus_backups(environment)
    begin_where_asked(backup.project, backup.environment)


@contextmanager
def _failures(environment: Environment) -> Iterator[None]:
    """Turns every way to fail into one sentence without a secret."""
    masker = masker_for(environment)
    try:
        yield
    except (BackupFailed, BackupRejected, BackupUnavailable, NotConfigured) as error:
        raise BackupRefused(masker.mask(str(error))) from None
    except BackupRefused:
        raise
    except Exception as error:
        logger.error("A backup of %s failed: %s", environment.name, type(error).__name__)
        raise BackupRefused(masker.mask(f"{type(error).__name__}: {error}")) from None


def _take_and_prove(backup: Backup, project: Project, environment: Environment) -> None:
    database = open_database(project, environment)
    target = resolve(environment).target
    settings = environment.backup
    with Follower(backup) as follower:
        follower.turn_to(Activity.Kind.CHECKING)
        before = require_rows(database.observe(timeout=READ_TIMEOUT))
        look_before(backup, environment)
        file = take_backup(
            target,
            directory=settings.directory,
            stem=_stem(backup, before.rows),
            tools=settings.tools,
            progress=_told_to(follower, backup.expected_bytes or 0),
            deadline=environment.timeouts.run.total_seconds(),
            stop=lambda: False,
        )
        follower.end()
    backup.path, backup.size, backup.sha256, backup.tool = str(file.path), file.size, file.sha256, file.tool
    backup.taken_at, backup.rows, backup.identity = file.taken_at, list(before.rows), before.identity
    backup.tables = file.tables
    backup.contents = file.contents.as_json() if file.contents else None
    backup.contents_error = masker_for(environment).mask(file.contents_error)
    backup.save(update_fields=[
        "path", "size", "sha256", "tool", "taken_at", "rows", "identity", "tables", "contents", "contents_error",
    ])  # fmt: skip
    require_unchanged(before, database.observe(timeout=READ_TIMEOUT))
    _prove(backup, environment)


def _prove(backup: Backup, environment: Environment) -> None:
    """A backup that could not be restored through no fault of its own is a backup all the same: the gate judges it."""
    proof = Proof.objects.create(
        backup=backup, state=Proof.State.WORKING, up_to=environment.backup.verify, requested_by=backup.created_by
    )
    with heartbeat(Proof, proof.pk):
        error = climb(proof, environment)
    if proof.state == Proof.State.FAILED or backup.read_through_at is None:
        raise BackupRefused(error)
    Backup.objects.filter(pk=backup.pk, state=Backup.State.PREPARING).update(
        state=Backup.State.PROVEN, finished_at=timezone.now()
    )


def require_rows(reading: VersionReading) -> VersionReading:
    """A reading that tells which database it is of. Raises BackupRefused."""
    if not reading.identity:
        raise BackupRefused(f"The database could not be read: {reading.detail}")
    return reading


def require_unchanged(before: VersionReading, after: VersionReading) -> None:
    """The backup holds one state of the version table, and it is known which. Raises BackupRefused."""
    if (after.rows, after.identity) != (before.rows, before.identity):
        raise BackupRefused("The version table changed while the backup was taken. Take another one.")


def _stem(backup: Backup, rows: tuple[str, ...]) -> str:
    """Tells environment, time and revision; letters that no file system minds."""
    at = "_".join(rows) or "unversioned"
    name = f"{backup.project}-{backup.environment}-{timezone.now():%Y%m%dT%H%M%SZ}-{at}"[:130]
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in f"{name}-{backup.pk}")


def _told_to(follower: Follower, expected: int) -> Callable[[Progress], None]:
    """First it is written, then counted."""

    def tell(progress: Progress) -> None:
        if progress.doing.value != follower.kind:
            follower.turn_to(Activity.Kind(progress.doing.value), bytes_expected=expected)
        follower.tell(bytes_done=progress.bytes, tables_done=progress.tables)

    return tell
