"""How long backups and copies of them are kept, and what becomes of those whose worker died."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from dashboard.databases.backup import delete_backup
from dashboard.databases.scratch import ScratchPlace, ScratchUnavailable, sweep
from dashboard.models import HEARTBEAT_LOST_AFTER, Backup, Proof
from dashboard.sources.configuration import Environment, NotConfigured, UnknownName
from dashboard.usecases.catalogue import configuration, find_environment, masker_for
from dashboard.usecases.prove_backup import finish_proof
from dashboard.usecases.scratch_places import find_place, is_owner_alive, name_installation

logger = logging.getLogger(__name__)

KEPT_FOR_A_RUN = timedelta(days=30)
"""A backup that a confirmation named is not deleted before this time."""


def delete_surplus_backups(environment: Environment) -> None:
    """Beyond the newest `keep` the files go, except those that a confirmation of the last 30 days names.

    So do those of a backup that failed its proof, once a newer one is proven.
    """
    of_it = Backup.objects.filter(
        project=environment.project, environment=environment.name, method=Backup.Method.DUMP
    )  # fmt: skip
    proven = of_it.filter(state=Backup.State.PROVEN).order_by("-taken_at")
    for backup in proven[environment.backup.keep :]:
        if _is_needed(backup):
            continue
        delete_backup(Path(backup.path))
        Backup.objects.filter(pk=backup.pk).update(state=Backup.State.DELETED)
    newest = proven.first()
    if newest is not None:
        for backup in of_it.filter(state=Backup.State.FAILED, pk__lt=newest.pk).exclude(path=""):
            if not _is_needed(backup):
                delete_backup_files(backup)


def _is_needed(backup: Backup) -> bool:
    return backup.confirmations.filter(created_at__gt=timezone.now() - KEPT_FOR_A_RUN).exists()


def delete_backup_files(backup: Backup) -> None:
    """Of a backup that is none: its own file, and what it began to write."""
    if backup.path:
        delete_backup(Path(backup.path))
        Backup.objects.filter(pk=backup.pk).update(path="")
    try:
        _project, environment = find_environment(backup.project, backup.environment)
    except UnknownName:
        return
    stem = f"{backup.project}-{backup.environment}-"
    for path in environment.backup.directory.glob(f"{stem}*"):
        if re.search(rf"-{backup.pk}(\.[a-z.]+)?$", path.name):
            delete_backup(path)


def fail_lost_backups() -> int:
    """In the observer: a backup whose worker died is failed and its files deleted. Returns how many."""
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
            delete_backup_files(backup)
    return number


def end_lost_proofs() -> int:
    """In the observer: a proof whose worker died is over; its backup is as proven as before. Returns how many."""
    lost = Proof.objects.filter(
        state=Proof.State.WORKING, heartbeat_at__lt=timezone.now() - HEARTBEAT_LOST_AFTER
    ).select_related("backup")
    for proof in lost:
        proof.rungs.append(
            {"name": "worker", "state": "unavailable", "words": "The worker that proved it died.", "seconds": None}
        )
        proof.save(update_fields=["rungs"])
        finish_proof(proof, Proof.State.UNAVAILABLE)
    return len(lost)


def sweep_scratch_databases() -> tuple[str, ...]:
    """In the observer, at its start and from time to time: drops what a crash left. The names of what was dropped."""
    dropped: list[str] = []
    seen: set[ScratchPlace] = set()
    for project in configuration().projects.values():
        for environment in project.environments.values():
            try:
                place = find_place(environment)
                if place in seen:
                    continue
                seen.add(place)
                dropped += sweep(place, installation=name_installation(), is_alive=is_owner_alive)
            except (ScratchUnavailable, NotConfigured) as error:
                words = masker_for(environment).mask(str(error))
                logger.warning("Scratch databases of %s/%s: %s", project.name, environment.name, words)
    for name in dropped:
        logger.info("The scratch database %s, which a crash had left, was dropped.", name)
    return tuple(dropped)
