"""Executes one confirmed run in a worker: claim, spend, lock, check again, child, look, settle.

Whatever goes wrong before the child starts refuses the run; whatever goes wrong afterwards leaves it to evidence.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from dashboard.alembic_process.parent import ChildRequest, ChildResult, Ending, run_child
from dashboard.databases.database import DatabaseUnavailable, LockHeld, LockUnavailable, RunLock
from dashboard.models import Backup, Confirmation, Plan, Run, RunLogLine
from dashboard.revisions.plan import Leg, legs_of
from dashboard.sources.configuration import Environment, NotConfigured, Project, ResolvedEnvironment, UnknownName
from dashboard.usecases.catalogue import find_environment, masker_for, open_database, resolve
from dashboard.usecases.child_work import connection_settings, describe_leg, describe_project
from dashboard.usecases.compose_plan import content_of
from dashboard.usecases.gather_gate import read_gate
from dashboard.usecases.heartbeat import heartbeat
from dashboard.usecases.run_journal import RunJournal, describe_event
from dashboard.usecases.settle_run import record_base, refuse_run, settle_after_child, unsettle_run

logger = logging.getLogger(__name__)
LOCK_WAIT = 3.0
Kind = RunLogLine.Kind


class RunRefused(Exception):
    """The run ends before anything was changed; the message says why and what to do."""


@dataclass
class ChildStory:
    """What the child said, and how it ended."""

    started: bool = False
    revision_started: bool = False
    finished: bool = False
    refusal: str = ""
    error: str = ""
    result: ChildResult | None = None


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


def _end_early(run: Run, story: ChildStory, detail: str) -> None:
    """Before the child nothing can have changed; after it only the database knows."""
    if story.started:
        unsettle_run(run=run, detail=detail)
        return
    refuse_run(run=run, detail=detail)


def _execute(run: Run, project: Project, environment: Environment, journal: RunJournal, story: ChildStory) -> None:
    spend_confirmation(run.confirmation)
    plan, backup = run.confirmation.plan, run.confirmation.backup
    database = open_database(project, environment)
    with database.hold_run_lock(wait=LOCK_WAIT) as lock:
        journal.add(Kind.CHECK, f"lock of {environment.name} taken")
        _check_again(run, plan, backup, lock)
        backup_words = (
            f"backup {backup.pk} unchanged" if backup.method == Backup.Method.DUMP else f"backup {backup.pk} attested"
        )
        journal.add(Kind.CHECK, f"fingerprint {plan.fingerprint[:12]} and {backup_words}")
        journal.flush()
        run.schema_before = lock.schema_digest()
        run.rows_before = plan.current
        Run.objects.filter(pk=run.pk).update(rows_before=run.rows_before, schema_before=run.schema_before)
        for leg in legs_of(content_of(plan)):
            if leg.first_position > 1 and not _go_on_from_base(run, lock, journal, story):
                break
            story.result = _run_child(run, plan, leg, project, environment, lock, journal, story)
        journal.fail_running_step()
        _refuse_where_nothing_began(story)
        journal.flush()
        settle_after_child(
            run=run,
            database=database,
            lock=lock,
            journal=journal,
            finished=story.finished,
            detail=_detail(story, environment),
            cause=_cause(story),
        )


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


def _go_on_from_base(run: Run, lock: RunLock, journal: RunJournal, story: ChildStory) -> bool:
    """Start fresh applies only what the version table says to be gone: what the child said is not enough."""
    if not story.finished or not record_base(run=run, lock=lock):
        return False
    journal.add(Kind.VERIFY, "The version table is empty: everything is reverted.")
    journal.flush()
    return True


def _run_child(
    run: Run,
    plan: Plan,
    leg: Leg,
    project: Project,
    environment: Environment,
    lock: RunLock,
    journal: RunJournal,
    story: ChildStory,
) -> ChildResult:
    resolved = resolve(environment)
    request = _request(run, plan, leg, project, environment, resolved, lock)
    before, after = (", ".join(rows) or "base" for rows in (leg.rows_before, leg.rows_after))
    journal.add(Kind.COMMAND, f"{leg.action} {before} -> {after}")
    story.started, story.finished = True, False

    def on_event(event: Mapping[str, Any]) -> None:
        _take_event(run, event, journal, story)

    def on_tick() -> bool:
        journal.flush()
        return False

    result = run_child(request, on_event=on_event, on_line=journal.output, on_tick=on_tick)
    if result.ending is Ending.NOT_STARTED and leg.first_position == 1:
        story.started = False
        raise RunRefused(result.message)
    if result.ending is Ending.NOT_STARTED:
        story.error = result.message
    return result


def _request(
    run: Run,
    plan: Plan,
    leg: Leg,
    project: Project,
    environment: Environment,
    resolved: ResolvedEnvironment,
    lock: RunLock,
) -> ChildRequest:
    return ChildRequest(
        python=project.python,
        directory=project.directory,
        variables=resolved.child_variables,
        pass_fds=lock.pass_fds,
        deadline=max(1.0, (environment.timeouts.run - (timezone.now() - _begin_of(run))).total_seconds()),
        content={
            **describe_project(project, resolved),
            "action": leg.action,
            **describe_leg(leg),
            "files": plan.files,
            "challenge": dict(lock.challenge),
            "connection_settings": connection_settings(run, environment),
        },
    )


def _begin_of(run: Run) -> datetime:
    assert run.started_at is not None, "it was claimed"
    return run.started_at


def _take_event(run: Run, event: Mapping[str, Any], journal: RunJournal, story: ChildStory) -> None:
    match event.get("event"):
        case "revision_started":
            story.revision_started = True
            journal.step_started(event["position"])
        case "revision_applied":
            journal.step_applied(event["position"])
        case "left_transaction":
            Run.objects.filter(pk=run.pk).update(left_transaction=True)
            run.left_transaction = True
            journal.add(Kind.COMMAND, describe_event(event))
        case "backend":
            Run.objects.filter(pk=run.pk).update(backend_pid=event["pid"])
            journal.add(Kind.COMMAND, describe_event(event))
        case "hello" | "context":
            journal.add(Kind.COMMAND, describe_event(event))
        case "refused":
            story.refusal = journal.mask(event["message"])
            journal.add(Kind.ERROR, event["message"])
        case "error":
            story.error = journal.mask(f"{event['type']}: {event['message']}")
            for line in event["traceback"].rstrip().splitlines():
                journal.add(Kind.ERROR, line)
        case "finished":
            story.finished = True


def _refuse_where_nothing_began(story: ChildStory) -> None:
    """The child refused before its first statement: files, database or version table are not the confirmed ones."""
    if story.refusal and not story.revision_started:
        story.started = False
        raise RunRefused(story.refusal)


def _detail(story: ChildStory, environment: Environment) -> str:
    if story.error or story.refusal:
        return (story.error or story.refusal)[:4_000]
    if story.result is not None and story.result.ending is Ending.DEADLINE:
        return f"The run took longer than its deadline of {environment.timeouts.run}, and was ended."
    if not story.finished:
        code = story.result.returncode if story.result else None
        return f"The child process ended without a word (exit code {code})."
    return ""


def _cause(story: ChildStory) -> Run.Cause | None:
    if story.result is not None and story.result.ending is Ending.DEADLINE:
        return Run.Cause.DEADLINE
    return None if story.finished else Run.Cause.ERROR
