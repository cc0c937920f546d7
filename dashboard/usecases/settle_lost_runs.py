"""What the observer does for runs whose worker, host or network died: it settles them as soon as it can be known."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from dashboard.databases.database import Database, DatabaseUnavailable, LockHeld, LockUnavailable
from dashboard.models import HEARTBEAT_LOST_AFTER, Run, RunLogLine, RunStep
from dashboard.revisions.plan import Direction
from dashboard.sources.configuration import Environment, NotConfigured, UnknownName
from dashboard.usecases.catalogue import find_environment, masker_for, open_database
from dashboard.usecases.read_contention import clear_contention, store_left_over
from dashboard.usecases.restore_backup import settle_restore
from dashboard.usecases.run_journal import RunJournal
from dashboard.usecases.settle_run import finish_run, log_line, look_and_judge, refuse_run, unsettle_run
from dashboard.usecases.terminate_session import carry_out_termination

WORKER_GONE = "The worker that executed the run died."


def settle_lost_runs() -> int:
    """Looks at every live run that no worker looks after. Returns how many were settled."""
    settled = sum(_settle_lost(run) for run in _lost_runs())
    waiting = Run.objects.filter(
        phase=Run.Phase.QUEUED, confirmation__expires_at__lt=timezone.now() - timedelta(seconds=5)
    )
    return settled + sum(_refuse_waiting(run) for run in waiting)


def _lost_runs() -> list[Run]:
    """Those whose worker is silent, and those that a worker has given up with an open end."""
    silent = Q(heartbeat_at__lt=timezone.now() - HEARTBEAT_LOST_AFTER)
    given_up = Q(phase=Run.Phase.UNSETTLED, heartbeat_at=None)
    live = Run.objects.filter(phase__in=[Run.Phase.RUNNING, Run.Phase.UNSETTLED])
    return list(live.filter(silent | given_up).select_related("confirmation__plan"))


def _refuse_waiting(run: Run) -> bool:
    with transaction.atomic():
        if not Run.objects.filter(pk=run.pk, phase=Run.Phase.QUEUED).update(phase=Run.Phase.RUNNING):
            return False
        words = "No worker took the run before its confirmation expired. Start a worker, then confirm anew."
        refuse_run(run=run, detail=words)
    return True


def _settle_lost(run: Run) -> bool:
    if run.cause is None and run.heartbeat_at is not None:
        run.cause, run.detail = Run.Cause.WORKER_LOST, WORKER_GONE
    try:
        project, environment = find_environment(run.project, run.environment)
        database = open_database(project, environment)
    except (NotConfigured, UnknownName) as error:
        return _leave(run, f"The database cannot be asked: {error}")
    try:
        with database.hold_run_lock(wait=0.0):
            return _settle_under_lock(run, environment, database)
    except LockHeld as held:
        carry_out_termination(run=run, database=database)
        _show_left_over(run, environment, database)
        return _leave(run, f"The run is not over: {held.detail}")
    except (LockUnavailable, DatabaseUnavailable) as error:
        return _leave(run, f"The database cannot be asked: {error}")


def _leave(run: Run, *evidence: str) -> bool:
    """Still not known; `detail` keeps what ended the run, `evidence` says what is waited for."""
    unsettle_run(run=run, detail=run.detail, cause=_cause(run), evidence=evidence)
    return False


def _show_left_over(run: Run, environment: Environment, database: Database) -> None:
    try:
        store_left_over(run, database.sessions_of_runs(), masker_for(environment))
    except DatabaseUnavailable:
        clear_contention(run)


def _settle_under_lock(run: Run, environment: Environment, database: Database) -> bool:
    RunStep.objects.filter(run=run, state=RunStep.State.RUNNING).update(
        state=RunStep.State.FAILED, finished_at=timezone.now()
    )
    clear_contention(run)
    if run.rows_before is None:
        refuse_run(
            run=run,
            detail="The worker died before the child process was started. Confirm the plan anew.",
            cause=Run.Cause.WORKER_LOST,
        )
        return True
    if run.confirmation.plan.direction == Direction.RESTORE:
        journal = RunJournal(run, masker_for(environment))
        return settle_restore(run=run, environment=environment, database=database, journal=journal)
    verdict = look_and_judge(run, database, 0, finished=False)
    if verdict.outcome is None:
        return _leave(run, *verdict.evidence)
    for sentence in verdict.evidence:
        log_line(run, RunLogLine.Kind.VERIFY, sentence)
    finish_run(run, verdict.outcome, _cause(run), run.detail, verdict.evidence)
    return True


def _cause(run: Run) -> Run.Cause:
    return Run.Cause(run.cause or Run.Cause.ERROR)
