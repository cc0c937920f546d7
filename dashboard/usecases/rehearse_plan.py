"""Executes a plan, in a worker, on a copy restored from the backup, by the same child as a run; measures; cleans up.

The environment's own database is not touched: what the child is given leads to the copy, and the child refuses every
connection that the copy is not at the other end of.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from django.utils import timezone

from dashboard.databases import database_for
from dashboard.databases.backup import BackupRejected, hash_backup
from dashboard.databases.contents import contents_from_json
from dashboard.databases.database import DatabaseUnavailable, LockHeld, LockUnavailable
from dashboard.databases.scratch import ScratchUnavailable, check_place, restore_into, scratch_database
from dashboard.models import HEARTBEAT_LOST_AFTER, Backup, Rehearsal
from dashboard.revisions.plan import legs_of
from dashboard.sources.configuration import Environment, NotConfigured, Project, ResolvedEnvironment, UnknownName
from dashboard.usecases.catalogue import find_environment, masker_for
from dashboard.usecases.compose_plan import content_of
from dashboard.usecases.follow_work import Follower, follow_restore, name_owner
from dashboard.usecases.heartbeat import heartbeat
from dashboard.usecases.preview_plan import complete_previews
from dashboard.usecases.read_code import read_environment_history
from dashboard.usecases.rehearse_leg import RehearsalFailed, Rehearsing, rehearse_leg
from dashboard.usecases.request_rehearsal import repeat_where_cheap
from dashboard.usecases.scratch_places import find_place, mark_for

logger = logging.getLogger(__name__)
State = Rehearsal.State
LOCK_WAIT = 3.0
STATISTICS_SECONDS = 600.0
_NOT_ITS_FAULT = (ScratchUnavailable, NotConfigured, UnknownName, DatabaseUnavailable, LockHeld, LockUnavailable)


def rehearse_plan_now(*, rehearsal_id: int) -> None:
    """Never raises for what becomes of it: its row tells. One that is not queued any more is left alone."""
    now = timezone.now()
    claimed = Rehearsal.objects.filter(pk=rehearsal_id, state=State.QUEUED).update(
        state=State.WORKING, started_at=now, heartbeat_at=now, doing="restoring"
    )
    if not claimed:
        return
    rehearsal = Rehearsal.objects.select_related("plan", "backup").get(pk=rehearsal_id)
    with heartbeat(Rehearsal, rehearsal.pk):
        state, error = _try(rehearsal)
    ended = Rehearsal.objects.filter(pk=rehearsal.pk, state=State.WORKING).update(
        state=state, error=error[:4_000], finished_at=timezone.now(), doing=""
    )
    if ended:
        complete_previews(fingerprint=rehearsal.fingerprint)
    if ended and state == State.PASSED:
        repeat_where_cheap(rehearsal)


def end_lost_rehearsals() -> int:
    """In the observer: one whose worker died has shown nothing. Its scratch database is swept. Returns how many."""
    return Rehearsal.objects.filter(
        state=State.WORKING, heartbeat_at__lt=timezone.now() - HEARTBEAT_LOST_AFTER
    ).update(
        state=State.UNAVAILABLE, doing="", finished_at=timezone.now(),
        error="The worker that rehearsed the plan died. Rehearse again.",
    )  # fmt: skip


def _try(rehearsal: Rehearsal) -> tuple[State, str]:
    plan = rehearsal.plan
    try:
        project, environment = find_environment(plan.project, plan.environment)
    except UnknownName as error:
        return State.UNAVAILABLE, str(error)
    mask = masker_for(environment).mask
    try:
        _rehearse(rehearsal, project, environment)
    except RehearsalFailed as failure:
        return State.FAILED, mask(str(failure))
    except BackupRejected as rejection:
        why = mask(str(rejection))
        # What does not restore must open no gate.
        Backup.objects.filter(pk=rehearsal.backup_id, state=Backup.State.PROVEN).update(
            state=Backup.State.FAILED, error=why
        )
        return State.FAILED, why
    except _NOT_ITS_FAULT as error:
        return State.UNAVAILABLE, mask(str(error))
    except Exception as error:
        logger.exception("Rehearsal %s ended unexpectedly", rehearsal.pk)
        return State.UNAVAILABLE, f"{type(error).__name__} in the dashboard's worker; its log has the details."
    return State.PASSED, ""


def _rehearse(rehearsal: Rehearsal, project: Project, environment: Environment) -> None:
    backup = rehearsal.backup
    if backup.contents is None:
        raise ScratchUnavailable(f"It is not known what a copy needs. {backup.contents_error} Take a new backup.")
    origin = contents_from_json(backup.contents).origin
    path = Path(backup.path)
    place = find_place(environment)
    if hash_backup(path)[1] != backup.sha256:
        raise BackupRejected(f"The sha256 of {path.name} is not the one that was recorded. Take a new backup.")
    check_place(place, origin)
    seconds = environment.timeouts.run.total_seconds()
    with scratch_database(place, origin, mark_for(rehearsal)) as copy:
        _store(rehearsal, scratch=copy.name if place.server else Path(copy.name).parent.name)
        resolved = environment.resolve(os.environ, at=copy)
        with Follower(backup, name_owner(rehearsal)) as follower:
            restore_into(
                copy,
                path,
                tools=environment.backup.tools,
                deadline=seconds,
                progress=follow_restore(follower, backup, size=origin.size),
            )
            took = follower.end()
        _store(rehearsal, restore_seconds=took, doing="executing", step_at=timezone.now())
        _execute(rehearsal, project, environment, resolved)


def _execute(rehearsal: Rehearsal, project: Project, environment: Environment, resolved: ResolvedEnvironment) -> None:
    """Under the same lock as a run, with the same checks, on the copy. What was measured is stored, also of a failure."""
    content = content_of(rehearsal.plan)
    code = read_environment_history(project, environment).project
    database = database_for(
        resolved.target, version_table=project.version_table, version_table_schema=project.version_table_schema
    )
    database.gather_statistics(timeout=STATISTICS_SECONDS)
    with database.hold_run_lock(wait=LOCK_WAIT) as lock, database.watch_locks() as watch:
        work = Rehearsing(rehearsal, code, environment, resolved, database, lock, watch)
        try:
            for leg in legs_of(content):
                rehearse_leg(work, leg)
        finally:
            watch.finish()
            work.store(content)
        found = lock.read()
        if sorted(found.rows) != sorted(content.result):
            held = ", ".join(found.rows) or "no revision"
            wanted = ", ".join(content.result) or "none"
            raise RehearsalFailed(f"It ended without an error, and the version table holds {held}, not {wanted}.")
    _store(rehearsal, seconds=work.seconds(), tells_locks=lock.challenge["kind"] == "postgresql")


def _store(rehearsal: Rehearsal, **values: object) -> None:
    Rehearsal.objects.filter(pk=rehearsal.pk).update(**values)
