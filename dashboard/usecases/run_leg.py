"""One piece of a run's plan, executed by a child process while it is watched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from dashboard.alembic_process.parent import ChildRequest, ChildResult, Ending, run_child
from dashboard.databases.database import Database, RunLock
from dashboard.models import Plan, Run, RunLogLine, RunStep
from dashboard.revisions.plan import Leg
from dashboard.sources.configuration import Environment, Project
from dashboard.usecases.catalogue import resolve
from dashboard.usecases.child_work import describe_change
from dashboard.usecases.run_journal import RunJournal, describe_event
from dashboard.usecases.watch_run import RunWatch, Stop

Kind = RunLogLine.Kind


class RunRefused(Exception):
    """The run ends before anything was changed; the message says why and what to do."""


@dataclass
class ChildStory:
    """What the children of a run said, and how the last one ended."""

    started: bool = False
    revision_started: bool = False
    finished: bool = False
    refusal: str = ""
    error: str = ""
    result: ChildResult | None = None


@dataclass(frozen=True)
class Work:
    """Everything that a run needs once its lock is held."""

    run: Run
    plan: Plan
    project: Project
    environment: Environment
    database: Database
    lock: RunLock
    journal: RunJournal
    watch: RunWatch
    story: ChildStory = field(default_factory=ChildStory)


def run_leg(work: Work, leg: Leg) -> None:
    """Blocks until the child has ended; `work.story` tells how. Raises RunRefused where none could be started."""
    journal, story = work.journal, work.story
    before, after = (", ".join(rows) or "base" for rows in (leg.rows_before, leg.rows_after))
    journal.add(Kind.COMMAND, f"{leg.action} {before} -> {after}")
    request = _request(work, leg)
    story.started, story.finished = True, False

    def on_event(event: Mapping[str, Any]) -> None:
        take_event(work, event)

    def on_tick() -> bool:
        journal.flush()
        return work.watch.tick()

    story.result = run_child(
        request, on_event=on_event, on_line=journal.output, on_tick=on_tick, ladder=work.watch.ladder(work.database)
    )
    if story.result.ending in {Ending.STOPPED, Ending.DEADLINE}:
        work.watch.end_sessions(work.database)
    if story.result.ending is Ending.NOT_STARTED and leg.first_position == 1:
        story.started = False
        raise RunRefused(story.result.message)
    if story.result.ending is Ending.NOT_STARTED:
        story.error = story.result.message


def tell_detail(work: Work) -> str:
    """What ended the run, in words; empty where it came to its end."""
    story, stop = work.story, work.watch.stop
    if stop is Stop.CANCELLED:
        return "Cancelled while it ran."
    if stop is Stop.CONNECTION_LOST:
        return "The database gave no answer any more, so the child process was ended."
    if story.result is not None and story.result.ending is Ending.DEADLINE:
        return f"The run took longer than its deadline of {work.environment.timeouts.run}, and was ended."
    if story.error or story.refusal:
        waited = work.watch.last_wait()
        return " ".join(filter(None, ((story.error or story.refusal).rstrip()[:3_000], waited)))
    if not story.finished:
        code = story.result.returncode if story.result else None
        return f"The child process ended without a word (exit code {code})."
    return ""


def tell_cause(work: Work) -> Run.Cause | None:
    """None where the child came to its end."""
    if work.watch.stop is not None:
        return Run.Cause(work.watch.stop.value)
    if work.story.result is not None and work.story.result.ending is Ending.DEADLINE:
        return Run.Cause.DEADLINE
    return None if work.story.finished else Run.Cause.ERROR


def _request(work: Work, leg: Leg) -> ChildRequest:
    project, environment, run = work.project, work.environment, work.run
    resolved = resolve(environment)
    return ChildRequest(
        python=project.python,
        directory=project.directory,
        variables=resolved.child_variables,
        pass_fds=work.lock.pass_fds,
        deadline=max(1.0, (environment.timeouts.run - (timezone.now() - _begin_of(run))).total_seconds()),
        content=describe_change(
            work=run,
            plan=work.plan,
            project=project,
            environment=environment,
            resolved=resolved,
            lock=work.lock,
            leg=leg,
        ),
    )


def _begin_of(run: Run) -> datetime:
    assert run.started_at is not None, "it was claimed"
    return run.started_at


def take_event(work: Work, event: Mapping[str, Any]) -> None:
    """Writes down what the child said of itself."""
    run, journal, story = work.run, work.journal, work.story
    match event.get("event"):
        case "revision_started":
            story.revision_started = True
            journal.step_started(event["position"])
        case "revision_applied":
            journal.step_applied(event["position"])
        case "committing":
            _remember(run, steps_committing=run.steps.exclude(state=RunStep.State.WAITING).count())
        case "left_transaction":
            _remember(run, left_transaction=True)
            journal.add(Kind.COMMAND, describe_event(event))
        case "backend":
            _remember(run, backend_pid=event["pid"])
            journal.add(Kind.COMMAND, describe_event(event))
        case "context":
            _remember(run, transactional_ddl=event["transactional_ddl"])
            journal.add(Kind.COMMAND, describe_event(event))
        case "hello":
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


def _remember(run: Run, **values: Any) -> None:
    for name, value in values.items():
        setattr(run, name, value)
    Run.objects.filter(pk=run.pk).update(**values)
