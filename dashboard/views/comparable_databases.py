"""Whose database the models of the work tree can be compared with, and why the others cannot serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.revisions.status import State
from dashboard.usecases.read_status import EnvironmentStatus
from dashboard.views.badges import Badge, badge_of_status


@dataclass(frozen=True, slots=True)
class ComparableDatabase:
    """One environment of the form. `why_not`: a sentence; empty: it can be chosen. `is_chosen`: of one that can."""

    name: str
    badge: Badge
    why_not: str
    is_chosen: bool


def list_databases(environments: Sequence[EnvironmentStatus], asked: str) -> tuple[ComparableDatabase, ...]:
    """In their order. Chosen is the one asked for, else the first that can serve; by the latest observation."""
    reasons = {e.environment.name: _say_why_not(e) for e in environments}
    able = [name for name, why_not in reasons.items() if not why_not]
    chosen = asked if asked in able else next(iter(able), "")
    return tuple(
        ComparableDatabase(name, badge_of_status(e.status), reasons[name], name == chosen)
        for e in environments
        if (name := e.environment.name)
    )


def _say_why_not(environment: EnvironmentStatus) -> str:
    """Alembic compares with a database at the head alone."""
    if environment.active_run is not None:
        return f"Run {environment.active_run.pk} is on it. Wait until it has settled."
    status = environment.status
    if status.state is State.CURRENT:
        return ""
    if status.state in {State.PENDING, State.UNVERSIONED}:
        return "What is pending there would be written once more. Upgrade it first." if status.pending else ""
    if status.state is State.UNOBSERVED:
        return "It has not been read yet. Read it first."
    if status.state is State.FOREIGN_REVISION:
        return "It holds a revision that the work tree lacks. Bring that here first."
    return "It cannot be told what it holds. Mend that first."
