"""Composes a plan from what was read: which revisions, in order, pinned by a fingerprint. Stores nothing."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.models import Plan
from dashboard.revisions.errors import HistoryError
from dashboard.revisions.plan import Action, Direction, PlanContent, PlanStep, make_plan
from dashboard.revisions.routes import Route, find_route
from dashboard.revisions.status import Reason, State, Status, VersionReading, judge_status
from dashboard.sources.configuration import Environment, Project
from dashboard.usecases.compose_restore import compose_restore
from dashboard.usecases.examine_directory import examine_directory
from dashboard.usecases.examine_steps import examine_steps
from dashboard.usecases.explain_foreign import explain_foreign
from dashboard.usecases.plan_refused import PlanRefused
from dashboard.usecases.read_code import read_environment_history
from dashboard.usecases.read_history import ProjectHistory

__all__ = ["PlanRefused", "compose_again", "compose_plan", "content_of"]


def compose_plan(
    *,
    project: Project,
    environment: Environment,
    reading: VersionReading,
    direction: Direction = Direction.UPGRADE,
    requested: Sequence[str] = (),
    history: ProjectHistory | None = None,
) -> PlanContent:
    """The plan for what `reading` found. `requested` in Alembic's notation, counted from the rows found.

    It may have no steps. Of a restore `requested` is the number of the backup. Raises PlanRefused with what must be
    mended first.
    """
    if direction is Direction.RESTORE:
        return compose_restore(project=project, environment=environment, reading=reading, requested=requested)
    history = history or read_environment_history(project, environment)
    if history.reading is None:
        raise PlanRefused(history.error)
    status = explain_foreign(judge_status(history.graph, reading), history)
    _refuse_states(environment.name, direction, status)
    route = _route(history, direction, reading.rows, requested)
    faults = (*examine_steps(project=history.project, steps=route.steps).faults, *examine_directory(history))
    if faults:
        raise PlanRefused(" ".join(dict.fromkeys(faults)))
    return make_plan(
        project=project.name,
        environment=environment.name,
        direction=direction,
        identity=reading.identity,
        requested=requested,
        current=reading.rows,
        route=route,
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


def compose_again(
    *,
    planned: PlanContent,
    project: Project,
    environment: Environment,
    reading: VersionReading,
    history: ProjectHistory,
) -> PlanContent:
    """The same plan for what is there now, to the revisions that were planned. Raises PlanRefused."""
    keeps_request = planned.direction in {Direction.DOWNGRADE, Direction.RESTORE}
    return compose_plan(
        project=project,
        environment=environment,
        reading=reading,
        direction=planned.direction,
        requested=planned.requested if keeps_request else planned.target or ("base",),
        history=history,
    )


def content_of(plan: Plan) -> PlanContent:
    """The stored plan as the gate knows it."""
    return PlanContent(
        project=plan.project,
        environment=plan.environment,
        direction=Direction(plan.direction),
        identity=plan.identity,
        requested=tuple(plan.requested),
        current=tuple(plan.current),
        target=tuple(plan.target),
        result=tuple(plan.result),
        steps=tuple(
            PlanStep(s["revision"], s["message"], s["path"], s["sha256"], Action(s.get("action", Action.UPGRADE)))
            for s in plan.steps
        ),
        files=tuple(sorted(plan.files.items())),
        settings=tuple(sorted(plan.pinned_settings.items())),
        commit=plan.commit,
        fingerprint=plan.fingerprint,
    )


def _route(history: ProjectHistory, direction: Direction, rows: Sequence[str], requested: Sequence[str]) -> Route:
    try:
        return find_route(history.graph, direction, rows, requested, history.project.heads)
    except HistoryError as error:
        raise PlanRefused(str(error)) from error


def _refuse_states(environment: str, direction: Direction, status: Status) -> None:
    """What cannot be read gets no plan; where the rows fit no history, a stamp is all that helps."""
    is_stamp = direction is Direction.STAMP
    if status.state is State.UNREACHABLE or (
        status.state in {State.INCONSISTENT, State.FOREIGN_REVISION} and not is_stamp
    ):
        word = status.state.replace("_", " ") + (f" ({status.reason})" if status.reason else "")
        raise PlanRefused(f"{environment} is {word}. {status.detail}")
    if status.reason is Reason.SCHEMA_NOT_EMPTY and not is_stamp:
        raise PlanRefused(
            f"{environment} has tables but no version table, so an upgrade from the beginning would fail or do harm. "
            f"Stamp it with the revision that its schema has. {status.detail}"
        )
    if is_stamp:
        _refuse_unstampable(environment, status.current)


def _refuse_unstampable(environment: str, rows: Sequence[str]) -> None:
    """Alembic removes a row by its text, and expects it once."""
    for row in rows:
        if rows.count(row) > 1 or "'" in row or "\\" in row:
            raise PlanRefused(
                f"{environment}'s version table holds the row {row!r}, which Alembic cannot replace. "
                "Delete it by hand, then read the environment again."
            )
