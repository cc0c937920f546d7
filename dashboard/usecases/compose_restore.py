"""Composes the plan of a restore: which backup takes the place of which database. Stores nothing."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.models import Backup, Plan
from dashboard.revisions.plan import Direction, PlanContent, make_plan
from dashboard.revisions.routes import Route
from dashboard.revisions.status import State, VersionReading
from dashboard.sources.configuration import Environment, Project
from dashboard.usecases.plan_refused import PlanRefused


def compose_restore(
    *, project: Project, environment: Environment, reading: VersionReading, requested: Sequence[str]
) -> PlanContent:
    """`requested`: the backup's number. No file of the project is part of it: nothing of the project runs.

    Raises PlanRefused.
    """
    if reading.reason is not None and reading.reason.state is State.UNREACHABLE:
        raise PlanRefused(f"{environment.name} is unreachable ({reading.reason}). {reading.detail}")
    backup = _find_backup(project, environment, requested)
    rows = tuple(backup.rows)
    return make_plan(
        project=project.name,
        environment=environment.name,
        direction=Direction.RESTORE,
        identity=reading.identity,
        requested=(str(backup.pk),),
        current=reading.rows,
        route=Route((), rows, rows),
        files={},
        settings={
            "backup": str(backup.pk),
            "backup_sha256": backup.sha256,
            "version_table": project.version_table,
            "version_table_schema": project.version_table_schema,
        },
        commit="",
    )


def backup_of(plan: Plan) -> Backup | None:
    """The backup that a restore plan goes back to."""
    number = plan.requested[0] if plan.requested else ""
    return Backup.objects.filter(pk=int(number)).first() if str(number).isdecimal() else None


def list_restorable(project: str, environment: str) -> tuple[Backup, ...]:
    """The proven ones that the dashboard took, newest first."""
    return tuple(
        Backup.objects.filter(
            project=project, environment=environment, method=Backup.Method.DUMP, state=Backup.State.PROVEN
        ).order_by("-taken_at")
    )


def _find_backup(project: Project, environment: Environment, requested: Sequence[str]) -> Backup:
    if len(requested) != 1 or not (requested[0].isascii() and requested[0].isdecimal() and len(requested[0]) < 19):
        raise PlanRefused("A restore goes back to one backup: give its number.")
    backup = Backup.objects.filter(
        pk=int(requested[0]), project=project.name, environment=environment.name
    ).first()  # fmt: skip
    if backup is None:
        raise PlanRefused(f"{environment.name} has no backup {requested[0]}. Its page lists those that it has.")
    if backup.method != Backup.Method.DUMP:
        raise PlanRefused(f"The dashboard did not take backup {backup.pk}, so it cannot restore it.")
    if backup.state != Backup.State.PROVEN:
        raise PlanRefused(f"Backup {backup.pk} is {backup.state}. Choose another one.")
    return backup
