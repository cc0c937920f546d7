"""Backups: asked for by an operator, taken and read through by a worker, or attested by a person."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

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
    delete_backup,
    read_through,
    take_backup,
)
from dashboard.models import HEARTBEAT_LOST_AFTER, Backup
from dashboard.revisions.status import VersionReading
from dashboard.sources.configuration import Environment, NotConfigured, Project
from dashboard.usecases.catalogue import find_environment, masker_for, open_database, resolve
from dashboard.usecases.heartbeat import heartbeat
from dashboard.usecases.read_status import latest_observation

logger = logging.getLogger(__name__)

KEPT_FOR_A_RUN = timedelta(days=30)
"""A backup that a confirmation named is not deleted before this time."""
READ_TIMEOUT = 10.0


class BackupRefused(Exception):
    """No backup was begun or recorded; the message says why and what to do."""


def request_backup(*, user: AbstractBaseUser | AnonymousUser, project: str, environment: str) -> Backup:
    """Queues one backup and returns at once. Raises BackupRefused, PermissionDenied, UnknownName."""
    from dashboard.tasks import back_up

    operator = access.require(user, access.BACK_UP)
    find_environment(project, environment)
    with transaction.atomic():
        if Backup.objects.filter(
            project=project, environment=environment, state=Backup.State.PREPARING,
            heartbeat_at__gt=timezone.now() - HEARTBEAT_LOST_AFTER,
        ).exists():  # fmt: skip
            raise BackupRefused(f"A backup of {environment} is being taken already. Wait until it is done.")
        backup = Backup.objects.create(
            project=project, environment=environment, method=Backup.Method.DUMP, created_by=operator
        )
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
    """In a worker: takes the backup, reads it through, and records either the proof or why it failed."""
    claimed = Backup.objects.filter(pk=backup_id, state=Backup.State.PREPARING, tool="").update(tool="starting")
    if not claimed:
        return
    backup = Backup.objects.get(pk=backup_id)
    project, environment = find_environment(backup.project, backup.environment)
    try:
        with heartbeat(Backup, backup.pk), _failures(environment):
            _take_and_prove(backup, project, environment)
    except BackupRefused as failure:
        Backup.objects.filter(pk=backup.pk, state=Backup.State.PREPARING).update(
            state=Backup.State.FAILED, error=str(failure), finished_at=timezone.now(), tool=""
        )
        return
    delete_surplus_backups(environment)


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
    before = _require_rows(database.observe(timeout=READ_TIMEOUT))
    until = environment.timeouts.run.total_seconds()
    written = _Progress(backup)
    file = take_backup(
        target,
        directory=settings.directory,
        stem=_stem(backup, before.rows),
        tools=settings.tools,
        progress=written,
        deadline=until,
        stop=lambda: False,
    )
    Backup.objects.filter(pk=backup.pk).update(
        path=str(file.path), size=file.size, sha256=file.sha256, taken_at=file.taken_at, tool=file.tool,
        rows=list(before.rows), identity=before.identity, bytes_written=file.size,
    )  # fmt: skip
    after = database.observe(timeout=READ_TIMEOUT)
    if (after.rows, after.identity) != (before.rows, before.identity):
        raise BackupRefused("The version table changed while the backup was taken. Take another one.")
    proof = read_through(target, file.path, tools=settings.tools, deadline=until)
    now = timezone.now()
    Backup.objects.filter(pk=backup.pk, state=Backup.State.PREPARING).update(
        state=Backup.State.PROVEN, read_through_at=now, read_seconds=proof.seconds, finished_at=now
    )


def _require_rows(reading: VersionReading) -> VersionReading:
    if not reading.identity:
        raise BackupRefused(f"The database could not be read: {reading.detail}")
    return reading


def _stem(backup: Backup, rows: tuple[str, ...]) -> str:
    """Tells environment, time and revision; letters that no file system minds."""
    at = "_".join(rows) or "unversioned"
    name = f"{backup.project}-{backup.environment}-{timezone.now():%Y%m%dT%H%M%SZ}-{at}-{backup.pk}"
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)[:150]


class _Progress:
    """Writes the bytes done, at most once a second."""

    def __init__(self, backup: Backup) -> None:
        self._backup = backup
        self._next = timezone.now()

    def __call__(self, done: Progress) -> None:
        if timezone.now() >= self._next:
            Backup.objects.filter(pk=self._backup.pk).update(bytes_written=done.bytes)
            self._next = timezone.now() + timedelta(seconds=1)


def delete_surplus_backups(environment: Environment) -> None:
    """Beyond the newest `keep` the files go, except those that a confirmation of the last 30 days names."""
    taken = Backup.objects.filter(
        project=environment.project, environment=environment.name,
        method=Backup.Method.DUMP, state=Backup.State.PROVEN,
    ).order_by("-taken_at")  # fmt: skip
    for backup in taken[environment.backup.keep :]:
        if backup.confirmations.filter(created_at__gt=timezone.now() - KEPT_FOR_A_RUN).exists():
            continue
        delete_backup(Path(backup.path))
        Backup.objects.filter(pk=backup.pk).update(state=Backup.State.DELETED)


def fail_lost_backups() -> int:
    """In the observer: a backup whose worker died is failed and its partial files deleted. Returns how many."""
    lost = Backup.objects.filter(
        state=Backup.State.PREPARING, heartbeat_at__lt=timezone.now() - HEARTBEAT_LOST_AFTER
    ).exclude(tool="")
    number = 0
    for backup in lost:
        changed = Backup.objects.filter(pk=backup.pk, state=Backup.State.PREPARING).update(
            state=Backup.State.FAILED,
            error="The worker that took it died. Take another one.",
            finished_at=timezone.now(),
        )
        number += changed
        if changed:
            _delete_partial(backup)
    return number


def _delete_partial(backup: Backup) -> None:
    _project, environment = find_environment(backup.project, backup.environment)
    stem = f"{backup.project}-{backup.environment}-"
    for path in environment.backup.directory.glob(f"{stem}*"):
        if re.search(rf"-{backup.pk}(\.[a-z.]+)?$", path.name):
            delete_backup(path)
