"""A restore plan in words: what would be lost, what comes along and what does not, and whether a downgrade would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from dashboard.database_target import Dialect
from dashboard.models import Backup, Plan
from dashboard.revisions.plan import Direction
from dashboard.sources.configuration import Environment, NotConfigured
from dashboard.usecases.catalogue import resolve
from dashboard.usecases.compose_plan import PlanRefused, compose_plan
from dashboard.usecases.compose_restore import backup_of
from dashboard.usecases.read_status import EnvironmentStatus, ProjectStatus, reading_of
from dashboard.usecases.survey_restore import CARRIED, ENDED, LEFT
from dashboard.views.moments import say_age

LISTED = 200
"""Tables that differ; more are counted."""

_SWAPS: dict[Dialect, str] = {
    Dialect.POSTGRESQL: "At the swap every other session is ended, and the restored database takes the database's name.",
    Dialect.SQLITE: "At the swap the database's file is renamed, and the restored file takes its name. No process may have "
    "the file open then. The run ends no process: it waits a few seconds, and if one still has the file open it changes "
    "nothing.",
}


@dataclass(frozen=True, slots=True)
class TableView:
    """A table that is not in the database as it is in the backup."""

    name: str
    now: str
    backup: str
    lost: str


@dataclass(frozen=True, slots=True)
class RestoreView:
    """`alternative`: the target of a downgrade that would lead to the backup's revision; empty: `why_no_alternative`."""

    backup: Backup | None
    swap: str
    """How it takes the database's place; empty: no connection is configured that tells."""
    tables: tuple[TableView, ...]
    more: int
    carried: tuple[str, ...]
    left: tuple[str, ...]
    ended: tuple[str, ...]
    alternative: str
    why_no_alternative: str


def view_restore(plan: Plan, project: ProjectStatus, status: EnvironmentStatus) -> RestoreView | None:
    """None for other plans."""
    if plan.direction != Direction.RESTORE:
        return None
    alternative, why_not = _find_alternative(plan, project, status)
    return RestoreView(
        backup=backup_of(plan),
        swap=_say_swap(status.environment),
        tables=tuple(_view_table(row) for row in plan.row_counts[:LISTED]),
        more=max(0, len(plan.row_counts) - LISTED),
        carried=_told(plan, CARRIED),
        left=_told(plan, LEFT),
        ended=_told(plan, ENDED),
        alternative=alternative,
        why_no_alternative=why_not,
    )


def say_backup(backup: Backup) -> str:
    """`3 h ago, at r2`"""
    age = say_age(backup.taken_at, timezone.now()) if backup.taken_at else "at an unknown time"
    return f"{age}, at {', '.join(backup.rows) or 'no revision'}"


def _say_swap(environment: Environment) -> str:
    try:
        return _SWAPS[resolve(environment).target.dialect]
    except NotConfigured:
        return ""


def _told(plan: Plan, kind: str) -> tuple[str, ...]:
    return tuple(caution["text"] for caution in plan.cautions if caution.get("kind") == kind)


def _view_table(row: dict[str, Any]) -> TableView:
    now, then = row["rows"], row["backup_rows"]
    if then is None:
        lost = "the whole table: the backup has none"
    elif now is None:
        lost = "nothing: the backup brings the table back"
    elif now > then:
        lost = f"{now - then:,} more rows than in the backup, and whatever was changed"
    else:
        lost = "what was changed or added since"
    return TableView(row["name"].replace('"', ""), _rows(now), _rows(then), lost)


def _rows(number: int | None) -> str:
    return "not there" if number is None else f"{number:,} row{'' if number == 1 else 's'}"


def _find_alternative(plan: Plan, project: ProjectStatus, status: EnvironmentStatus) -> tuple[str, str]:
    """A downgrade that ends where the backup stands keeps what was written meanwhile in tables that stay."""
    rows = plan.result
    if sorted(rows) == sorted(plan.current):
        return "", "The backup holds the same revision, so there is nothing to downgrade."
    if Direction.DOWNGRADE not in status.environment.allow:
        return "", f"{status.environment.name} does not allow downgrades."
    reading = reading_of(status.observation)
    if reading is None or len(rows) > 1:
        return "", "A downgrade goes to one revision; the backup holds several."
    target = rows[0] if rows else "base"
    try:
        found = compose_plan(
            project=project.project, environment=status.environment, reading=reading,
            direction=Direction.DOWNGRADE, requested=(target,), history=project.history,
        )  # fmt: skip
    except PlanRefused as refusal:
        return "", str(refusal)
    if not found.steps or sorted(found.result) != sorted(rows):
        return "", "No downgrade leads to the backup's revision."
    return target, ""
