"""Ends a run by evidence: the database is looked at, the outcome is judged, and both are stored."""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.utils import timezone

from dashboard.databases.database import Database, DatabaseUnavailable, RunLock
from dashboard.gate.halves import judge_whole
from dashboard.gate.outcome import Evidence, Outcome, Verdict, judge_outcome
from dashboard.models import Run, RunLogLine, RunStep
from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.plan import Action, Leg, legs_of
from dashboard.revisions.status import Reason, VersionReading
from dashboard.sources.configuration import UnknownName
from dashboard.usecases.catalogue import find_environment, masker_for
from dashboard.usecases.compose_plan import content_of
from dashboard.usecases.observe import store_reading
from dashboard.usecases.read_code import read_environment_history
from dashboard.usecases.run_journal import RunJournal

SESSIONS_GONE_WITHIN = 10.0
"""Seconds that a finished child's sessions are waited for before the run is left unsettled."""
READ_TIMEOUT = 10.0
ABSENT = {Reason.NO_TABLE, Reason.EMPTY_TABLE, Reason.SCHEMA_NOT_EMPTY}


def refuse_run(*, run: Run, detail: str, cause: Run.Cause | None = None) -> None:
    """Nothing was changed; the confirmation is spent all the same, the backup stays good."""
    finish_run(run, Outcome.REFUSED, cause, detail, ("The run ended before the child process touched the database.",))
    log_line(run, RunLogLine.Kind.ERROR, f"refused: {detail}")


def unsettle_run(*, run: Run, detail: str, cause: Run.Cause | None = None, evidence: Sequence[str] = ()) -> None:
    """It is not known what became of the database; the observer goes on from here."""
    Run.objects.filter(pk=run.pk, phase__in=[Run.Phase.RUNNING, Run.Phase.UNSETTLED]).update(
        phase=Run.Phase.UNSETTLED, detail=detail[:4_000], cause=cause, evidence=list(evidence)
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
    others: Sequence[str] = (),
) -> None:
    """Under the run's lock, once the child is gone: waits for its sessions, reads, judges, stores.

    `others`: sentences on who else was seen to write to the version table.
    """
    for sentence in others:
        journal.add(RunLogLine.Kind.VERIFY, sentence)
    if not lock.is_held():
        journal.close()
        words = "The connection that held the run's lock was lost, so the database is looked at anew."
        lost = cause if cause in {Run.Cause.CANCELLED, Run.Cause.DEADLINE} else Run.Cause.CONNECTION_LOST
        unsettle_run(run=run, detail=f"{detail} {words}".strip(), cause=lost, evidence=(words,))
        return
    sessions = _wait_for_sessions(lock)
    verdict = look_and_judge(run, database, sessions, finished=finished)
    for sentence in verdict.evidence:
        journal.add(RunLogLine.Kind.VERIFY, sentence)
    journal.close()
    evidence = (*verdict.evidence, *others)
    if verdict.outcome is None:
        cause = Run.Cause.CONNECTION_LOST if sessions < 0 and cause is Run.Cause.ERROR else cause
        unsettle_run(run=run, detail=f"{detail} {' '.join(evidence)}".strip(), cause=cause, evidence=evidence)
        return
    finish_run(run, verdict.outcome, cause or Run.Cause.ERROR, detail, evidence)


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


def look_and_judge(run: Run, database: Database, sessions: int, *, finished: bool) -> Verdict:
    """Reads what there is now; `sessions`: of the run, still alive, -1 where they cannot be counted."""
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
            steps_committing=_steps_committing(run, leg),
            left_transaction=run.left_transaction,
            transactional_ddl=run.transactional_ddl,
            is_beyond_target=rows is not None and _is_beyond_target(run, leg, rows),
            invalid_indexes=_new_invalid_indexes(run, database),
        )
    )
    verdict = judge_whole(verdict, is_first=leg is legs[0], is_last=leg is legs[-1])
    if verdict.outcome is not None:
        _remember(run, reading)
    return verdict


def _steps_in_database(run: Run, leg: Leg, rows: Sequence[str]) -> int | None:
    """How many of the leg's first revisions are done; None when the rows are not a point on its way."""
    graph = _graph_of(run)
    had, has = graph.ancestors(leg.rows_before), graph.ancestors(rows)
    planned = [step.revision for step in leg.steps]
    is_upgrade = leg.action is Action.UPGRADE
    reached = next((n for n, revision in enumerate(planned) if (revision in has) != is_upgrade), len(planned))
    done = set(planned[:reached])
    return reached if has == (had | done if is_upgrade else had - done) else None


def _steps_committing(run: Run, leg: Leg) -> int | None:
    """Of this leg; a stamp tells no steps that could be counted."""
    if run.steps_committing is None or leg.action is Action.STAMP:
        return None
    return max(0, run.steps_committing - leg.first_position + 1)


def _is_beyond_target(run: Run, leg: Leg, rows: Sequence[str]) -> bool:
    """Whether the rows stand at later revisions, which hold everything that an upgrade was to reach."""
    if leg.action is not Action.UPGRADE or sorted(rows) == sorted(leg.rows_after):
        return False
    return set(leg.rows_after) <= _graph_of(run).ancestors(rows)


def _graph_of(run: Run) -> RevisionGraph:
    """The history that the run's environment goes by."""
    return read_environment_history(*find_environment(run.project, run.environment)).graph


def _remember(run: Run, reading: VersionReading) -> None:
    """The reading is an observation like any other, so that pages show the new state at once."""
    _project, environment = find_environment(run.project, run.environment)
    store_reading(project=run.project, environment=environment, reading=reading)


def finish_run(run: Run, outcome: Outcome, cause: str | None, detail: str, evidence: Sequence[str]) -> None:
    """Conditional on the run being live, so that two who settle cannot overwrite each other. A success has no cause."""
    Run.objects.filter(pk=run.pk, phase__in=Run.LIVE).update(
        phase=Run.Phase.SETTLED,
        outcome=outcome.value,
        cause=None if outcome is Outcome.SUCCEEDED else cause,
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


def _new_invalid_indexes(run: Run, database: Database) -> tuple[str, ...]:
    try:
        return tuple(name for name in database.invalid_indexes() if name not in run.invalid_indexes_before)
    except DatabaseUnavailable:
        return ()


def log_line(run: Run, kind: RunLogLine.Kind, text: str) -> None:
    """One line of the run's log, masked."""
    try:
        _project, environment = find_environment(run.project, run.environment)
    except UnknownName:
        return
    journal = RunJournal(run, masker_for(environment))
    journal.add(kind, text)
    journal.close()
