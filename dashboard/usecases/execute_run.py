"""Executes one confirmed run in a worker: claim, spend, lock, check again, child, look, settle.

Whatever goes wrong before the child starts refuses the run; whatever goes wrong afterwards leaves it to evidence.
"""

from __future__ import annotations

import logging
import os
import socket

from django.utils import timezone

from dashboard.databases.database import Database, DatabaseUnavailable, LockHeld, LockUnavailable, RunLock
from dashboard.models import Backup, Confirmation, Plan, Run, RunLogLine
from dashboard.revisions.plan import Direction, legs_of
from dashboard.sources.configuration import Environment, NotConfigured, Project, UnknownName
from dashboard.usecases.catalogue import find_environment, masker_for, open_database
from dashboard.usecases.compose_plan import content_of
from dashboard.usecases.gather_gate import read_gate
from dashboard.usecases.heartbeat import heartbeat
from dashboard.usecases.read_code import read_environment_history
from dashboard.usecases.restore_backup import restore_backup
from dashboard.usecases.run_journal import RunJournal
from dashboard.usecases.run_leg import ChildStory, RunRefused, Work, run_leg, tell_cause, tell_detail
from dashboard.usecases.settle_run import record_base, refuse_run, settle_after_child, unsettle_run
from dashboard.usecases.watch_run import RunWatch, Stop, answer, open_cancellation

logger = logging.getLogger(__name__)
LOCK_WAIT = 3.0
Kind = RunLogLine.Kind


def execute_run(*, run_id: int) -> None:
    """Never raises for what happens to a run: its row tells. A run that is not queued any more is left alone."""
    worker = f"{socket.gethostname()}:{os.getpid()}"
    now = timezone.now()
    claimed = Run.objects.filter(pk=run_id, phase=Run.Phase.QUEUED).update(
        phase=Run.Phase.RUNNING, started_at=now, heartbeat_at=now, worker=worker
    )
    if not claimed:
        return
    run = Run.objects.select_related("confirmation__plan", "confirmation__backup").get(pk=run_id)
    story = ChildStory()
    with heartbeat(Run, run.pk):
        try:
            project, environment = find_environment(run.project, run.environment)
            journal = RunJournal(run, masker_for(environment))
            _execute(run, project, environment, journal, story)
        except (RunRefused, UnknownName, NotConfigured, LockHeld, LockUnavailable, DatabaseUnavailable) as refusal:
            _end_early(run, story, str(refusal))
        except Exception as error:
            logger.exception("Run %s ended unexpectedly", run.pk)
            _end_early(run, story, f"{type(error).__name__} in the dashboard's worker; its log has the details.")
    # From here on the observer need not wait for silence to take it over.
    Run.objects.filter(pk=run.pk, phase=Run.Phase.UNSETTLED).update(heartbeat_at=None)
    _answer_cancellation(run)


def _end_early(run: Run, story: ChildStory, detail: str) -> None:
    """Before the child nothing can have changed; after it only the database knows."""
    if story.started:
        unsettle_run(run=run, detail=detail)
        return
    is_cancelled = open_cancellation(run) is not None
    refuse_run(run=run, detail=detail, cause=Run.Cause.CANCELLED if is_cancelled else None)


def _execute(run: Run, project: Project, environment: Environment, journal: RunJournal, story: ChildStory) -> None:
    spend_confirmation(run.confirmation)
    plan, backup = run.confirmation.plan, run.confirmation.backup
    database = open_database(project, environment)
    with database.hold_run_lock(wait=LOCK_WAIT) as lock:
        journal.add(Kind.CHECK, f"lock of {environment.name} taken")
        _check_again(run, plan, backup, lock)
        how = {Backup.Method.DUMP: "unchanged", Backup.Method.COMMAND: "taken by a command"}.get(
            Backup.Method(backup.method), "attested"
        )
        journal.add(Kind.CHECK, f"fingerprint {plan.fingerprint[:12]} and backup {backup.pk} {how}")
        journal.flush()
        _remember_before(run, plan, database, lock)
        if open_cancellation(run):
            raise RunRefused("Cancelled before the child process was started.")
        if plan.direction == Direction.RESTORE:
            restore_backup(
                run=run,
                project=project,
                environment=environment,
                database=database,
                lock=lock,
                journal=journal,
                story=story,
            )
            return
        with RunWatch(run, lock, masker_for(environment)) as watch:
            code = read_environment_history(project, environment).project
            work = Work(run, plan, code, environment, database, lock, journal, watch, story)
            _run_legs(work)
        _refuse_where_nothing_began(work)
        settle_after_child(
            run=run,
            database=database,
            lock=lock,
            journal=journal,
            finished=story.finished,
            detail=tell_detail(work),
            cause=tell_cause(work),
            others=watch.writers,
        )


def _run_legs(work: Work) -> None:
    for leg in legs_of(content_of(work.plan)):
        if leg.first_position > 1 and not _go_on_from_base(work):
            break
        run_leg(work, leg)
    work.journal.fail_running_step()
    work.journal.flush()


def _remember_before(run: Run, plan: Plan, database: Database, lock: RunLock) -> None:
    """What the outcome is judged by afterwards, stored before anything can change. Raises DatabaseUnavailable."""
    run.rows_before, run.schema_before = plan.current, lock.schema_digest()
    run.invalid_indexes_before = list(database.invalid_indexes())
    run.steps_committing = 0
    Run.objects.filter(pk=run.pk).update(
        rows_before=run.rows_before,
        schema_before=run.schema_before,
        invalid_indexes_before=run.invalid_indexes_before,
        steps_committing=run.steps_committing,
    )


def _answer_cancellation(run: Run) -> None:
    """Says to whoever cancelled what came of it."""
    if request := open_cancellation(run):
        run.refresh_from_db()
        answer(request, f"The run ended: {run.get_outcome_display() or run.get_phase_display()}.")


def spend_confirmation(confirmation: Confirmation) -> None:
    """One conditional UPDATE: of any number of workers one gets it, once, before it expires. Raises RunRefused."""
    now = timezone.now()
    spent = Confirmation.objects.filter(pk=confirmation.pk, spent_at=None, expires_at__gt=now).update(spent_at=now)
    if spent:
        return
    confirmation.refresh_from_db()
    if confirmation.spent_at is not None:
        raise RunRefused("This confirmation was used already. Confirm the plan anew.")
    raise RunRefused("The confirmation expired before a worker took the run. Start a worker, then confirm anew.")


def _check_again(run: Run, plan: Plan, backup: Backup, lock: RunLock) -> None:
    """Everything the person confirmed, under the lock, from the database and the files themselves."""
    if run.confirmation.fingerprint != plan.fingerprint:
        raise RunRefused("The confirmation is of another plan. Make a new plan.")
    if backup.sha256 != run.confirmation.backup_sha256:
        raise RunRefused("The backup is another one than was confirmed. Take a new backup.")
    gate = read_gate(plan=plan, backup=backup, reading=lock.read(), own_run=run, hash_file=True)
    closed = [condition for condition in gate.conditions if not condition.met]
    if closed:
        raise RunRefused(" ".join(f"{condition.words} {condition.mend}" for condition in closed))


def _go_on_from_base(work: Work) -> bool:
    """Start fresh applies only what the version table says to be gone: what the child said is not enough."""
    if not work.story.finished or work.watch.stop or not record_base(run=work.run, lock=work.lock):
        return False
    work.journal.add(Kind.VERIFY, "The version table is empty: everything is reverted.")
    work.journal.flush()
    return True


def _refuse_where_nothing_began(work: Work) -> None:
    """The child refused before its first statement: files, database or version table are not the confirmed ones."""
    story = work.story
    if story.refusal and not story.revision_started and work.watch.stop is not Stop.CONNECTION_LOST:
        story.started = False
        raise RunRefused(story.refusal)
