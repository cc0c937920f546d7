"""Executes a confirmed restore: the backup is restored beside the database, compared, and takes its place.

Until the swap nothing of the environment is touched, so whatever goes wrong before refuses the run. The swap happens
whole or not at all, and which it was is read from the database that answers afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from django.utils import timezone

from dashboard.database_target import Dialect
from dashboard.databases import database_for
from dashboard.databases.backup import BackupRejected
from dashboard.databases.contents import Origin, contents_from_json, list_differences
from dashboard.databases.database import Database, DatabaseUnavailable, RunLock
from dashboard.databases.replacement import Names, RestoreUnavailable, drop_restored, restore_beside, survey, swap
from dashboard.databases.scratch import ScratchUnavailable, read_copy, read_origin
from dashboard.gate.restore_outcome import RestoreEvidence, judge_restore_outcome
from dashboard.models import Activity, Backup, Replacement, Run, RunLogLine
from dashboard.sources.configuration import Environment, Project
from dashboard.usecases.follow_work import Follower, follow_restore, name_owner
from dashboard.usecases.observe import store_reading
from dashboard.usecases.replaced_databases import names_for, short_name
from dashboard.usecases.run_journal import RunJournal
from dashboard.usecases.run_leg import ChildStory, RunRefused
from dashboard.usecases.settle_run import ABSENT, READ_TIMEOUT, finish_run, unsettle_run
from dashboard.usecases.watch_run import open_cancellation

Kind = RunLogLine.Kind
BETWEEN_QUESTIONS = 1.0
"""Seconds between two looks at whether somebody cancelled."""


def restore_backup(
    *,
    run: Run,
    project: Project,
    environment: Environment,
    database: Database,
    lock: RunLock,
    journal: RunJournal,
    story: ChildStory,
) -> None:
    """Under the run's lock. Raises RunRefused while nothing is changed; `story.started` once that is not certain."""
    backup = run.confirmation.backup
    names = names_for(run, environment)
    try:
        _refuse_obstacles(database, backup)
        drop_restored(database.target, names)
        with Follower(backup, name_owner(run)) as follower:
            _restore(run, project, environment, database, names, journal, follower)
        if open_cancellation(run):
            raise RunRefused("Cancelled before the database was replaced.")
        if not lock.is_held():
            raise RunRefused("The connection that held the run's lock was lost before the database was replaced.")
        journal.add(Kind.COMMAND, f"swap: {environment.name} is kept as {short_name(run.replacement)}")
        journal.flush()
        story.started = True
        _swap(run, database, names, journal, story)
    except (RestoreUnavailable, ScratchUnavailable, BackupRejected) as error:
        raise RunRefused(journal.mask(str(error))) from None
    finally:
        drop_restored(database.target, names)
    settle_restore(run=run, environment=environment, database=database, journal=journal)


def settle_restore(*, run: Run, environment: Environment, database: Database, journal: RunJournal) -> bool:
    """Reads which database answers, judges and stores; False where that cannot be told yet."""
    found = Replacement.objects.filter(run=run).first()
    drop_restored(database.target, names_for(run, environment))
    reading = database.observe(timeout=READ_TIMEOUT)
    rows = None if reading.reason and reading.reason not in ABSENT else reading.rows
    run.rows_after = None if rows is None else list(rows)
    run.schema_after = _digest(database)
    plan = run.confirmation.plan
    verdict = judge_restore_outcome(
        RestoreEvidence(
            identity=reading.identity,
            identity_before=plan.identity,
            identity_restored=found.restored_identity if found else "",
            rows=rows,
            rows_wanted=tuple(plan.result),
            schema=run.schema_after,
            schema_restored=found.restored_schema if found else "",
            compared=found.compared if found else "",
            replaced=short_name(found) if found else "",
        )
    )
    if found and found.swapped_at is None and reading.identity == found.restored_identity:
        Replacement.objects.filter(pk=found.pk).update(swapped_at=timezone.now())
    for sentence in verdict.evidence:
        journal.add(Kind.VERIFY, sentence)
    journal.close()
    if verdict.outcome is None:
        unsettle_run(run=run, detail=f"{run.detail} {' '.join(verdict.evidence)}".strip(), evidence=verdict.evidence)
        return False
    store_reading(project=run.project, environment=environment, reading=reading)
    finish_run(run, verdict.outcome, run.cause or Run.Cause.ERROR, run.detail, verdict.evidence)
    return True


def _refuse_obstacles(database: Database, backup: Backup) -> None:
    if obstacles := survey(database.target, Path(backup.path)).obstacles:
        raise RestoreUnavailable(" ".join(obstacles))


def _restore(
    run: Run,
    project: Project,
    environment: Environment,
    database: Database,
    names: Names,
    journal: RunJournal,
    follower: Follower,
) -> None:
    """Fills the database beside, compares it with the snapshot, and stores how it is known again."""
    backup = run.confirmation.backup
    seconds = environment.timeouts.run.total_seconds()
    contents = contents_from_json(backup.contents) if backup.contents else None
    journal.add(Kind.COMMAND, f"restore backup {backup.pk} beside the database")
    journal.flush()
    origin = contents.origin if contents else _origin(database)
    tool = restore_beside(
        database.target,
        names,
        Path(backup.path),
        origin,
        tools=environment.backup.tools,
        deadline=seconds,
        stop=_watch_cancellation(run),
        progress=follow_restore(follower, backup, size=origin.size or backup.size),
    )
    follower.turn_to(Activity.Kind.COMPARING)
    journal.add(Kind.CHECK, f"restored by {tool}")
    journal.flush()
    found = read_copy(names.restored, deadline=seconds, tick=lambda done: follower.tell(tables_done=done))
    follower.end()
    if contents is None:
        compared = f"What the backup's snapshot held is not known, so it was not compared. {backup.contents_error}"
    elif differences := list_differences(contents, found):
        raise BackupRejected(f"The restored copy differs from the snapshot. {' '.join(differences)}")
    else:
        compared = (
            f"Before the swap its schema, {len(found.tables)} tables and {found.rows:,} rows, by count and hash, "
            f"equalled those of backup {backup.pk}."
        )
    journal.add(Kind.CHECK, compared)
    journal.flush()
    restored = database_for(
        names.restored, version_table=project.version_table, version_table_schema=project.version_table_schema
    )
    Replacement.objects.update_or_create(
        run=run,
        defaults={
            "restored_identity": restored.observe(timeout=READ_TIMEOUT).identity,
            "restored_schema": restored.schema_digest(timeout=READ_TIMEOUT),
            "compared": compared.strip(),
            "replaced_name": names.replaced.name,
        },
    )
    run.refresh_from_db(fields=["phase"])


def _swap(run: Run, database: Database, names: Names, journal: RunJournal, story: ChildStory) -> None:
    try:
        left = swap(database.target, names)
    except RestoreUnavailable:
        story.started = False
        raise
    Replacement.objects.filter(run=run).update(
        swapped_at=timezone.now(), left=[journal.mask(sentence) for sentence in left]
    )
    for sentence in left:
        journal.add(Kind.ERROR, sentence)


def _watch_cancellation(run: Run) -> Callable[[], bool]:
    asked_at = 0.0

    def stop() -> bool:
        nonlocal asked_at
        if time.monotonic() - asked_at < BETWEEN_QUESTIONS:
            return False
        asked_at = time.monotonic()
        return open_cancellation(run) is not None

    return stop


def _origin(database: Database) -> Origin:
    """Of the database itself, where the backup's is not known."""
    if database.target.dialect is Dialect.SQLITE:
        return Origin()
    return read_origin(database.target)


def _digest(database: Database) -> str:
    try:
        return database.schema_digest(timeout=READ_TIMEOUT)
    except DatabaseUnavailable:
        return ""
