"""Brings together what the gate judges. The only place that does, for the page, the confirmation and the worker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.utils import timezone

from dashboard.databases.backup import BackupRejected, hash_backup
from dashboard.gate.backup_policy import BackupFacts, BackupPolicy
from dashboard.gate.condition import Condition
from dashboard.gate.conditions import GateFacts, judge
from dashboard.gate.promotion import Predecessor
from dashboard.models import Backup, Plan, Run
from dashboard.revisions.plan import Action, Direction, PlanContent, first_difference
from dashboard.revisions.records import ProblemKind
from dashboard.revisions.status import State, VersionReading, judge_status
from dashboard.sources.configuration import Environment, Project
from dashboard.usecases.accept_finding import finding_facts
from dashboard.usecases.catalogue import find_environment
from dashboard.usecases.compose_plan import PlanRefused, compose_again, content_of
from dashboard.usecases.find_plan import latest_plan
from dashboard.usecases.read_code import read_code, read_environment_history
from dashboard.usecases.read_history import ProjectHistory
from dashboard.usecases.read_rehearsals import rehearsal_facts, rehearsal_policy
from dashboard.usecases.read_status import latest_observation, reading_of
from dashboard.usecases.replaced_databases import former_identities
from dashboard.usecases.review_revision import list_unreviewed
from dashboard.usecases.survey_restore import obstacles_of


@dataclass(frozen=True)
class GateReading:
    """The conditions as they are now, and what they were judged from."""

    conditions: tuple[Condition, ...]
    superseded: str
    now: datetime


def read_gate(
    *,
    plan: Plan,
    backup: Backup | None,
    reading: VersionReading | None = None,
    own_run: Run | None = None,
    hash_file: bool = False,
) -> GateReading:
    """Judges the gate for a plan and a backup.

    `reading`: the database's rows, read under the lock; absent: the latest observation. `own_run`: the run that asks,
    which is no other run. `hash_file`: read the backup's whole file and compare it with what was proven.
    """
    project, environment = find_environment(plan.project, plan.environment)
    history = read_environment_history(project, environment, verify=own_run is not None)
    if reading is None:
        reading = reading_of(latest_observation(plan.project, plan.environment))
    planned = content_of(plan)
    status = judge_status(history.graph, reading)
    now = timezone.now()
    superseded = _why_superseded(planned, project, environment, history, reading)
    facts = GateFacts(
        plan=planned,
        allow=environment.allow,
        superseded=superseded,
        state=status.state,
        state_detail=status.detail,
        history_problems=_problems_in_the_way(history, planned),
        uncertain=status.uncertain,
        uncommitted=_uncommitted(project, environment, planned),
        is_counted=plan.counted_at is not None or not (plan.losses or planned.direction is Direction.RESTORE),
        findings=finding_facts(plan, environment),
        predecessors=tuple(_predecessor(project, name, history, planned) for name in _required(environment, planned)),
        backup=_backup_facts(backup, hash_file=hash_file) if backup else None,
        policy=_policy(environment),
        rehearsal=rehearsal_facts(plan, backup),
        rehearsal_policy=rehearsal_policy(environment),
        other_run=_other_run(plan, own_run),
        now=now,
        newer_plan="" if own_run else _newer_plan(plan),
        obstacles=obstacles_of(plan),
        former_identities=former_identities(plan.project, plan.environment),
        unreviewed=list_unreviewed(plan.project, planned.steps) if environment.requires_review else None,
    )
    return GateReading(judge(facts), superseded, now)


def _why_superseded(
    planned: PlanContent,
    project: Project,
    environment: Environment,
    history: ProjectHistory,
    reading: VersionReading | None,
) -> str:
    if reading is None:
        return f"{environment.name} has not been read yet."
    try:
        found = compose_again(
            planned=planned, project=project, environment=environment, reading=reading, history=history
        )
    except PlanRefused as refusal:
        return str(refusal)
    return first_difference(planned, found)


def _problems_in_the_way(history: ProjectHistory, planned: PlanContent) -> tuple[str, ...]:
    if planned.direction is Direction.RESTORE:
        return ()
    if history.reading is None:
        return (history.error,)
    wanted = {step.revision for step in planned.steps} | set(planned.current)
    closure = history.graph.ancestors(planned.target) | wanted
    # A file that this Python cannot parse is judged when the plan is composed, by the project's own interpreter.
    problems = [p for p in history.problems if p.kind is not ProblemKind.UNREADABLE and p.revision in closure]
    return tuple(f"{p.path}: {p.detail} {p.hint}" for p in problems)


def _required(environment: Environment, planned: PlanContent) -> tuple[str, ...]:
    """`requires` is about what an environment may be upgraded to; going back needs nobody to have gone first."""
    return environment.requires if any(step.action is Action.UPGRADE for step in planned.steps) else ()


def _uncommitted(project: Project, environment: Environment, planned: PlanContent) -> tuple[str, ...]:
    """Files of the plan's steps that no commit holds; where a database can be made anew, they may be tried."""
    if "start_fresh" in environment.allow or environment.ref:
        return ()
    files = read_code(project, environment).uncommitted_revisions
    return tuple(step.path for step in planned.steps if step.path in files)


def _predecessor(project: Project, name: str, history: ProjectHistory, planned: PlanContent) -> Predecessor:
    environment = project.environment(name)
    observation = latest_observation(project.name, name)
    status = judge_status(history.graph, reading_of(observation))
    is_fresh = observation is not None and timezone.now() - observation.observed_at <= environment.stale_after
    known = is_fresh and status.state in {State.CURRENT, State.PENDING, State.UNVERSIONED}
    has = history.graph.ancestors(status.current)
    upgraded = (step.revision for step in planned.steps if step.action is Action.UPGRADE)
    return Predecessor(name, known, tuple(revision for revision in upgraded if revision not in has))


def _policy(environment: Environment) -> BackupPolicy:
    asked = environment.backup
    return BackupPolicy(method=asked.method, max_age=asked.max_age, verify=asked.verify)


def _backup_facts(backup: Backup, *, hash_file: bool) -> BackupFacts:
    return BackupFacts(
        number=backup.pk,
        project=backup.project,
        environment=backup.environment,
        method=backup.method,
        state=backup.state,
        identity=backup.identity,
        rows=tuple(backup.rows),
        taken_at=backup.taken_at,
        was_read_through=backup.read_through_at is not None,
        error=backup.error,
        file_changed=_file_change(backup, hash_file=hash_file),
        was_restored=backup.restored_at is not None,
        restore_error=backup.restore_error,
    )


def _file_change(backup: Backup, *, hash_file: bool) -> str:
    if backup.method != Backup.Method.DUMP or backup.state != Backup.State.PROVEN:
        return ""
    path = Path(backup.path)
    if not path.exists():
        return f"{path.name} is gone."
    if not hash_file:
        return ""
    try:
        size, sha256 = hash_backup(path)
    except BackupRejected as rejection:
        return str(rejection)
    if size != backup.size:
        return f"{path.name} has {size:,} bytes, not {backup.size:,}."
    return "" if sha256 == backup.sha256 else f"the sha256 of {path.name} differs."


def _newer_plan(plan: Plan) -> str:
    """A run that was confirmed is not stopped by it."""
    found = latest_plan(plan.project, plan.environment)
    if found is None or found.pk <= plan.pk:
        return ""
    return f"Plan {found.pk} of {found.created_by.get_username()}, made {found.created_at:%-d %b %Y, %H:%M:%S} UTC"


def _other_run(plan: Plan, own_run: Run | None) -> int | None:
    live = Run.objects.filter(project=plan.project, environment=plan.environment, phase__in=Run.LIVE)
    if own_run is not None:
        live = live.exclude(pk=own_run.pk)
    return live.values_list("pk", flat=True).first()
