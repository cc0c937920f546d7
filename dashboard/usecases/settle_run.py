"""Ends a run by evidence: after its child, or later by the observer when the worker died."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from dashboard.databases.database import Database, DatabaseUnavailable, LockHeld, LockUnavailable, RunLock
from dashboard.gate.halves import judge_whole
from dashboard.gate.outcome import Evidence, Outcome, Verdict, judge_outcome
from dashboard.models import HEARTBEAT_LOST_AFTER, Run, RunLogLine, RunStep
from dashboard.revisions.plan import Action, Leg, legs_of
from dashboard.revisions.status import Reason, VersionReading
from dashboard.sources.configuration import NotConfigured, UnknownName
from dashboard.usecases.catalogue import find_environment, masker_for, open_database
from dashboard.usecases.compose_plan import content_of
from dashboard.usecases.observe import store_reading
from dashboard.usecases.read_history import read_history
from dashboard.usecases.run_journal import RunJournal

SESSIONS_GONE_WITHIN = 10.0
"""Seconds that a finished child's sessions are waited for before the run is left unsettled."""
READ_TIMEOUT = 10.0
ABSENT = {Reason.NO_TABLE, Reason.EMPTY_TABLE, Reason.SCHEMA_NOT_EMPTY}


def refuse_run(*, run: Run, detail: str) -> None:
    """Nothing was changed; the confirmation is spent all the same, the backup stays good."""
    _finish(run, Outcome.REFUSED, None, detail, ("The run ended before the child process touched the database.",))
    _log(run, RunLogLine.Kind.ERROR, f"refused: {detail}")


def unsettle_run(*, run: Run, detail: str) -> None:
    """It is not known what became of the database; the observer goes on from here."""
    Run.objects.filter(pk=run.pk, phase__in=[Run.Phase.RUNNING, Run.Phase.UNSETTLED]).update(
        phase=Run.Phase.UNSETTLED, detail=detail[:4_000]
    )


def settle_after_child(
    *,
    run: Run,
    database: Database,
    lock: RunLock,
    journal: RunJournal,
    finished: bool,
    detail: str,
    cause: Run.Cause | None,
) -> None:
    """Under the run's lock, once the child is gone: waits for its sessions, reads, judges, stores."""
    sessions = _wait_for_sessions(lock)
    verdict = _look_and_judge(run, database, sessions, finished=finished)
    for sentence in verdict.evidence:
        journal.add(RunLogLine.Kind.VERIFY, sentence)
    journal.close()
    if verdict.outcome is None:
        unsettle_run(run=run, detail=" ".join((detail, *verdict.evidence)).strip())
        Run.objects.filter(pk=run.pk).update(cause=cause, evidence=list(verdict.evidence))
        return
    settled_cause = None if verdict.outcome is Outcome.SUCCEEDED else cause or Run.Cause.ERROR
    _finish(run, verdict.outcome, settled_cause, detail, verdict.evidence)


def record_base(*, run: Run, lock: RunLock) -> bool:
    """Between the halves of start fresh: whether the version table itself says that everything is reverted."""
    if _wait_for_sessions(lock):
        return False
    reading = lock.read()
    unread = reading.reason is not None and reading.reason not in ABSENT
    if unread or reading.rows or reading.identity != run.confirmation.plan.identity:
        return False
    run.reached_base_at, run.schema_at_base = timezone.now(), lock.schema_digest()
    Run.objects.filter(pk=run.pk).update(reached_base_at=run.reached_base_at, schema_at_base=run.schema_at_base)
    return True


def settle_lost_runs() -> int:
    """In the observer: every live run without a heartbeat is looked at. Returns how many were settled."""
    silent_since = timezone.now() - HEARTBEAT_LOST_AFTER
    lost = Run.objects.filter(
        phase__in=[Run.Phase.RUNNING, Run.Phase.UNSETTLED], heartbeat_at__lt=silent_since
    ).select_related("confirmation__plan")
    settled = sum(_settle_lost(run) for run in lost)
    waiting = Run.objects.filter(
        phase=Run.Phase.QUEUED, confirmation__expires_at__lt=timezone.now() - timedelta(seconds=5)
    )
    for run in waiting:
        if Run.objects.filter(pk=run.pk, phase=Run.Phase.QUEUED).update(phase=Run.Phase.RUNNING):
            refuse_run(
                run=run,
                detail="No worker took the run before its confirmation expired. Start a worker, then confirm anew.",
            )
            settled += 1
    return settled


def _settle_lost(run: Run) -> bool:
    try:
        project, environment = find_environment(run.project, run.environment)
        database = open_database(project, environment)
        with database.hold_run_lock(wait=0.0):
            return _settle_under_lock(run, database)
    except LockHeld as held:
        unsettle_run(run=run, detail=f"The worker is gone, but the run is not over: {held.detail}")
    except (LockUnavailable, DatabaseUnavailable, NotConfigured, UnknownName) as error:
        unsettle_run(run=run, detail=f"The worker is gone, and the database cannot be asked: {error}")
    return False


def _settle_under_lock(run: Run, database: Database) -> bool:
    RunStep.objects.filter(run=run, state=RunStep.State.RUNNING).update(
        state=RunStep.State.FAILED, finished_at=timezone.now()
    )
    if run.rows_before is None:
        refuse_run(run=run, detail="The worker died before the child process was started. Confirm the plan anew.")
        return True
    verdict = _look_and_judge(run, database, 0, finished=False)
    if verdict.outcome is None:
        unsettle_run(run=run, detail=f"The worker is gone. {' '.join(verdict.evidence)}")
        return False
    detail = run.detail if run.cause else "The worker that executed the run died."
    cause = run.cause or Run.Cause.WORKER_LOST
    for sentence in verdict.evidence:
        _log(run, RunLogLine.Kind.VERIFY, sentence)
    settled_cause = None if verdict.outcome is Outcome.SUCCEEDED and run.cause is None else cause
    _finish(run, verdict.outcome, settled_cause, detail, verdict.evidence)
    return True


def _look_and_judge(run: Run, database: Database, sessions: int, *, finished: bool) -> Verdict:
    reading = database.observe(timeout=READ_TIMEOUT)
    rows = None if reading.reason and reading.reason not in ABSENT else reading.rows
    if not reading.identity or reading.identity != run.confirmation.plan.identity:
        rows = None
    run.rows_after = None if rows is None else list(rows)
    run.schema_after = _digest(database)
    legs = legs_of(content_of(run.confirmation.plan))
    leg = legs[-1] if run.reached_base_at else legs[0]
    steps = run.steps.filter(position__gte=leg.first_position, position__lt=leg.first_position + len(leg.steps))
    verdict = judge_outcome(
        Evidence(
            dialect=database.target.dialect,
            live_sessions=sessions,
            rows_before=leg.rows_before,
            rows_target=leg.rows_after,
            rows_after=rows,
            schema_before=run.schema_at_base if run.reached_base_at else run.schema_before,
            schema_after=run.schema_after,
            steps_total=len(leg.steps),
            steps_started=steps.exclude(state=RunStep.State.WAITING).count(),
            steps_in_database=None if rows is None else _steps_in_database(run, leg, rows),
            child_finished=finished,
            left_transaction=run.left_transaction,
            invalid_indexes=_invalid_indexes(database),
        )
    )
    verdict = judge_whole(verdict, is_first=leg is legs[0], is_last=leg is legs[-1])
    if verdict.outcome is not None:
        _remember(run, reading)
    return verdict


def _steps_in_database(run: Run, leg: Leg, rows: Sequence[str]) -> int | None:
    """How many of the leg's first revisions are done; None when the rows are not a point on its way."""
    project, _environment = find_environment(run.project, run.environment)
    graph = read_history(project).graph
    had, has = graph.ancestors(leg.rows_before), graph.ancestors(rows)
    planned = [step.revision for step in leg.steps]
    is_upgrade = leg.action is Action.UPGRADE
    reached = next((n for n, revision in enumerate(planned) if (revision in has) != is_upgrade), len(planned))
    done = set(planned[:reached])
    return reached if has == (had | done if is_upgrade else had - done) else None


def _remember(run: Run, reading: VersionReading) -> None:
    """The reading is an observation like any other, so that pages show the new state at once."""
    _project, environment = find_environment(run.project, run.environment)
    store_reading(project=run.project, environment=environment, reading=reading)


def _finish(run: Run, outcome: Outcome, cause: str | None, detail: str, evidence: Sequence[str]) -> None:
    """Conditional on the run being live, so that two who settle cannot overwrite each other."""
    Run.objects.filter(pk=run.pk, phase__in=Run.LIVE).update(
        phase=Run.Phase.SETTLED,
        outcome=outcome.value,
        cause=cause,
        detail=detail[:4_000],
        evidence=list(evidence),
        rows_after=run.rows_after,
        schema_after=run.schema_after,
        settled_at=timezone.now(),
    )


def _wait_for_sessions(lock: RunLock) -> int:
    """How many of the run's sessions are left; -1 when the database cannot be asked."""
    until = time.monotonic() + SESSIONS_GONE_WITHIN
    while True:
        try:
            number = len(lock.sessions())
        except DatabaseUnavailable:
            number = -1
        if number == 0 or time.monotonic() > until:
            return number
        time.sleep(0.1)


def _digest(database: Database) -> str:
    try:
        return database.schema_digest(timeout=READ_TIMEOUT)
    except DatabaseUnavailable:
        return ""


def _invalid_indexes(database: Database) -> tuple[str, ...]:
    try:
        return database.invalid_indexes()
    except DatabaseUnavailable:
        return ()


def _log(run: Run, kind: RunLogLine.Kind, text: str) -> None:
    try:
        _project, environment = find_environment(run.project, run.environment)
    except UnknownName:
        return
    journal = RunJournal(run, masker_for(environment))
    journal.add(kind, text)
    journal.close()
