"""Makes a plan: which revisions a run would apply, in order, pinned by a fingerprint."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from dashboard import access
from dashboard.models import Plan
from dashboard.revisions.errors import HistoryError
from dashboard.revisions.graph import RevisionGraph
from dashboard.revisions.plan import Direction, PlanContent, PlanStep, make_plan
from dashboard.revisions.status import Reason, State, Status, VersionReading, judge_status
from dashboard.sources.configuration import Environment, Project
from dashboard.usecases.catalogue import find_environment
from dashboard.usecases.read_history import ProjectHistory, read_history
from dashboard.usecases.read_status import latest_observation, reading_of


class PlanRefused(Exception):
    """No plan can be made; the message says why and what to do."""


def plan_upgrade(
    *, user: AbstractBaseUser | AnonymousUser, project: str, environment: str, targets: Sequence[str] = ()
) -> Plan:
    """Stores a plan from the latest observation; waits for no database.

    `targets`: Alembic's notation; empty: the effective head, or the permanent heads. Raises PlanRefused,
    PermissionDenied, UnknownName.
    """
    planner = access.require(user, access.PLAN)
    p, e = find_environment(project, environment)
    reading = reading_of(latest_observation(project, environment))
    if reading is None:
        raise PlanRefused(f"{environment} has not been read yet. Read it first.")
    content = compose_plan(project=p, environment=e, reading=reading, targets=targets)
    if not content.steps:
        raise PlanRefused(f"{environment} is up to date; there is nothing to apply.")
    return Plan.objects.create(
        project=content.project,
        environment=content.environment,
        direction=content.direction,
        identity=content.identity,
        current=list(content.current),
        target=list(content.target),
        steps=[
            {"revision": s.revision, "message": s.message, "path": s.path, "sha256": s.sha256} for s in content.steps
        ],
        files=dict(content.files),
        pinned_settings=dict(content.settings),
        commit=content.commit,
        fingerprint=content.fingerprint,
        created_by=planner,
    )


def compose_plan(
    *,
    project: Project,
    environment: Environment,
    reading: VersionReading,
    targets: Sequence[str] = (),
    history: ProjectHistory | None = None,
) -> PlanContent:
    """The plan for what `reading` found. `targets` in Alembic's notation, relative ones from the rows found.

    Raises PlanRefused with what must be mended first.
    """
    history = history or read_history(project)
    if history.reading is None:
        raise PlanRefused(history.error)
    status = judge_status(history.graph, reading)
    _refuse_states(environment.name, status)
    try:
        target = _resolve_targets(project, history.graph, targets, reading.rows)
        path = history.graph.upgrade_path(reading.rows, target)
    except HistoryError as error:
        raise PlanRefused(str(error)) from error
    return make_plan(
        project=project.name,
        environment=environment.name,
        direction=Direction.UPGRADE,
        identity=reading.identity,
        current=reading.rows,
        target=target,
        path=path,
        files=history.reading.files,
        settings={
            "section": project.section,
            "script_location": project.script_location,
            "version_locations": "\n".join(project.version_locations),
            "version_table": project.version_table,
            "version_table_schema": project.version_table_schema,
            "python": project.python,
            "driver": environment.driver,
        },
        commit=history.reading.commit,
    )


def content_of(plan: Plan) -> PlanContent:
    """The stored plan as the gate knows it."""
    return PlanContent(
        project=plan.project,
        environment=plan.environment,
        direction=Direction(plan.direction),
        identity=plan.identity,
        current=tuple(plan.current),
        target=tuple(plan.target),
        steps=tuple(PlanStep(**step) for step in plan.steps),
        files=tuple(sorted(plan.files.items())),
        settings=tuple(sorted(plan.pinned_settings.items())),
        commit=plan.commit,
        fingerprint=plan.fingerprint,
    )


def latest_plan(project: str, environment: str) -> Plan | None:
    """The newest plan of the environment, current or not."""
    return Plan.objects.filter(project=project, environment=environment).order_by("-pk").first()


def _refuse_states(environment: str, status: Status) -> None:
    if status.state in {State.UNREACHABLE, State.INCONSISTENT, State.FOREIGN_REVISION}:
        word = status.state.replace("_", " ") + (f" ({status.reason})" if status.reason else "")
        raise PlanRefused(f"{environment} is {word}. {status.detail}")
    if status.reason is Reason.SCHEMA_NOT_EMPTY:
        raise PlanRefused(
            f"{environment} has tables but no version table, so an upgrade from the beginning would fail or do harm. "
            f"Stamp it with the revision that its schema has. {status.detail}"
        )


def _resolve_targets(
    project: Project, graph: RevisionGraph, targets: Sequence[str], rows: Sequence[str]
) -> tuple[str, ...]:
    if targets:
        found = [revision for target in targets for revision in graph.resolve(target, rows)]
        return tuple(dict.fromkeys(found))
    heads = graph.effective_heads
    if len(heads) > 1 and not project.heads:
        raise PlanRefused(
            f"There are {len(heads)} heads: {', '.join(heads)}. Name a target, or all of them, or merge them with: "
            f'alembic merge heads -m "..."'
        )
    return heads
